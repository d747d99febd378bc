# SPDX-License-Identifier: Apache-2.0
"""What a plugin is given: its name, settings, log and database, and narrow views of everything else.

A context belongs to one plugin while it is enabled. Whoever keeps it longer finds that it refuses.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, final

import structlog

from podium.core.events import Event, ParticipantInfo
from podium.core.plugins.errors import PluginError
from podium.core.plugins.plugin_events import PluginEvent, audience_of
from podium.core.rooms.observer import RoomView
from podium.core.sessions import SessionChange, SessionsAccess, SessionView, Tell

if TYPE_CHECKING:
    from podium.core.plugins.offering import OperationsAccess

_NO_EVENTS: Mapping[str, PluginEvent] = MappingProxyType({})


class RoomsService(Protocol):
    """What plugins may ask of the rooms; podium.core's Rooms fits."""

    def views(self) -> tuple[RoomView, ...]: ...
    def participants(self, session_id: str) -> tuple[ParticipantInfo, ...]: ...
    def tell(
        self,
        session_id: str,
        event: Event,
        participant_id: str | None = None,
        *,
        roles: Collection[str] | None = None,
    ) -> None: ...
    def remove(self, session_id: str, participant_id: str, reason: str) -> None: ...


class RoomsAccess:
    """The rooms as plugins see them. All calls return at once; unknown names raise RoomError."""

    def __init__(self, rooms: Callable[[], RoomsService], events: Mapping[str, PluginEvent] = _NO_EVENTS) -> None:
        self._rooms = rooms
        self._events = events

    def list(self) -> tuple[RoomView, ...]:
        """All open rooms."""
        return self._rooms().views()

    def participants(self, session_id: str) -> Sequence[ParticipantInfo]:
        """Who is in a room, in the order in which they joined."""
        return self._rooms().participants(session_id)

    def send(self, session_id: str, event: Event, *, participant_id: str | None = None) -> None:
        """Tell an event to one participant's browser, or to everybody's in the room whose role it is for.

        Raises PluginError `event_undeclared` unless the event is the core's or declared by `@plugin.event`, and
        RoomError `event_forbidden` when it is not for the role of that participant.
        """
        rooms, roles = self._rooms(), audience_of(event, self._events)
        rooms.tell(session_id, event, participant_id, roles=roles)

    def remove(self, session_id: str, participant_id: str, *, reason: str = "removed") -> None:
        """Send somebody away; `reason` is told to all."""
        self._rooms().remove(session_id, participant_id, reason)


@final
class PluginContext:
    """Made by the plugin manager, given to every hook, operation, task and command of one plugin."""

    def __init__(
        self,
        name: str,
        *,
        config: Any = None,
        database: Any = None,
        operations: Any = None,
        rooms: Callable[[], RoomsService],
        events: Mapping[str, PluginEvent] = _NO_EVENTS,
        emit: Callable[[str, Event], None],
        session_changed: Tell = lambda _session, _change: None,
    ) -> None:
        self.name = name
        self.config = config
        """The plugin's own settings, an instance of the class it declared; None when it declared none."""
        self.database = database
        """Its database, None when it declared no tables."""
        self.operations: OperationsAccess = operations
        """Calls operations, its own and others': `await context.operations.call(name, request)`; None in `on_start`."""
        self.log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"podium.plugins.{name}").bind(plugin=name)
        self.rooms = RoomsAccess(self._open(rooms), events)
        self.sessions = SessionsAccess(self._telling(session_changed))
        """For the plugin that keeps sessions; the others implement the hook `session_changed`."""
        self._emit = emit
        self._closed = False

    def emit(self, event: Event) -> None:
        """Tell every plugin that something happened (the hook `event_emitted`). Returns at once."""
        self._check_open()
        self._emit(self.name, event)

    def close(self) -> None:
        """The plugin has been disabled."""
        self._closed = True

    def _open(self, rooms: Callable[[], RoomsService]) -> Callable[[], RoomsService]:
        def checked() -> RoomsService:
            self._check_open()
            return rooms()

        return checked

    def _telling(
        self, tell: Callable[[SessionView, SessionChange], None]
    ) -> Callable[[SessionView, SessionChange], None]:
        def checked(session: SessionView, change: SessionChange) -> None:
            self._check_open()
            tell(session, change)

        return checked

    def _check_open(self) -> None:
        if self._closed:
            raise PluginError("plugin_stopped", f"plugin {self.name!r} is not running")
