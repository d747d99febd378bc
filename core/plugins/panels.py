# SPDX-License-Identifier: Apache-2.0
"""Panels: what plugins show beside a class, an ES module each, for the roles that it is for.

The page asks `ListPanels` when it has joined and whenever the event `PanelsChanged` says that a plugin with panels has
started or stopped. So a panel is there exactly as long as its plugin runs.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol, final

import msgspec

from podium.core.events import Event, PanelsChanged
from podium.core.identity.caller import Caller
from podium.core.operations.builtin import OWNER, Request, SessionId
from podium.core.operations.declaration import declare
from podium.core.operations.registry import Registry
from podium.core.plugins.audience import checked_roles
from podium.core.plugins.errors import PluginError
from podium.core.rooms.identity import ROLES
from podium.core.rooms.observer import RoomView

if TYPE_CHECKING:
    from podium.core.plugins.context import PluginContext
    from podium.core.plugins.plugin import Plugin

LONGEST_TITLE = 40
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MODULE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.m?js")


class Panel(NamedTuple):
    """A panel as a plugin declares it; `module` is a file of its `static/`."""

    name: str
    title: str
    module: str
    roles: tuple[str, ...]
    eager: bool = False


def declared_panel(name: str, title: str, module: str, roles: Iterable[str], eager: bool) -> Panel:
    """What `plugin.panel` keeps. Raises PluginError `panel_invalid` or `roles_invalid`."""
    if not _NAME.fullmatch(name):
        what = "1 to 32 characters out of a-z, 0-9 and _, a letter first"
        raise PluginError("panel_invalid", f"{name!r} is no name of a panel: {what}")
    if not 1 <= len(title.strip()) <= LONGEST_TITLE or not title.isprintable():
        raise PluginError("panel_invalid", f"panel {name}: the title has 1 to {LONGEST_TITLE} printable characters")
    if not _MODULE.fullmatch(module):
        raise PluginError("panel_invalid", f"panel {name}: the module is a file in static/, such as panel.js")
    return Panel(name, title.strip(), module, checked_roles(roles, f"panel {name}"), eager)


class ListPanels(Request, frozen=True, kw_only=True):
    """In which session."""

    session_id: SessionId


class PanelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One panel that the caller may open."""

    plugin: str
    name: str
    title: str
    module: Annotated[str, msgspec.Meta(description="Path of an ES module on this host that exports `mount`.")]
    eager: Annotated[
        bool, msgspec.Meta(description="Imported as soon as it is listed; it may export `start` and lack `mount`.")
    ] = False


class PanelList(msgspec.Struct, frozen=True, kw_only=True):
    """The panels of the plugins that run, in the order of the plugins."""

    panels: tuple[PanelInfo, ...]


class Audience(Protocol):
    """What this asks of podium.core.rooms.Rooms."""

    def views(self) -> tuple[RoomView, ...]: ...
    def tell(self, session_id: str, event: Event) -> None: ...


@final
class PanelOffer:
    """A PluginWatcher that knows the panels of the plugins that run, and tells all rooms when they change."""

    def __init__(self, registry: Registry, rooms: Audience) -> None:
        self._rooms = rooms
        self._panels: dict[str, tuple[Panel, ...]] = {}
        registry.offer(OWNER, LIST_PANELS, self)

    def for_role(self, role: str) -> tuple[PanelInfo, ...]:
        return tuple(
            PanelInfo(
                plugin=plugin,
                name=panel.name,
                title=panel.title,
                module=f"/plugins/{plugin}/static/{panel.module}",
                eager=panel.eager,
            )
            for plugin, panels in self._panels.items()
            for panel in panels
            if role in panel.roles
        )

    def plugin_started(self, plugin: "Plugin", context: "PluginContext") -> None:  # noqa: ARG002  # as all watchers
        if plugin.panels:
            self._panels[plugin.name] = tuple(plugin.panels.values())
            self._tell()

    def plugin_stopped(self, name: str) -> None:
        if self._panels.pop(name, None):
            self._tell()

    def _tell(self) -> None:
        for room in self._rooms.views():
            self._rooms.tell(room.session_id, PanelsChanged())


async def list_panels(context: PanelOffer, caller: Caller, request: ListPanels) -> PanelList:  # noqa: ARG001
    """List the panels that the page of a room shows to the caller's role."""
    return PanelList(panels=context.for_role(caller.role))


LIST_PANELS = declare(list_panels, roles=ROLES, rest="GET /rooms/{session_id}/panels")
