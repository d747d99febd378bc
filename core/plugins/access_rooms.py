# SPDX-License-Identifier: Apache-2.0
"""The rooms as plugins see them: who is in them, what is told to them, who is silent in them.

Everything here is done in the plugin's name: what it has blocked flows again when it stops.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, final

from podium.core.events import Event, ParticipantInfo, TrackKind, TrackSource
from podium.core.media.tap import MediaTap
from podium.core.plugins.plugin_events import NO_EVENTS, PluginEvent, audience_of
from podium.core.rooms.messages import Keep, Message
from podium.core.rooms.observer import ParticipantView, RoomView
from podium.core.rooms.presence import LocalParticipant


class RoomsService(Protocol):
    """What plugins may ask of the rooms; podium.core's Rooms fits."""

    @property
    def local_address(self) -> str: ...
    def views(self) -> tuple[RoomView, ...]: ...
    def participants(self, session_id: str) -> tuple[ParticipantInfo, ...]: ...
    def present(self, session_id: str) -> tuple[ParticipantView, ...]: ...
    def tell(
        self,
        session_id: str,
        event: Event,
        participant_id: str | None = None,
        *,
        roles: Collection[str] | None = None,
    ) -> None: ...
    def remove(self, session_id: str, participant_id: str, reason: str) -> None: ...
    def set_blocked(
        self, session_id: str, participant_id: str, source: TrackSource, blocked: bool, *, owner: str
    ) -> None: ...
    def lift_blocks(self, owner: str) -> None: ...
    def set_role(self, session_id: str, participant_id: str, role: str) -> None: ...
    def close_room(self, session_id: str, reason: str) -> None: ...
    def end_session(self, session_id: str, reason: str) -> None: ...
    def waiting(self, session_id: str) -> tuple[ParticipantView, ...]: ...
    def admit(self, session_id: str, participant_id: str) -> bool: ...
    def turn_away(self, session_id: str, participant_id: str, message: str, *, code: str) -> bool: ...
    def reconsider(self, session_id: str) -> None: ...
    async def send_message(self, message: Message, keep: Keep | None = None) -> None: ...
    async def join(
        self, session_id: str, participant_id: str | None, display_name: str, role: str
    ) -> LocalParticipant: ...
    def open_tap(
        self,
        session_id: str,
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None,
        layer: int | None,
        capacity: int,
    ) -> MediaTap: ...


@final
class RoomsAccess:
    """The rooms in the name of one plugin. Calls return at once, but `send_message`; unknown names raise RoomError."""

    def __init__(
        self, plugin: str, rooms: Callable[[], RoomsService], events: Mapping[str, PluginEvent] = NO_EVENTS
    ) -> None:
        self._plugin = plugin
        self._rooms = rooms
        self._events = events
        self._has_blocked = False

    def list(self) -> tuple[RoomView, ...]:
        """All open rooms."""
        return self._rooms().views()

    def participants(self, session_id: str) -> Sequence[ParticipantInfo]:
        """Who is in a room, in the order in which they joined."""
        return self._rooms().participants(session_id)

    def present(self, session_id: str) -> Sequence[ParticipantView]:
        """The same people as hooks are told of them, without their tracks."""
        return self._rooms().present(session_id)

    def send(self, session_id: str, event: Event, *, participant_id: str | None = None) -> None:
        """Tell an event to one participant's browser, or to everybody's in the room whose role it is for.

        Raises PluginError `event_undeclared` unless the event is the core's or declared by `@plugin.event`, and
        RoomError `event_forbidden` when it is not for the role of that participant.
        """
        rooms, roles = self._rooms(), audience_of(event, self._events)
        rooms.tell(session_id, event, participant_id, roles=roles)

    async def send_message(self, message: Message, *, keep: Keep | None = None) -> None:
        """Bring a message to those it is for, as event `MessageReceived`, if no plugin refuses it (`message_sending`).

        `keep`, an async function, is called with it when none has, and awaited before anybody is told; what it raises
        comes through, and nobody is told. So a plugin can write down exactly what people read.

        Raises RoomError: `room_unknown`, `participant_unknown`, `text_invalid`, `id_invalid`, `time_invalid`, or the
        code of a plugin's veto.
        """
        await self._rooms().send_message(message, keep)

    def remove(self, session_id: str, participant_id: str, *, reason: str = "removed") -> None:
        """Send somebody away; `reason` is told to all."""
        self._rooms().remove(session_id, participant_id, reason)

    def set_blocked(self, session_id: str, participant_id: str, source: TrackSource, blocked: bool) -> None:
        """Forward nothing of somebody's microphone, camera or screen, or lift this plugin's own block of it.

        A source flows when nobody blocks it. The block counts whether or not the participant is there and the room
        open, so `participant_joining` can set it before anything flows. It ends when the room closes or the plugin
        stops. Browsers are told by `TrackBlocked`, who comes later reads it in `Joined`. Raises RoomError `id_invalid`
        or `source_invalid`.
        """
        rooms = self._rooms()
        self._has_blocked |= blocked
        rooms.set_blocked(session_id, participant_id, source, blocked, owner=self._plugin)

    def set_role(self, session_id: str, participant_id: str, role: str) -> None:
        """Give somebody who is there another role, for as long as they stay; does nothing when it is theirs.

        Browsers are told by `RoleChanged`, plugins by the hook `role_changed`. In what role they come back says the
        hook `participant_role`. Raises RoomError `room_unknown`, `participant_unknown` or `role_invalid`.
        """
        self._rooms().set_role(session_id, participant_id, role)

    def reconsider(self, session_id: str) -> None:
        """Ask the hooks `track_audience` and `track_priority` anew, because their answers have changed."""
        self._rooms().reconsider(session_id)

    def close(self, session_id: str, *, reason: str = "room_closed") -> None:
        """Send everybody away, who waits as well, and close the room; who comes later opens a new one, if they may."""
        self._rooms().close_room(session_id, reason)

    def end_session(self, session_id: str, *, reason: str = "ended") -> None:
        """Say that a session is over for good: its room closes, if it is open, and `session_ended` is told.

        For the plugin that owns the session. Raises RoomError `id_invalid`.
        """
        self._rooms().end_session(session_id, reason)

    def waiting(self, session_id: str) -> tuple[ParticipantView, ...]:
        """Who waits outside because a plugin answered `Wait`, in the order of coming; the room need not be open."""
        return self._rooms().waiting(session_id)

    def admit(self, session_id: str, participant_id: str) -> bool:
        """Have `participant_joining` asked anew for somebody who waits; False when nobody of that id does.

        Whoever answered `Wait` has to answer otherwise then, else they go on waiting. Another plugin may still refuse.
        """
        return self._rooms().admit(session_id, participant_id)

    def turn_away(self, session_id: str, participant_id: str, message: str, *, code: str = "refused") -> bool:
        """Refuse somebody who waits; False when nobody of that id does. Their browser is told message and code."""
        return self._rooms().turn_away(session_id, participant_id, message, code=code)

    def release(self) -> None:
        """The plugin stops: undo what it has blocked."""
        if self._has_blocked:
            self._rooms().lift_blocks(self._plugin)
