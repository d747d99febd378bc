# SPDX-License-Identifier: Apache-2.0
"""What is on offer is found by name and by route, and is gone when its owner withdraws."""

from typing import Any

import msgspec
import pytest

from podium.core.identity import Caller
from podium.core.operations import DeclarationError, Operation, Registry, declare


class Ask(msgspec.Struct):
    session_id: str = ""
    name: str = ""


async def ask(context: Any, caller: Caller, request: Ask) -> Ask:
    """Ask."""
    return request


def operation(name: str, route: str) -> Operation:
    return declare(ask, roles=("service",), name=name, rest=route)


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.offer("core", operation("GetRoom", "GET /rooms/{session_id}"))
    registry.offer("core", operation("ClosedRooms", "GET /rooms/closed"))
    registry.offer("attendance", operation("CloseRoom", "DELETE /rooms/{session_id}"))
    return registry


@pytest.mark.parametrize(
    ("method", "path", "name", "fields"),
    [
        ("GET", "/rooms/algebra", "GetRoom", {"session_id": "algebra"}),
        ("GET", "/rooms/closed", "ClosedRooms", {}),
        ("DELETE", "/rooms/closed", "CloseRoom", {"session_id": "closed"}),
    ],
)
def test_a_path_leads_to_its_operation(
    registry: Registry, method: str, path: str, name: str, fields: dict[str, str]
) -> None:
    match = registry.match(method, path)
    assert match.offered is not None
    assert (match.offered.operation.name, match.fields) == (name, fields)


def test_a_path_knows_its_other_methods(registry: Registry) -> None:
    assert registry.match("PUT", "/rooms/algebra").methods == ("DELETE", "GET")


@pytest.mark.parametrize("path", ["/", "/rooms", "/rooms/", "/rooms/a/b", "rooms/a", "//rooms/a"])
def test_other_paths_lead_nowhere(registry: Registry, path: str) -> None:
    assert registry.match("GET", path) == (None, {}, ())


def test_a_taken_name_or_route_is_refused(registry: Registry) -> None:
    with pytest.raises(DeclarationError, match="GetRoom of other is there already, from core"):
        registry.offer("other", operation("GetRoom", "GET /elsewhere"))
    with pytest.raises(DeclarationError, match="already leads to GetRoom of core"):
        registry.offer("other", operation("Other", "GET /rooms/{name}"))


def test_withdrawing_leaves_nothing(registry: Registry) -> None:
    version = registry.version
    registry.withdraw("attendance")
    assert "CloseRoom" not in registry
    assert "CloseRoom" not in registry.names()
    assert registry.get("CloseRoom") is None
    assert registry.match("DELETE", "/rooms/x").offered is None
    assert registry.version != version
    registry.offer("other", operation("CloseRoom", "DELETE /rooms/{session_id}"))
