# SPDX-License-Identifier: Apache-2.0
"""A host with built-in plugins: real rooms on a real worker, a real database, the web server on a free port.

It is put together as podium.hosts.web.server.serve does, in the test's own event loop, so that a test has the objects
that a real host keeps to itself.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from podium.core.config import Config, load_config
from podium.core.identity import Caller
from podium.core.operations import Services, open_services
from podium.core.plugins.context import PluginContext
from podium.core.plugins.discovery import Installed
from podium.core.plugins.login import PluginLogin
from podium.core.plugins.manager import Plugins, open_plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.panels import PanelOffer
from podium.core.plugins.plugin_events import EventOffer
from podium.core.plugins.standing import PluginStanding
from podium.core.plugins.storage import open_storage
from podium.core.rooms.rooms import Rooms, open_rooms
from podium.hosts.web.plugins import PluginPages
from podium.hosts.web.server import serve_rooms

ADMINISTRATOR = Caller(role="administrator", subject="tests")
SETTINGS = Path(__file__).parent
"""`<plugin>/podium.toml` below has the settings without which a plugin does not start."""
COMMON = """
[media]
ports = "0"
workers = 1
announced_addresses = ["127.0.0.1"]

[rooms]
ad_hoc = true
"""


@dataclass(frozen=True)
class BuiltinHost:
    """A running host, with the objects that a real one keeps to itself."""

    config: Config
    plugins: Plugins
    rooms: Rooms
    services: Services
    pages: PluginPages
    panels: PanelOffer
    port: int
    """Of the web server on 127.0.0.1."""

    def context(self, name: str) -> PluginContext:
        """What the plugin of this name was given."""
        return self.plugins.running()[name]

    async def call(self, operation: str, caller: Caller = ADMINISTRATOR, **fields: Any) -> Any:
        """The response of an operation. Raises PodiumError."""
        return await self.services.dispatcher.call(operation, fields, caller)


@asynccontextmanager
async def running_host(
    folder: Path, database_url: str, found: Mapping[str, Installed], settings: Mapping[str, str] | None = None
) -> AsyncIterator[BuiltinHost]:
    """All of `found` enabled and running; `settings` are lines of the tables of plugins, by name."""
    config = load_config(_written(folder, database_url, found, settings or {}))
    async with (
        open_storage(config.database.url) as prepare,
        open_plugins(config, found=found, prepare=prepare) as plugins,
        open_rooms(config, plugins.hooks) as rooms,
        trio.open_nursery() as nursery,
    ):
        services = open_services(rooms, config.auth)
        services.identities.add(PluginLogin(plugins.hooks))
        services.identities.ask(PluginStanding(plugins.hooks))
        events, panels = EventOffer(), PanelOffer(services.registry, rooms)
        pages = PluginPages(plugins, services, events)
        plugins.before_start(pages.prepare)
        for watcher in (OperationOffer(services.dispatcher), events, pages, panels):
            plugins.watch(watcher)
        await plugins.start(rooms)
        faults = {each.name: each.last_error for each in plugins.reports() if each.last_error is not None}
        assert not faults, faults
        info = await nursery.start(serve_rooms, rooms, "127.0.0.1", 0, services, pages)
        yield BuiltinHost(config, plugins, rooms, services, pages, panels, info.port)
        nursery.cancel_scope.cancel()


def _written(folder: Path, database_url: str, names: Mapping[str, Any], settings: Mapping[str, str]) -> Path:
    tables = [COMMON, f'[database]\nurl = "{database_url}"\n']
    for name in names:
        own = SETTINGS / name / "podium.toml"
        text = own.read_text() if own.exists() else f"[plugins.{name}]\n"
        tables.append(f"{text}{settings.get(name, '')}\n")
    file = folder / "podium.toml"
    file.write_text("\n".join(tables))
    return file


def tasks_of(name: str) -> list[str]:
    """Tasks that run in a plugin's name, wherever they are."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    waiting, found = [root], []
    while waiting:
        task = waiting.pop()
        if task.name.startswith(f"{name}: "):
            found.append(task.name)
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return sorted(found)
