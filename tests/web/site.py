# SPDX-License-Identifier: Apache-2.0
"""A web host with plugins over stand-in rooms, on a free port, and a client for it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import trio

from podium.core import Plugin
from podium.core.config import AuthConfig
from podium.core.operations import Services, open_services
from podium.core.plugins.administration import offer_administration
from podium.core.plugins.login import PluginLogin
from podium.core.plugins.manager import Plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.plugin_events import EventOffer
from podium.hosts.web.plugins import PluginPages
from podium.hosts.web.server import ServerInfo, serve_rooms
from tests.plugins.stand_ins import running
from tests.web.conftest import SERVICE, FakeRooms


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def code(self) -> str:
        """Of an error in the one shape."""
        content = json.loads(self.body)
        assert set(content) == {"code", "message", "field"}
        return str(content["code"])


class Listener:
    """A host to ask."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def ask(self, route: str, body: bytes | None = None, **headers: str) -> Answer:
        method, _, path = route.partition(" ")

        def request() -> Answer:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request(method, path, body, {key.replace("_", "-"): text for key, text in headers.items()})
                response = connection.getresponse()
                return Answer(response.status, response.headers, response.read())
            finally:
                connection.close()

        return await trio.to_thread.run_sync(request, abandon_on_cancel=True)


class Site(Listener):
    """A web host with plugins."""

    def __init__(self, port: int, plugins: Plugins, services: Services) -> None:
        super().__init__(port)
        self.plugins = plugins
        self.services = services


@asynccontextmanager
async def open_site(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[Site]:
    rooms = FakeRooms()
    services = open_services(rooms, AuthConfig(api_keys=(SERVICE.entry,)))

    async def serve(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
        await serve_rooms(rooms, "127.0.0.1", 0, services, pages, task_status=task_status)

    async with running(tmp_path, *plugins, text="") as manager:
        services.identities.add(PluginLogin(manager.hooks))
        offer_administration(services.registry, manager)
        pages = PluginPages(manager, services, EventOffer())
        manager.before_start(pages.prepare)
        for watcher in (OperationOffer(services.dispatcher), pages.events, pages):
            manager.watch(watcher)
        for plugin in plugins:
            await manager.enable(plugin.name)
        async with trio.open_nursery() as nursery:
            info = await nursery.start(serve)
            yield Site(info.port, manager, services)
            nursery.cancel_scope.cancel()
