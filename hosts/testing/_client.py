# SPDX-License-Identifier: Apache-2.0
"""A program that talks to the host over HTTP, with a key or token or without.

Operations are called by their names; the routes are those of the host's own OpenAPI document, read anew for each call
because plugins come and go. http.client is enough for that, and knows of no proxy between a test and its host.
"""

import difflib
import http.client
import json as json_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, final
from urllib.parse import quote, urlencode, urlsplit

ANSWER_WITHIN = 90.0
"""Seconds; longer than any operation's deadline of the core's."""


class CallError(Exception):
    """An operation, a join or a route was refused, in the shape that errors have everywhere in Podium."""

    def __init__(self, code: str, message: str, field: str | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f" (field {field})" if field else ""))
        self.code = code
        self.message = message
        self.field = field
        self.status = status
        """The HTTP status; None when it was refused on the signaling socket."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        """The body, decoded. Raises ValueError when it is no JSON."""
        return json_module.loads(self.body)


class _Route(NamedTuple):
    method: str
    path: str


@final
class Client:
    """Made by `Host.client`."""

    def __init__(self, url: Callable[[], str], credential: str | None) -> None:
        self._url = url
        self.credential = credential
        """The API key or join token that is sent along, None for nobody's."""

    def call(self, operation: str, /, **fields: Any) -> Any:
        """The response of an operation, decoded. Raises CallError."""
        route = self._route(operation)
        others = dict(fields)
        path = "/".join(_filled(segment, others) for segment in route.path.split("/"))
        if route.method in ("GET", "DELETE"):
            query = urlencode({name: _as_text(value) for name, value in others.items()}, doseq=True)
            response = self.request(route.method, f"{path}?{query}" if query else path)
        else:
            response = self.request(route.method, path, json=others)
        if response.status != HTTPStatus.OK:
            raise _error(response)
        return response.json()

    def get(self, path: str) -> Response:
        """GET a page, a file or a plugin's route."""
        return self.request("GET", path)

    def post(self, path: str, body: bytes | str = b"", *, json: Any = None) -> Response:
        """POST bytes or text, or a value as JSON."""
        return self.request("POST", path, body, json=json)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Any request. The answer is returned whatever its status is."""
        sent = {"Connection": "close", **(headers or {})}
        if self.credential is not None:
            sent.setdefault("Authorization", f"Bearer {self.credential}")
        if json is not None:
            body = json_module.dumps(json)
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(urlsplit(self._url()).netloc, timeout=ANSWER_WITHIN)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, names, response.read())
        finally:
            connection.close()

    def _route(self, operation: str) -> _Route:
        paths: dict[str, dict[str, Any]] = self.get("/api/openapi.json").json()["paths"]
        known = {
            entry["operationId"]: _Route(method.upper(), path)
            for path, methods in paths.items()
            for method, entry in methods.items()
        }
        if operation not in known:
            close = difflib.get_close_matches(operation, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
            raise CallError("operation_unknown", f"the host offers no operation {operation!r}; {hint}")
        return known[operation]


def _filled(segment: str, fields: dict[str, Any]) -> str:
    """A segment of a route's path; what stands in braces is taken out of `fields`."""
    if not segment.startswith("{"):
        return segment
    name = segment[1:-1]
    if name not in fields:
        raise CallError("field_missing", f"the operation needs a field {name!r}, which stands in its path", name)
    return quote(str(fields.pop(name)), safe="")


def _as_text(value: Any) -> Any:
    """As a query has it: `true`, and lists as the same name several times."""
    if isinstance(value, (list, tuple)):
        return [_as_text(each) for each in value]
    return json_module.dumps(value) if isinstance(value, bool) else value


def _error(response: Response) -> CallError:
    try:
        told = response.json()
        return CallError(told["code"], told["message"], told.get("field"), response.status)
    except (ValueError, KeyError, TypeError):
        return CallError("no_answer", f"status {response.status}: {response.text[:500]}", status=response.status)
