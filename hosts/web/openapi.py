# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document of all operations, from their declarations.

Schemas come from msgspec, which writes the dialect that OpenAPI 3.1 uses. Fields of a request that stand in the path
or in the query become parameters; the rest is the body. Events that plugins send over signaling are no part of OpenAPI:
they stand in `x-podium-events`.
"""

import inspect
from collections.abc import Iterable
from typing import Any, final

import msgspec

from podium.core.operations import Offered, Operation, Registry
from podium.core.plugins.plugin_events import EventOffer, OfferedEvent

REF = "#/components/schemas/"
ERRORS = {
    "400": "The request cannot be understood, or a field does not fit.",
    "401": "There is no credential, or it is wrong or has expired.",
    "403": "The caller may not do this.",
    "404": "What the request is about does not exist.",
    "409": "It cannot be done as things are.",
    "default": "Anything else that went wrong.",
}


@final
class CachedDocument:
    """The document as JSON, made anew when operations or events have changed."""

    def __init__(self, registry: Registry, version: str, events: EventOffer) -> None:
        self._registry = registry
        self._version = version
        self._events = events
        self._made: tuple[tuple[int, int], bytes] | None = None

    def content(self) -> bytes:
        current = (self._registry.version, self._events.version)
        if self._made is None or self._made[0] != current:
            document = openapi_document(self._registry, self._version, self._events)
            self._made = (current, msgspec.json.encode(document))
        return self._made[1]


def openapi_document(offers: Iterable[Offered], version: str, events: Iterable[OfferedEvent] = ()) -> dict[str, Any]:
    """The document for these operations and events."""
    offers, events = list(offers), list(events)
    requests = [offered.operation.request for offered in offers]
    responses = [offered.operation.response for offered in offers]
    told = [offered.event.kind for offered in events]
    refs, schemas = msgspec.json.schema_components((*requests, *responses, *told), ref_template=REF + "{name}")
    names = [ref["$ref"].removeprefix(REF) for ref in refs]
    paths: dict[str, dict[str, Any]] = {}
    for number, offered in enumerate(offers):
        route = offered.operation.route
        entry = _entry(offered, schemas[names[number]], refs[len(offers) + number])
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = entry
    described = dict(map(_event, events, refs[2 * len(offers) :]))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Podium", "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "x-podium-events": described,
        "components": {
            "schemas": _used(schemas, [paths, described]) | {"Error": _ERROR},
            "responses": {
                f"Error{status.title()}": {
                    "description": description,
                    "content": {"application/json": {"schema": {"$ref": REF + "Error"}}},
                }
                for status, description in ERRORS.items()
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A join token or an API key."}
            },
        },
    }


_ERROR = {
    "title": "Error",
    "description": "Why a request was refused or has failed.",
    "type": "object",
    "properties": {
        "code": {"type": "string", "description": "A stable word for programs."},
        "message": {"type": "string", "description": "What was wrong and what would be right, for people."},
        "field": {"type": ["string", "null"], "description": "The path of the field that was to blame."},
    },
    "required": ["code", "message", "field"],
}


def _entry(offered: Offered, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    operation = offered.operation
    entry = {
        "operationId": operation.name,
        "tags": [offered.owner],
        "summary": operation.summary,
        "description": _description(operation),
        "parameters": list(_parameters(operation, request)),
        "security": [*([{}] if "anonymous" in operation.roles else []), {"bearer": []}],
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": response}}},
            **{status: {"$ref": f"#/components/responses/Error{status.title()}"} for status in ERRORS},
        },
        "x-podium-roles": sorted(operation.roles),
        "x-podium-grants": sorted(operation.grants),
    }
    if operation.route.has_body:
        body = _body(operation, request)
        required = bool(body.get("required"))
        entry["requestBody"] = {"required": required, "content": {"application/json": {"schema": body}}}
    return entry


def _event(offered: OfferedEvent, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    event = offered.event
    documentation = inspect.getdoc(event.kind) or ""
    return event.name, {
        "tags": [offered.owner],
        "summary": documentation.partition("\n")[0],
        "description": f"{documentation}\n\nFor: {', '.join(event.roles)}.",
        "schema": schema,
        "x-podium-roles": list(event.roles),
    }


def _description(operation: Operation) -> str:
    who = [*sorted(operation.roles), *(f"whoever has the grant {grant}" for grant in sorted(operation.grants))]
    return f"{operation.documentation}\n\nFor: {', '.join(who)}."


def _parameters(operation: Operation, request: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name, schema in request["properties"].items():
        in_path = name in operation.route.fields
        if in_path or not operation.route.has_body:
            required = in_path or name in request.get("required", ())
            yield {"name": name, "in": "path" if in_path else "query", "required": required, "schema": schema}


def _body(operation: Operation, request: dict[str, Any]) -> dict[str, Any]:
    fields = operation.route.fields
    body = {
        **request,
        "properties": {name: schema for name, schema in request["properties"].items() if name not in fields},
        "additionalProperties": False,
    }
    required = [name for name in request.get("required", ()) if name not in fields]
    body.pop("required", None)
    return {**body, "required": required} if required else body


def _used(schemas: dict[str, Any], root: object) -> dict[str, Any]:
    """The schemas that something refers to; requests themselves are written out where they are used."""
    used: dict[str, Any] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in used:
            used[name] = schemas[name]
            waiting += _references(schemas[name])
    return {name: used[name] for name in sorted(used)}


def _references(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(ref := value.get("$ref"), str):
            yield ref.removeprefix(REF)
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _references(inner)
