# SPDX-License-Identifier: Apache-2.0
"""From an async function to an operation: its name, its structs, who may call it, its route, its documentation.

    class CloseRoom(msgspec.Struct, frozen=True, kw_only=True):
        session_id: str

    async def close_room(context: Context, caller: Caller, request: CloseRoom) -> RoomClosed:
        \"\"\"Send everybody away.\"\"\"

Everything is checked here and at once, with a sentence that says what would be right. An operation that roles of a room
may call needs a `session_id` in its request, which the dispatcher compares with the caller's; it says
`any_session=True` when it looks at `caller` itself.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import msgspec

from podium.core.errors import PodiumError
from podium.core.events import AnyEvent
from podium.core.identity.caller import CALLER_ROLES, Caller
from podium.core.operations.routes import Route
from podium.core.rooms.identity import ROLES

DEADLINE = 10.0
"""Seconds that an operation may take unless it says otherwise."""
PARAMETERS = ("context", "caller", "request")
RESERVED_FIELDS = frozenset({"type", "request_id"})
"""What signaling puts beside the fields of a request or response."""
RESERVED_NAMES = frozenset(
    {"Join", "Offer", "Answer", "IceCandidate", "Show", "Mute", "Leave", "Ping", "Pong"}
    | {event.__name__ for event in get_args(AnyEvent)}
)
"""Messages of signaling, which no operation or response may be named like."""

_NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")

Function = Callable[[Any, Caller, Any], Awaitable[msgspec.Struct]]


class DeclarationError(PodiumError):
    """A function cannot be an operation, or not beside those that are there."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked for; made by `declare`."""

    name: str
    function: Function
    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    roles: frozenset[str]
    grants: frozenset[str]
    """Any one of the roles or grants is enough."""
    route: Route
    deadline: float
    any_session: bool
    documentation: str

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.splitlines()[0]

    @property
    def is_of_session(self) -> bool:
        """Whether the request names the session in which the caller's role has to count."""
        return not self.any_session and "session_id" in self.request.__struct_fields__

    def admits(self, caller: Caller) -> bool:
        """Whether the role or a grant is enough, in whatever session it counts."""
        return caller.role in self.roles or not self.grants.isdisjoint(caller.grants)


def declare(
    function: Callable[..., Awaitable[Any]],
    *,
    roles: Collection[str] = (),
    grants: Collection[str] = (),
    rest: str | None = None,
    name: str | None = None,
    deadline: float = DEADLINE,
    any_session: bool = False,
) -> Operation:
    """Make an operation. Its name is the function's in CamelCase, its route `POST /operations/<Name>`, unless given.

    Raises DeclarationError.
    """
    name = name or "".join(word[:1].upper() + word[1:] for word in function.__name__.split("_"))
    request, response = _structs(function, name)
    _check_name(name)
    _check_callers(name, roles, grants)
    if not any_session and _is_for_rooms(roles, grants) and "session_id" not in request.__struct_fields__:
        raise _wrong(
            name,
            f"{request.__name__} needs a field session_id, because roles of a room or grants count in one session "
            "only; say any_session=True when the function looks at caller.session_id itself",
        )
    if not 0 < deadline < float("inf"):
        raise _wrong(name, "the deadline is a number of seconds above 0")
    documentation = inspect.getdoc(function)
    if not documentation:
        raise _wrong(name, "the function needs a docstring, which becomes its documentation")
    return Operation(
        name=name,
        function=function,
        request=request,
        response=response,
        roles=frozenset(roles),
        grants=frozenset(grants),
        route=_route(name, rest or f"POST /operations/{name}", request),
        deadline=deadline,
        any_session=any_session,
        documentation=documentation,
    )


def _structs(function: Callable[..., Any], name: str) -> tuple[type[msgspec.Struct], type[msgspec.Struct]]:
    if not inspect.iscoroutinefunction(function):
        raise _wrong(name, "an operation is an async function")
    if tuple(inspect.signature(function).parameters) != PARAMETERS:
        raise _wrong(name, f"the parameters are ({', '.join(PARAMETERS)})")
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise _wrong(name, f"an annotation cannot be read when the module runs: {error}") from error
    if hints.get("caller") is not Caller:
        raise _wrong(name, "caller is annotated with podium.core.Caller")
    return _struct(hints.get("request"), name, "request"), _struct(hints.get("return"), name, "response")


def _struct(kind: Any, name: str, what: str) -> type[msgspec.Struct]:
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        raise _wrong(name, f"the {what} is annotated with a msgspec.Struct")
    if kind.__struct_config__.tag is not None or kind.__struct_config__.array_like:
        raise _wrong(name, f"{kind.__name__} is a plain struct, without a tag and not like an array")
    if taken := RESERVED_FIELDS.intersection(kind.__struct_encode_fields__):
        raise _wrong(name, f"{kind.__name__} cannot have a field {', '.join(sorted(taken))}; signaling uses that")
    if kind.__struct_encode_fields__ != kind.__struct_fields__:
        raise _wrong(name, f"fields of {kind.__name__} are not renamed; they have one name everywhere")
    if what == "response" and kind.__name__ in RESERVED_NAMES:
        raise _wrong(name, f"{kind.__name__} is a message of signaling; name the response otherwise")
    return kind


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _wrong(name, "a name is in CamelCase, such as CloseRoom")
    if name in RESERVED_NAMES:
        raise _wrong(name, "this is a message of signaling; choose another name")


def _check_callers(name: str, roles: Collection[str], grants: Collection[str]) -> None:
    if isinstance(roles, str) or isinstance(grants, str):
        raise _wrong(name, "roles and grants are tuples of names")
    if not roles and not grants:
        raise _wrong(name, "say who may call it: roles or grants")
    if unknown := [role for role in roles if role not in CALLER_ROLES]:
        raise _wrong(name, f"there is no role {unknown[0]!r}; there are {', '.join(CALLER_ROLES)}")


def _is_for_rooms(roles: Collection[str], grants: Collection[str]) -> bool:
    return bool(grants) or any(role in ROLES for role in roles)


def _route(name: str, text: str, request: type[msgspec.Struct]) -> Route:
    try:
        route = Route.parse(text)
    except ValueError as error:
        raise _wrong(name, f"{text!r} is no route: {error}") from error
    if unknown := [field for field in route.fields if field not in request.__struct_fields__]:
        raise _wrong(name, f"the route names a field {unknown[0]}, which {request.__name__} does not have")
    return route


def _wrong(name: str, what: str) -> DeclarationError:
    return DeclarationError("operation_invalid", f"operation {name}: {what}")
