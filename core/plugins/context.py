# SPDX-License-Identifier: Apache-2.0
"""What a plugin is given: its name, settings, log and database, and narrow views of everything else.

A context belongs to one plugin while it is enabled. Whoever keeps it longer finds that it refuses.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import structlog

from podium.core.events import Event
from podium.core.metrics import PluginMetrics
from podium.core.plugins.access_media import MediaAccess
from podium.core.plugins.access_rooms import RoomsAccess, RoomsService
from podium.core.plugins.access_sessions import Ask, SessionsAccess, Tell
from podium.core.plugins.errors import PluginError
from podium.core.plugins.plugin_events import NO_EVENTS, PluginEvent
from podium.core.sessions import SessionChange, SessionView

if TYPE_CHECKING:
    from podium.core.plugins.offering import OperationsAccess


async def _no_sessions(_session_id: str) -> SessionView | None:
    return None


@final
class PluginContext:
    """Made by the plugin manager, given to every hook, operation, task and command of one plugin."""

    def __init__(
        self,
        name: str,
        *,
        config: Any = None,
        database: Any = None,
        directory: Path,
        operations: Any = None,
        rooms: Callable[[], RoomsService],
        events: Mapping[str, PluginEvent] = NO_EVENTS,
        metrics: PluginMetrics,
        emit: Callable[[str, Event], None],
        session_changed: Tell = lambda _session, _change: None,
        session_wanted: Ask = _no_sessions,
    ) -> None:
        self.name = name
        self.config = config
        """The plugin's own settings, an instance of the class it declared; None when it declared none."""
        self.database = database
        """Its database, None when it declared no tables."""
        self.directory = directory
        """The plugin's own folder for files, below `storage.directory`; not there until the plugin makes it."""
        self.operations: OperationsAccess = operations
        """Calls operations, its own and others': `await context.operations.call(name, request)`; None in `on_start`."""
        self.state: Any = None
        """The plugin's own: what `on_start` makes and hooks, tasks and operations use."""
        self.log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"podium.plugins.{name}").bind(plugin=name)
        self.metrics = metrics
        """Makes the metrics of the plugin, which appear on the host's page for as long as the plugin runs."""
        self.rooms = RoomsAccess(name, self._open(rooms), events)
        self.media = MediaAccess(self._open(rooms))
        self.sessions = SessionsAccess(self._telling(session_changed), self._asking(session_wanted))
        """What is known of scheduled classes; the plugin that keeps them tells here of changes."""
        self._emit = emit
        self._closed = False

    def emit(self, event: Event) -> None:
        """Tell every plugin that something happened (the hook `event_emitted`). Returns at once."""
        self._check_open()
        self._emit(self.name, event)

    def close(self) -> None:
        """The plugin has stopped: nothing that it holds stays."""
        if not self._closed:
            self.media.release()
            self.rooms.release()
            self.metrics.close()
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

    def _asking(self, ask: Ask) -> Ask:
        async def checked(session_id: str) -> SessionView | None:
            self._check_open()
            return await ask(session_id)

        return checked

    def _check_open(self) -> None:
        if self._closed:
            raise PluginError("plugin_stopped", f"plugin {self.name!r} is not running")
