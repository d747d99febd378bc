# SPDX-License-Identifier: Apache-2.0
"""Operations as REST: `/api` followed by an operation's route, one shape for every error.

The credential comes as `Authorization: Bearer`, a join token or an API key, never as a cookie, so a foreign page can
ask for nothing in somebody's name. Routes are looked up at every request, so an operation is served exactly as long as
it is on offer. `/api` shows all of them to people, `/api/openapi.json` to programs.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from quart import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from podium.core.errors import PodiumError
from podium.core.identity import ANONYMOUS, AuthenticationError, Caller
from podium.core.operations import Kind, Offered, OperationError, Services, kind_of
from podium.core.operations.routes import METHODS
from podium.core.operations.validation import from_text_untrusted
from podium.core.plugins.plugin_events import EventOffer
from podium.hosts.web.assets import Assets
from podium.hosts.web.openapi import CachedDocument

PREFIX = "/api"
JSON = "application/json"
LONGEST_CREDENTIAL = 8192

STATUS: dict[Kind, HTTPStatus] = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "conflict": HTTPStatus.CONFLICT,
    "exhausted": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused or has failed."""

    code: str
    message: str
    field: str | None = None


def rest_interface(services: Services, assets: Assets, version: str, events: EventOffer | None = None) -> Blueprint:
    """The routes below /api; the document lists the `events` of plugins too."""
    interface = Blueprint("api", __name__)
    document = CachedDocument(services.registry, version, events or EventOffer())

    @interface.get(PREFIX)
    async def page() -> Response:
        return assets.respond("api.html")

    @interface.get(f"{PREFIX}/openapi.json")
    async def openapi() -> Response:
        return Response(document.content(), content_type=JSON, headers={"Cache-Control": "no-cache"})

    @interface.route(f"{PREFIX}/<path:path>", methods=METHODS)
    async def operate(path: str) -> Response:
        try:
            return await _operate_untrusted(services, f"/{path}")
        except PodiumError as error:
            return refusal(error)

    return interface


def error_response(error: HTTPException) -> Response:
    """What werkzeug and Quart refuse, in our shape."""
    code = HTTPStatus(error.code or 500).name.lower()
    response = _json(ErrorBody(code=code, message=error.description or error.name), error.code or 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range"):
            response.headers[name] = value
    return response


async def _operate_untrusted(services: Services, path: str) -> Response:
    match = services.registry.match(request.method, path)
    if match.offered is None:
        return _no_route(path, match.methods)
    caller = await caller_untrusted(services)
    values = await _values_untrusted(match.offered, match.fields)
    return _json(await services.dispatcher.call(match.offered.operation.name, values, caller), HTTPStatus.OK)


async def caller_untrusted(services: Services) -> Caller:
    """Who makes the request of the moment. Raises AuthenticationError."""
    header = request.headers.get("Authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, credential = header.strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not 0 < len(credential) <= LONGEST_CREDENTIAL:
        raise AuthenticationError("credential_invalid", "Authorization is `Bearer` and a join token or an API key")
    return await services.identities.authenticate(credential)


async def _values_untrusted(offered: Offered, fields: dict[str, str]) -> object:
    """The fields of the request from the path and, as the method has it, from the query or the body."""
    operation = offered.operation
    values = {name: from_text_untrusted(name, [text], operation.request) for name, text in fields.items()}
    if operation.route.has_body:
        others = await _body_untrusted()
        if request.args:
            raise OperationError("invalid", "query_unexpected", f"{request.method} takes its fields as a JSON body")
    else:
        others = {name: from_text_untrusted(name, texts, operation.request) for name, texts in request.args.lists()}
    if not isinstance(others, dict):
        return others
    if twice := sorted(values.keys() & others.keys()):
        raise OperationError("invalid", "field_twice", f"{twice[0]} stands in the path already", twice[0])
    return others | values


async def _body_untrusted() -> Any:
    body = await request.get_data()
    if not body:
        return {}
    if request.mimetype != JSON:
        raise UnsupportedMediaType("the body is sent as Content-Type: application/json")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise OperationError("invalid", "not_json", f"the body is not JSON: {error}") from None


def refusal(error: PodiumError) -> Response:
    response = _json(ErrorBody(code=error.code, message=error.message, field=error.field), STATUS[kind_of(error)])
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _no_route(path: str, methods: tuple[str, ...]) -> Response:
    shown = path if len(path) <= 100 else path[:100] + "..."
    if not methods:
        what = f"nothing is served at {PREFIX}{shown}; {PREFIX} lists what is"
        return _json(ErrorBody(code="route_unknown", message=what), HTTPStatus.NOT_FOUND)
    what = f"{PREFIX}{shown} takes {', '.join(methods)}"
    response = _json(ErrorBody(code="method_not_allowed", message=what), HTTPStatus.METHOD_NOT_ALLOWED)
    response.headers["Allow"] = ", ".join(methods)
    return response


def _json(value: msgspec.Struct, status: int) -> Response:
    """Never kept by anybody on the way: answers are for one caller, and some are tokens."""
    return Response(msgspec.json.encode(value), status=status, content_type=JSON, headers={"Cache-Control": "no-store"})
