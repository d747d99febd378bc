# SPDX-License-Identifier: Apache-2.0
"""The web host: rooms, plugins and what faces browsers together, and an orderly end.

Shutting down means cancelling `serve`: signaling peers are told first (1012, they come back by themselves), then
hypercorn stops, then the rooms end, then the plugins.
"""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import msgspec
import trio
from prometheus_client import ProcessCollector

from podium.core.config import Config
from podium.core.identity import new_key
from podium.core.metrics.host import HostCollector, OperationCollector, PluginCollector, WatchdogCollector
from podium.core.metrics.streams import StreamCollector
from podium.core.operations import Services, open_services
from podium.core.plugins.administration import offer_administration
from podium.core.plugins.checkup import Checkup
from podium.core.plugins.login import PluginLogin
from podium.core.plugins.manager import Plugins, open_plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.panels import PanelOffer
from podium.core.plugins.plugin_events import EventOffer
from podium.core.plugins.standing import PluginStanding
from podium.core.plugins.storage import open_storage
from podium.core.plugins.watchdog import Watchdog, open_watchdog
from podium.core.rooms.rooms import Rooms, open_rooms
from podium.hosts.web.acceptor import accept
from podium.hosts.web.app import create_app, podium_version
from podium.hosts.web.asgi import Safeguards
from podium.hosts.web.connections import Connections
from podium.hosts.web.control import Control, control_file
from podium.hosts.web.entrance import Entrance
from podium.hosts.web.listening import hypercorn_config, listen, reachable_url
from podium.hosts.web.metrics import bind, serve_metrics
from podium.hosts.web.plugins import PluginPages

CONTROL = "control"
"""Name of the key in the control file, as it appears in logs."""


@dataclass(frozen=True)
class ServerInfo:
    """Where the host can be reached, and where its metrics are, if they are served."""

    url: str
    port: int
    metrics_url: str | None = None


async def serve(
    config: Config, *, dev: bool = False, task_status: trio.TaskStatus[ServerInfo] = trio.TASK_STATUS_IGNORED
) -> None:
    """Rooms and web host together, until cancelled. `dev` lets anybody who opens a link make the room.

    Raises OSError when an address cannot be bound, MetricsError when it is that of the metrics.
    """
    if dev:
        config = msgspec.structs.replace(config, rooms=msgspec.structs.replace(config.rooms, ad_hoc=True))
    key, entry = new_key(CONTROL, "administrator")
    auth = msgspec.structs.replace(config.auth, api_keys=(*config.auth.api_keys, entry))
    with ExitStack() as stack:
        listener = stack.enter_context(bind(config, dev=dev)) if config.metrics.enabled else None
        async with (
            open_storage(config.database.url) as prepare,
            open_watchdog() as watchdog,
            open_plugins(config, prepare=prepare, watchdog=watchdog) as plugins,
            open_rooms(config, plugins.hooks) as rooms,
            trio.open_nursery() as nursery,
        ):
            services = open_services(rooms, auth)
            connections, checkup = Connections(rooms, services), Checkup(plugins)
            pages = _attach(plugins, rooms, services)
            _collect(plugins, rooms, connections, services, watchdog)
            nursery.start_soon(checkup.run)
            await plugins.start(rooms)
            metrics_url = await nursery.start(serve_metrics, plugins.metrics, listener) if listener else None
            web = partial(serve_rooms, rooms, config.web.host, config.web.port, services, pages)
            info = await nursery.start(partial(web, connections=connections, checkup=checkup))
            control = Control(url=info.url, pid=os.getpid(), key=key, metrics_url=metrics_url)
            stack.enter_context(control_file(config.web.control_file, control))
            task_status.started(replace(info, metrics_url=metrics_url))


def _attach(plugins: Plugins, rooms: Rooms, services: Services) -> PluginPages:
    """Let everything that plugins bring come and go with them."""
    offer_administration(services.registry, plugins)
    services.identities.add(PluginLogin(plugins.hooks))
    services.identities.ask(PluginStanding(plugins.hooks))
    events = EventOffer()
    pages = PluginPages(plugins, services, events)
    plugins.before_start(pages.prepare)
    for watcher in (OperationOffer(services.dispatcher), events, pages, PanelOffer(services.registry, rooms)):
        plugins.watch(watcher)
    return pages


def _collect(plugins: Plugins, rooms: Rooms, connections: Connections, services: Services, watchdog: Watchdog) -> None:
    """Put what this host counts on its page of metrics."""

    def sockets() -> tuple[int, int]:
        statistics = connections.statistics()
        return statistics.open, statistics.refused

    plugins.metrics.add(HostCollector(rooms, sockets, podium_version()))
    plugins.metrics.add(StreamCollector(rooms))
    plugins.metrics.add(PluginCollector(plugins, plugins.metrics.errors))
    plugins.metrics.add(OperationCollector(services.dispatcher))
    plugins.metrics.add(WatchdogCollector(watchdog.statistics))
    plugins.metrics.add(ProcessCollector(registry=None))


async def serve_rooms(
    rooms: Entrance,
    host: str,
    port: int,
    services: Services | None = None,
    pages: PluginPages | None = None,
    *,
    connections: Connections | None = None,
    checkup: Checkup | None = None,
    task_status: trio.TaskStatus[ServerInfo] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The web host over rooms that are already open, until cancelled. Without `services`, the core's own.

    `pages` are those of plugins.
    """
    services = services or open_services(rooms)
    connections = connections or Connections(rooms, services)
    app = Safeguards(create_app(rooms, connections, services, pages, checkup))
    listener = listen(host, port)
    info = ServerInfo(url=reachable_url(host, listener.getsockname()[1]), port=listener.getsockname()[1])
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(_accept_shielded, app, listener, stop)
        task_status.started(info)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await connections.close()
            stop.set()


async def _accept_shielded(
    app: Safeguards, listener: socket.socket, stop: trio.Event, *, task_status: trio.TaskStatus[None]
) -> None:
    """Until `stop`, which comes after the cancellation: peers want to be told before their sockets go."""
    with trio.CancelScope(shield=True):
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        await accept(app, hypercorn_config(), listening, stop, task_status=task_status)
