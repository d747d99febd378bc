# SPDX-License-Identifier: Apache-2.0
"""One participant as its host holds it: what it may ask for, and the events it is told.

Events wait in a bounded buffer. Who does not read them is dropped from the room rather than waited for, and still
reads why: `Left` has a place of its own.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast, final

import msgspec
import trio

from podium.core.events import AnyEvent, ClientConfiguration, Event, Joined, Left, TrackKind, TrackSource
from podium.core.media.connection import Connection, ConnectionStatistics
from podium.core.media.sdp import parse_offer
from podium.core.rooms.identity import RoomError
from podium.core.rooms.wishes import Shown

if TYPE_CHECKING:
    from podium.core.rooms.live import LiveRoom

EVENT_BUFFER = 256


class NegotiatedSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of the participant, named by the MID of its section."""

    mid: str
    kind: TrackKind


class Negotiated(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an offer, and all slots that there are now."""

    sdp: str
    slots: tuple[NegotiatedSlot, ...]


@final
class LocalParticipant:
    """A participant whose host is in this process, made by `Rooms.join`. Once it has left, requests raise RoomError."""

    def __init__(
        self,
        room: "LiveRoom",
        participant_id: str,
        display_name: str,
        role: str,
        configuration: ClientConfiguration,
    ) -> None:
        self.id = participant_id
        self.display_name = display_name
        self.role = role
        """At this moment; `Rooms.set_role` changes it."""
        self.configuration = configuration
        """What its browser is told to connect with."""
        self.came_as = role
        """The role they came with; `role` is what plugins and the room have made of it."""
        self.left_reason: str | None = None
        self.connection: Connection | None = None
        self._room = room
        self._send: trio.MemorySendChannel[AnyEvent]
        self.events: trio.MemoryReceiveChannel[AnyEvent]
        self._send, self.events = trio.open_memory_channel[AnyEvent](EVENT_BUFFER + 1)

    @property
    def session_id(self) -> str:
        return self._room.id

    def snapshot(self) -> Joined:
        """The room as it is at this moment; events that come later are newer."""
        self._check_present()
        return self._room.snapshot(self)

    async def negotiate(self, sdp: str, sources: Mapping[str, str] | None = None) -> Negotiated:
        """Answer an offer. `sources` says by MID what each sending section is: microphone, camera or screen.

        Raises NegotiationError, SourceError or RoomError; the connection then stays as it was.
        """
        await trio.lowlevel.checkpoint()
        self._check_present()
        return self._room.negotiate(self, parse_offer(sdp), sources or {})

    def add_candidate(self, candidate: str) -> None:
        """Accepted and not needed: an ICE-lite server learns the browser's addresses from its checks."""

    def show(self, shown: Sequence[Shown]) -> None:
        """Choose what the named video slots show, from now on. Raises RoomError and then has changed nothing."""
        self._check_present()
        self._room.show(self, shown)

    def set_muted(self, source: TrackSource, muted: bool) -> None:
        """Mute or unmute oneself; others are told."""
        self._check_present()
        self._room.set_muted(self, source, muted)

    def set_blocked(self, source: TrackSource, blocked: bool) -> None:
        """Forward nothing of one source, whatever its owner wants, until unblocked."""
        self._check_present()
        self._room.set_blocked(self.id, source, blocked)

    def leave(self, reason: str = "left") -> None:
        """End this presence; calling it again does nothing."""
        if self.left_reason is None:
            self._room.leave(self, reason)

    def statistics(self) -> ConnectionStatistics | None:
        """State of the media connection; None before the first offer."""
        return self.connection.statistics() if self.connection is not None else None

    def tell(self, event: Event) -> bool:
        """Buffer an event; False when the reader is too far behind. `Left` always fits and ends the stream."""
        if self.left_reason is not None:
            return True
        if isinstance(event, Left):
            self.left_reason = event.reason
            self._deliver(event)
            self._send.close()
            return True
        if self._send.statistics().current_buffer_used >= EVENT_BUFFER:
            return False
        self._deliver(event)
        return True

    def _deliver(self, event: Event) -> None:
        with suppress(trio.BrokenResourceError):  # the host closed its end and is about to leave
            self._send.send_nowait(cast(AnyEvent, event))  # or an event that a plugin declares

    def _check_present(self) -> None:
        if self.left_reason is not None:
            raise RoomError("left", f"this participant is no longer in the room: {self.left_reason}")
