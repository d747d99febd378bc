# SPDX-License-Identifier: Apache-2.0
"""Routes of plugins: plain HTTP where an operation does not fit, such as webhooks, downloads and logins.

A handler gets what was asked as a value and returns what to answer as one. It runs where the plugin's hooks run, with a
deadline and counters of its own. An error that it raises on purpose is an answer too, not a fault.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl

from podium.core.errors import PodiumError
from podium.core.identity.caller import ANONYMOUS, Caller
from podium.core.operations.routes import Route
from podium.core.plugins.context import PluginContext
from podium.core.plugins.contracts import Contract, Declaration
from podium.core.plugins.errors import PluginError
from podium.core.plugins.home import Call

DEADLINE = 10.0
"""Seconds in which a handler has to answer."""
PARAMETERS = ("context", "request")
RESERVED = "static"
"""First segment of the paths at which a plugin's files are served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """What was asked of a route.

    `path` begins after `/plugins/<name>`, `fields` are its parts in braces. `query` has the first value of each name,
    `query_string` all of it as sent. Names of `headers` are in lower case; `authorization` and `cookie` are not among
    them: `caller` says who asks, anonymous without a credential.
    """

    method: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    caller: Caller = ANONYMOUS

    def form(self) -> dict[str, str]:
        """The body as a form sends it (`application/x-www-form-urlencoded`), the first value of each name.

        Raises PodiumError `form_invalid`.
        """
        try:
            pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=1000)
        except ValueError:
            raise PodiumError("form_invalid", "the body has to be a form in UTF-8") from None
        return dict(reversed(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """What to answer; text is sent as UTF-8. Raises ValueError for what cannot be sent."""

    body: bytes | str = b""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"a status is a number from 200 to 599, not {self.status}")
        for text in (self.content_type, *self.headers, *self.headers.values()):
            if not text.isascii() or not text.isprintable():
                raise ValueError(f"a header is printable ASCII in one line, not {text!r:.80}")


Handler = Callable[[PluginContext, WebRequest], Awaitable[WebResponse]]


class PluginRoute(NamedTuple):
    """A route with its handler."""

    route: Route
    handler: Handler

    @property
    def name(self) -> str:
        """`GET /sheet/{session_id}`"""
        return f"{self.route.method} {self.route.path}"

    @property
    def counter(self) -> str:
        """What it is called among the plugin's counters and in logs."""
        return f"route {self.name}"

    def call(self, context: PluginContext, request: WebRequest) -> Call:
        """The handler as something that the plugin's home calls."""
        returns = WebResponse | PodiumError
        declaration = Declaration(self.counter, Contract.COLLECT, DEADLINE, returns, PARAMETERS, self._answer)
        return Call(declaration, self._answer, {"context": context, "request": request})

    async def _answer(self, context: PluginContext, request: WebRequest) -> WebResponse | PodiumError:
        try:
            return await self.handler(context, request)
        except PodiumError as error:
            return error


def declared_route(method: str, path: str, handler: Handler) -> PluginRoute:
    """What `@plugin.route` keeps. Raises PluginError `route_invalid`."""
    place = f"route {method} {path}"
    try:
        route = Route.parse(f"{method} {path}")
    except ValueError as error:
        raise PluginError("route_invalid", f"{place}: {error}") from error
    if route.segments[0] == RESERVED:
        raise PluginError("route_invalid", f"{place}: /{RESERVED} is where files of plugins are served")
    if not inspect.iscoroutinefunction(handler) or tuple(inspect.signature(handler).parameters) != PARAMETERS:
        raise PluginError("route_invalid", f"{place}: the handler is an `async def` function of (context, request)")
    return PluginRoute(route, handler)
