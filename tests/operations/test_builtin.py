# SPDX-License-Identifier: Apache-2.0
"""The core's own operations: what they answer, and how far an instructor's invitations go."""

from typing import Any

import pytest

from podium.core.config import AuthConfig
from podium.core.errors import PodiumError
from podium.core.identity import Caller
from podium.core.operations import Services, open_services
from tests.operations.test_authorization import Rooms

SERVICE = Caller(role="service", subject="crm")
ADA = Caller(role="instructor", subject="ada", session_id="algebra", grants=frozenset({"record"}))


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
def services(rooms: Rooms) -> Services:
    return open_services(rooms, AuthConfig(token_lifetime=600))


async def call(services: Services, name: str, caller: Caller = SERVICE, **values: Any) -> Any:
    return await services.dispatcher.call(name, values, caller)


async def test_rooms_are_listed_and_looked_into(services: Services) -> None:
    assert [room.session_id for room in (await call(services, "ListRooms")).rooms] == ["algebra", "botany"]
    assert (await call(services, "GetRoom", session_id="algebra")).participants[0].display_name == "Ada"


async def test_a_room_is_closed(services: Services, rooms: Rooms) -> None:
    assert (await call(services, "CloseRoom", ADA, session_id="algebra")).participants == 1
    assert rooms.closed == ["algebra"]


@pytest.mark.parametrize("name", ["GetRoom", "CloseRoom"])
async def test_a_room_that_is_not_open_is_unknown(services: Services, name: str) -> None:
    with pytest.raises(PodiumError) as caught:
        await call(services, name, session_id="chemistry")
    assert (caught.value.code, caught.value.field) == ("room_unknown", "session_id")


async def test_a_token_makes_whom_it_was_asked_for(services: Services) -> None:
    made = await call(
        services, "CreateJoinToken", session_id="algebra", role="assistant", display_name="Ben", grants=["record"]
    )
    assert made.path == f"/room/algebra?token={made.token}"
    assert made.expires_in == 600
    assert await services.identities.authenticate(made.token) == Caller(
        role="assistant",
        subject=made.participant_id,
        session_id="algebra",
        display_name="Ben",
        grants=frozenset({"record"}),
    )


async def test_a_person_can_be_given_an_id_and_a_token_a_lifetime(services: Services) -> None:
    made = await call(services, "CreateJoinToken", session_id="algebra", participant_id="ben", lifetime=30)
    assert (made.participant_id, made.expires_in) == ("ben", 30)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"role": "instructor"}, "role"),
        ({"grants": ["record", "everything"]}, "grants"),
        ({"participant_id": "ada"}, "participant_id"),
    ],
)
async def test_an_instructor_gives_no_more_than_is_theirs(
    services: Services, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(PodiumError) as caught:
        await call(services, "CreateJoinToken", ADA, session_id="algebra", **values)
    assert (caught.value.code, caught.value.field) == ("forbidden", field)
    assert (await call(services, "CreateJoinToken", ADA, session_id="algebra", grants=["record"])).token


@pytest.mark.parametrize(
    "values",
    [{"session_id": "a b"}, {"role": "service"}, {"lifetime": 0}, {"lifetime": 10**9}, {"display_name": " "}],
)
async def test_what_no_token_can_say_is_refused(services: Services, values: dict[str, Any]) -> None:
    with pytest.raises(PodiumError):
        await call(services, "CreateJoinToken", **{"session_id": "algebra", **values})


async def test_somebody_learns_who_they_are(services: Services) -> None:
    info = await call(services, "WhoAmI", ADA)
    assert (info.role, info.subject, info.session_id, info.grants) == ("instructor", "ada", "algebra", ("record",))
