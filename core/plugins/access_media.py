# SPDX-License-Identifier: Apache-2.0
"""Media for plugins: taps that copy what somebody publishes, and bots that are participants themselves.

A plugin keeps none of it beyond its own end: when it stops or fails, its taps close and its bots leave.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast, final

from podium.core.events import TrackKind, TrackSource
from podium.core.media.tap import MediaTap
from podium.core.plugins.access_rooms import RoomsService

if TYPE_CHECKING:
    from podium.core.bots.bot import Bot
    from podium.core.rooms.rooms import Rooms


@final
class MediaAccess:
    """Taps and bots in the name of one plugin. For the trio thread."""

    def __init__(self, rooms: Callable[[], RoomsService]) -> None:
        self._rooms = rooms
        self._taps: list[MediaTap] = []
        self._bots: set[Bot] = set()

    def open_tap(
        self,
        session_id: str,
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None = None,
        layer: int | None = None,
        capacity: int = 1 << 20,
    ) -> MediaTap:
        """Copy what a participant publishes, from now on, into a ring of `capacity` bytes (a power of two).

        `kind` matters for a screen with sound; None means video where there is any. `layer` counts from 0, the
        smallest; None means the largest that flows at this moment. Returns at once. Raises RoomError: `room_unknown`,
        `participant_unknown`, `track_unknown`, `layer_unknown`, `capacity_invalid`, `taps_exhausted`.
        """
        self._taps = [tap for tap in self._taps if not tap.closed]
        tap = self._rooms().open_tap(session_id, participant_id, source, kind=kind, layer=layer, capacity=capacity)
        self._taps.append(tap)
        return tap

    @asynccontextmanager
    async def open_bot(self, session_id: str, display_name: str, **options: Any) -> AsyncIterator["Bot"]:
        """A participant inside the server, connected; it leaves at the end of the block. Options: see `open_bot`.

        It joins as anybody does: other plugins are asked and told. Raises RoomError when it is not let in, BotError.
        """
        from podium.core.bots.bot import open_bot  # aiortc takes a second to import

        async with open_bot(cast("Rooms", self._rooms()), session_id, display_name, **options) as bot:
            self._bots.add(bot)
            try:
                yield bot
            finally:
                self._bots.discard(bot)

    def release(self) -> None:
        """The plugin stops: close what it has open."""
        for tap in self._taps:
            tap.close()
        for bot in list(self._bots):
            bot.participant.leave("plugin_stopped")
