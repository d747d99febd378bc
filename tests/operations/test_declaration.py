# SPDX-License-Identifier: Apache-2.0
"""A function becomes an operation, or is told at once why it cannot."""

from typing import Any

import msgspec
import pytest

from podium.core.identity import Caller
from podium.core.operations import DeclarationError, Operation, declare
from podium.core.operations.declaration import RESERVED_NAMES


class Ask(msgspec.Struct, kw_only=True):
    session_id: str
    loudly: bool = False


class Nothing(msgspec.Struct):
    pass


class Answered(msgspec.Struct):
    text: str


class Tagged(msgspec.Struct, tag=True):
    session_id: str


class Renamed(msgspec.Struct, rename="camel"):
    session_id: str


class Typed(msgspec.Struct):
    session_id: str
    type: str


class Left(msgspec.Struct):
    pass


async def ask_again(context: Any, caller: Caller, request: Ask) -> Answered:
    """Ask once more.

    Louder, if need be.
    """
    return Answered("again")


def test_everything_comes_from_the_function() -> None:
    operation = declare(ask_again, roles=("student",))
    assert (operation.name, operation.request, operation.response) == ("AskAgain", Ask, Answered)
    assert (operation.route.method, operation.route.path) == ("POST", "/operations/AskAgain")
    assert operation.summary == "Ask once more."
    assert operation.is_of_session


def test_a_name_route_and_deadline_can_be_given() -> None:
    operation = declare(ask_again, roles=("student",), name="Ask2", rest="GET /asks/{session_id}", deadline=3)
    assert (operation.name, operation.route.path, operation.deadline) == ("Ask2", "/asks/{session_id}", 3)


async def without_session(context: Any, caller: Caller, request: Nothing) -> Answered:
    """Say something."""
    return Answered("")


async def tagged(context: Any, caller: Caller, request: Tagged) -> Answered:
    """Say something."""
    return Answered("")


async def renamed(context: Any, caller: Caller, request: Renamed) -> Answered:
    """Say something."""
    return Answered("")


async def typed(context: Any, caller: Caller, request: Typed) -> Answered:
    """Say something."""
    return Answered("")


async def reserved_response(context: Any, caller: Caller, request: Ask) -> Left:
    """Say something."""
    return Left()


async def undocumented(context: Any, caller: Caller, request: Ask) -> Answered:
    return Answered("")


async def other_parameters(context: Any, request: Ask) -> Answered:
    """Say something."""
    return Answered("")


async def wrong_caller(context: Any, caller: str, request: Ask) -> Answered:
    """Say something."""
    return Answered("")


async def no_struct(context: Any, caller: Caller, request: dict[str, str]) -> Answered:
    """Say something."""
    return Answered("")


async def unreadable(context: "Unimported", caller: Caller, request: Ask) -> Answered:  # type: ignore[name-defined]  # noqa: F821  # on purpose
    """Say something."""
    return Answered("")


def not_async(context: Any, caller: Caller, request: Ask) -> Any:
    """Say something."""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (without_session, "needs a field session_id"),
        (tagged, "plain struct"),
        (renamed, "not renamed"),
        (typed, "cannot have a field type"),
        (reserved_response, "Left is a message of signaling"),
        (undocumented, "needs a docstring"),
        (other_parameters, "the parameters are"),
        (wrong_caller, "caller is annotated"),
        (no_struct, "the request is annotated"),
        (unreadable, "cannot be read"),
        (not_async, "async function"),
    ],
)
def test_a_wrong_function_is_refused_with_the_reason(function: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        declare(function, roles=("student",))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "say who may call it"),
        ({"roles": ("teacher",)}, "no role 'teacher'"),
        ({"roles": "student"}, "tuples of names"),
        ({"name": "ask_again"}, "CamelCase"),
        ({"name": "Join"}, "message of signaling"),
        ({"rest": "FETCH /asks"}, "begins with one of"),
        ({"rest": "GET asks"}, "segments"),
        ({"rest": "GET /asks//x"}, "segments"),
        ({"rest": "GET /asks/{name}"}, "names a field name"),
        ({"rest": "GET /{session_id}/{session_id}"}, "twice"),
        ({"deadline": 0}, "deadline"),
    ],
)
def test_wrong_options_are_refused_with_the_reason(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        declare(ask_again, **{**({"roles": ("student",)} if options else {}), **options})


def test_an_operation_for_services_or_with_its_own_check_needs_no_session() -> None:
    assert not declare(without_session, roles=("service",)).is_of_session
    assert not declare(without_session, roles=("student",), any_session=True).is_of_session
    with pytest.raises(DeclarationError, match="session_id"):
        declare(without_session, grants=("speak",))


def test_a_role_or_a_grant_is_enough() -> None:
    operation: Operation = declare(ask_again, roles=("instructor",), grants=("ask",))
    assert operation.admits(Caller(role="instructor"))
    assert operation.admits(Caller(role="student", grants=frozenset({"ask"})))
    assert not operation.admits(Caller(role="student", grants=frozenset({"record"})))


def test_events_are_reserved() -> None:
    assert {"Joined", "TrackPublished", "Error"} <= RESERVED_NAMES
