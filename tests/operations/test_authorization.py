# SPDX-License-Identifier: Apache-2.0
"""All operations by all roles: who is let through, written down by hand and compared with what happens."""

from typing import Any

import pytest

from podium.core.errors import PodiumError
from podium.core.events import ParticipantInfo
from podium.core.identity import CALLER_ROLES, Caller
from podium.core.operations import Services, open_services
from podium.core.rooms.rooms import RoomSummary

EVERYBODY: set[str] = set(CALLER_ROLES)
STAFF = {"service", "administrator"}

ALLOWED: dict[str, set[str]] = {
    "ListRooms": STAFF,
    "GetRoom": {"assistant", "instructor", *STAFF},
    "CloseRoom": {"instructor", *STAFF},
    "CreateJoinToken": {"instructor", *STAFF},
    "WhoAmI": EVERYBODY,
}
"""By operation, the roles that may call it, those of rooms in their own session."""

OF_A_SESSION = ("GetRoom", "CloseRoom", "CreateJoinToken")


class Rooms:
    """One room with one person."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    @property
    def rooms(self) -> dict[str, RoomSummary]:
        ada = ParticipantInfo(participant_id="ada", display_name="Ada", role="instructor")
        return {name: RoomSummary(session_id=name, participants=(ada,)) for name in ("algebra", "botany")}

    def close_room(self, session_id: str, reason: str = "room_closed") -> None:
        self.closed.append(session_id)


def caller(role: Any, session_id: str | None = "algebra", **values: Any) -> Caller:
    in_room = role not in {"anonymous", *STAFF}
    return Caller(role=role, session_id=session_id if in_room else None, **values)


@pytest.fixture
def services() -> Services:
    return open_services(Rooms())


async def outcome(services: Services, name: str, who: Caller) -> str:
    values = {"session_id": "algebra"} if name in OF_A_SESSION else {}
    try:
        await services.dispatcher.call(name, values, who)
    except PodiumError as error:
        return error.code
    return "ok"


def test_every_operation_is_in_the_table(services: Services) -> None:
    assert set(services.registry.names()) == set(ALLOWED)
    assert {one.operation.name for one in services.registry if one.operation.is_of_session} == set(OF_A_SESSION)


@pytest.mark.parametrize("role", CALLER_ROLES)
@pytest.mark.parametrize("name", ALLOWED)
async def test_a_role_may_call_what_the_table_says(services: Services, name: str, role: str) -> None:
    refusal = "unauthenticated" if role == "anonymous" else "forbidden"
    assert await outcome(services, name, caller(role)) == ("ok" if role in ALLOWED[name] else refusal)


@pytest.mark.parametrize("session_id", ["botany", None])
@pytest.mark.parametrize("role", ["observer", "student", "assistant", "instructor"])
@pytest.mark.parametrize("name", OF_A_SESSION)
async def test_a_role_of_a_room_is_worth_nothing_in_another_session(
    services: Services, name: str, role: str, session_id: str | None
) -> None:
    assert await outcome(services, name, caller(role, session_id)) == "forbidden"
