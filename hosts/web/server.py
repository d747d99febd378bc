# SPDX-License-Identifier: Apache-2.0
"""The web host: the listening socket, hypercorn on trio behind it, and an orderly end.

The socket is made here because accepted connections inherit its TCP_USER_TIMEOUT: hypercorn shields its sends from
cancellation, so only the kernel can end one to a peer that does not read. Shutting down means cancelling `serve`:
signaling peers are told first (1012, they come back by themselves), then hypercorn stops, then the rooms end.
"""

import ipaddress
import logging
import socket
from dataclasses import dataclass

import msgspec
import trio
from hypercorn.config import Config as HypercornConfig

from podium.core.config import Config
from podium.core.operations import Services, open_services
from podium.core.plugins.administration import offer_administration
from podium.core.plugins.login import PluginLogin
from podium.core.plugins.manager import open_plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.panels import PanelOffer
from podium.core.plugins.plugin_events import EventOffer
from podium.core.plugins.storage import open_storage
from podium.core.rooms.rooms import open_rooms
from podium.hosts.web.acceptor import accept
from podium.hosts.web.app import create_app
from podium.hosts.web.asgi import Safeguards
from podium.hosts.web.connections import Connections
from podium.hosts.web.entrance import Entrance
from podium.hosts.web.plugins import PluginPages

UNREAD_TIMEOUT = 10.0
"""Seconds after which the kernel gives up a connection whose peer takes nothing."""
MAX_MESSAGE = 256 * 1024
BACKLOG = 512


@dataclass(frozen=True)
class ServerInfo:
    """Where the host can be reached."""

    url: str
    port: int


async def serve(
    config: Config, *, dev: bool = False, task_status: trio.TaskStatus[ServerInfo] = trio.TASK_STATUS_IGNORED
) -> None:
    """Rooms and web host together, until cancelled. `dev` lets anybody who opens a link make the room.

    Raises OSError when an address cannot be bound.
    """
    if dev:
        config = msgspec.structs.replace(config, rooms=msgspec.structs.replace(config.rooms, ad_hoc=True))
    async with (
        open_storage(config.database.url) as prepare,
        open_plugins(config, prepare=prepare) as plugins,
        open_rooms(config, plugins.hooks) as rooms,
    ):
        services = open_services(rooms, config.auth)
        offer_administration(services.registry, plugins)
        services.identities.add(PluginLogin(plugins.hooks))
        events = EventOffer()
        pages = PluginPages(plugins, services, events)
        plugins.before_start(pages.prepare)
        for watcher in (OperationOffer(services.dispatcher), events, pages, PanelOffer(services.registry, rooms)):
            plugins.watch(watcher)
        await plugins.start(rooms)
        await serve_rooms(rooms, config.web.host, config.web.port, services, pages, task_status=task_status)


async def serve_rooms(
    rooms: Entrance,
    host: str,
    port: int,
    services: Services | None = None,
    pages: PluginPages | None = None,
    *,
    task_status: trio.TaskStatus[ServerInfo] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The web host over rooms that are already open, until cancelled. Without `services`, the core's own.

    `pages` are those of plugins.
    """
    services = services or open_services(rooms)
    connections = Connections(rooms, services)
    app = Safeguards(create_app(rooms, connections, services, pages))
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


def hypercorn_config() -> HypercornConfig:
    config = HypercornConfig()
    config.errorlog = logging.getLogger("podium.hosts.web.hypercorn")
    config.errorlog.setLevel(logging.WARNING)
    config.include_server_header = False
    config.websocket_max_message_size = MAX_MESSAGE
    config.max_app_queue_size = 4
    config.graceful_timeout = 2.0
    return config


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `::` serves IPv4 as well."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(UNREAD_TIMEOUT * 1000))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def reachable_url(host: str, port: int) -> str:
    """A link for people; browsers give camera and microphone to `localhost`, but not to other plain addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified or address.is_loopback:
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"
