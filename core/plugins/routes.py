# SPDX-License-Identifier: Apache-2.0
"""Routes of plugins: plain HTTP where an operation does not fit, such as webhooks, downloads and logins.

A handler gets what was asked as a value and returns what to answer as one. It runs where the plugin's hooks run, with a
deadline and counters of its own. An error that it raises on purpose is an answer too, not a fault. A file that it names
is sent after it has answered, as slowly as the client takes it.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
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
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
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
class WebFile:
    """Bytes that are read while they are sent, from wherever they are.

    `read(start, length)` is called in a thread and gives these bytes in pieces of any size, no fewer and no more.
    `version` is another one whenever the bytes are others; a client that has this version is not sent it again.
    """

    size: int
    version: str
    read: Callable[[int, int], Iterator[bytes]]
    modified: datetime | None = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"a file has no {self.size} bytes")
        if not self.version or any(not "!" <= letter <= "~" or letter == '"' for letter in self.version):
            raise ValueError(f"a version is printable ASCII without spaces and quotation marks, not {self.version!r}")
        if self.modified is not None and self.modified.tzinfo is None:
            raise ValueError("the time of modification has to have a time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """What to answer: a body, text as UTF-8, or a file. Raises ValueError for what cannot be sent.

    Clients get the whole file or the range they ask for, or are told that they have it already.
    """

    body: bytes | str = b""
    file: Path | WebFile | None = None
    status: int = 200
    content_type: str = ""
    """Unless given, plain text for a body and `application/octet-stream` for a file."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.content_type:
            object.__setattr__(self, "content_type", TEXT if self.file is None else BYTES)
        if not 200 <= self.status <= 599:
            raise ValueError(f"a status is a number from 200 to 599, not {self.status}")
        if self.file is not None and (self.body or self.status != HTTPStatus.OK):
            raise ValueError("a file is answered with status 200 and no other body")
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
