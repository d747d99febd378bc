# SPDX-License-Identifier: Apache-2.0
"""What plugins serve to browsers, below `/plugins/<name>`: their files and their routes, while they run.

Handlers of routes run where the plugin's hooks run; nobody waits for one longer than its deadline, and one whose plugin
is disabled ends with 503. A file that it named is sent afterwards, for as long as that takes.
No cookie reaches a handler and none is set: who asks is known by `Authorization: Bearer` alone, so no foreign page can
act in somebody's name.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import final

import trio
from quart import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from podium.core.errors import PodiumError
from podium.core.operations import OperationError, Services
from podium.core.operations.routes import METHODS
from podium.core.plugins.context import PluginContext
from podium.core.plugins.manager import Plugins
from podium.core.plugins.plugin import Plugin
from podium.core.plugins.plugin_events import EventOffer
from podium.core.plugins.routes import PluginRoute, WebRequest, WebResponse
from podium.hosts.web.assets import Assets
from podium.hosts.web.downloads import Downloads
from podium.hosts.web.plugin_files import FOLDER, read_files
from podium.hosts.web.rest import caller_untrusted, refusal

PREFIX = "/plugins"
MOST_AT_ONCE = 64
"""Requests to one plugin's routes that may be answered beside each other."""

WITHHELD = frozenset({"authorization", "cookie"})
RESPONSE_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-language",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "vary",
        "www-authenticate",
    }
)
"""What a handler may say besides the content type; the policy headers are the host's own."""
FILE_HEADERS = frozenset({"etag", "last-modified"})
"""Those of them that the host finds out itself for a file."""


@dataclass(slots=True)
class _Served:
    """What one running plugin serves, and the requests to it that are being answered."""

    plugin: Plugin
    assets: Assets
    running: set[trio.CancelScope] = field(default_factory=set)


@final
class PluginPages:
    """A PluginWatcher with the files and routes of what runs; `prepare` is awaited before a plugin starts."""

    def __init__(self, plugins: Plugins, services: Services, events: EventOffer) -> None:
        self.events = events
        self._plugins = plugins
        self._services = services
        self._assets: dict[str, Assets] = {}
        self._served: dict[str, _Served] = {}
        self._downloads = Downloads()

    async def prepare(self, plugin: Plugin) -> None:
        """Read the plugin's files. Raises PluginError `plugin_static`."""
        self._assets[plugin.name] = Assets(await trio.to_thread.run_sync(partial(read_files, plugin)))

    def plugin_started(self, plugin: Plugin, context: PluginContext) -> None:  # noqa: ARG002  # as all watchers
        self._served[plugin.name] = _Served(plugin, self._assets.pop(plugin.name))

    def plugin_stopped(self, name: str) -> None:
        if (served := self._served.pop(name, None)) is not None:
            for scope in served.running:
                scope.cancel()

    def file(self, name: str, path: str) -> Response:
        """A file of a plugin. Raises OperationError."""
        served = self._served.get(name)
        if served is None or path not in served.assets:
            raise _nothing(f"{name}/{FOLDER}/{path}")
        return served.assets.respond(path)

    async def answer_untrusted(self, name: str, path: str) -> Response:
        """What the route of a plugin answers to the request of the moment. Raises PodiumError or HTTPException."""
        served = self._served.get(name)
        matched = served and _match(served.plugin, "GET" if request.method == "HEAD" else request.method, path)
        if served is None or not matched:
            raise _nothing(f"{name}{path}")
        if len(served.running) >= MOST_AT_ONCE:
            what = f"plugin {name!r} is answering {MOST_AT_ONCE} requests already"
            raise OperationError("exhausted", "too_many_requests", what)
        route, fields = matched
        asked = WebRequest(
            method=request.method,
            path=path,
            fields=fields,
            query=request.args.to_dict(),
            query_string=request.query_string.decode("ascii", "replace"),
            headers={key.lower(): value for key, value in request.headers.items() if key.lower() not in WITHHELD},
            body=await request.get_data(True, as_text=False, parse_form_data=False),
            caller=await caller_untrusted(self._services),
        )
        with trio.CancelScope() as scope:
            served.running.add(scope)
            try:
                return await self._response(name, await self._ask(route, name, asked))
            finally:
                served.running.discard(scope)
        raise OperationError("unavailable", "plugin_stopped", f"plugin {name!r} is not running any more")

    async def _response(self, name: str, answer: WebResponse) -> Response:
        if answer.file is None:
            response = Response(answer.body, status=answer.status)
            response.headers["Cache-Control"] = "no-store"
            allowed = RESPONSE_HEADERS
        else:
            response = await self._downloads.respond(name, answer.file)
            allowed = RESPONSE_HEADERS - FILE_HEADERS
        response.content_type = answer.content_type
        for header, value in answer.headers.items():
            if header.lower() in allowed:
                response.headers[header] = value
        return response

    async def _ask(self, route: PluginRoute, name: str, asked: WebRequest) -> WebResponse:
        home = self._plugins.home(name)
        if home is None:
            raise OperationError("unavailable", "plugin_stopped", f"plugin {name!r} is not running")
        answer = await home.call(route.call(home.context, asked))
        if answer.timed_out:
            raise OperationError("timeout", "timeout", f"plugin {name!r} took too long to answer")
        if answer.failure is not None:
            raise OperationError("internal", "internal", f"plugin {name!r} failed to answer; the log says why")
        if isinstance(answer.value, PodiumError):
            raise answer.value
        response: WebResponse = answer.value
        return response


def plugin_pages(pages: PluginPages) -> Blueprint:
    """The routes below /plugins."""
    blueprint = Blueprint("plugins", __name__)

    @blueprint.get(f"{PREFIX}/<name>/{FOLDER}/<path:path>")
    async def static_file(name: str, path: str) -> Response:
        try:
            return pages.file(name, path)
        except PodiumError as error:
            return refusal(error)

    @blueprint.route(f"{PREFIX}/<name>/<path:path>", methods=METHODS)
    async def answer(name: str, path: str) -> Response:
        try:
            return await pages.answer_untrusted(name, f"/{path}")
        except PodiumError as error:
            return refusal(error)

    return blueprint


def _match(plugin: Plugin, method: str, path: str) -> tuple[PluginRoute, dict[str, str]] | None:
    """The handler for a path, a literal segment before a field. Raises MethodNotAllowed."""
    segments = tuple(path.split("/")[1:])
    found = [(each, fields) for each in plugin.routes.values() if (fields := each.route.match(segments)) is not None]
    fitting = [one for one in found if one[0].route.method == method]
    if found and not fitting:
        raise MethodNotAllowed(sorted({each.route.method for each, _ in found}))
    return min(fitting, key=lambda one: [part == "{}" for part in one[0].route.shape], default=None)


def _nothing(path: str) -> OperationError:
    return OperationError("not_found", "route_unknown", f"nothing is served at {PREFIX}/{path[:100]}")
