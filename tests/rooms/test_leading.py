# SPDX-License-Identifier: Apache-2.0
"""Who leads a room that anybody may open: the first to wish for it, and after that nobody without a token."""

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Veto
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.rooms.fake_worker import FakeWorker
from tests.rooms.test_rooms import config, native

__all__ = ["native"]  # the stand-in for media, which pytest finds here


class Doorman(NobodyObserves):
    """Lets everybody in when `open` is set, and notes as what they wanted to come."""

    def __init__(self) -> None:
        self.open = trio.Event()
        self.open.set()
        self.asked: list[str] = []

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None:
        self.asked.append(participant.role)
        await self.open.wait()
        return None


@pytest.fixture
def doorman() -> Doorman:
    return Doorman()


@pytest.fixture
async def rooms(native: list[FakeWorker], mock_clock: MockClock, doorman: Doorman) -> AsyncIterator[Rooms]:
    async with open_rooms(config(), doorman) as rooms:
        yield rooms


async def role_of(rooms: Rooms, name: str, wish: str) -> str:
    return (await rooms.join("algebra", name, name, wish, wished=True)).role


@pytest.mark.parametrize("wish", ["instructor", "assistant"])
async def test_the_first_to_wish_leads_and_later_ones_are_students(rooms: Rooms, doorman: Doorman, wish: str) -> None:
    assert await role_of(rooms, "early", "student") == "student"
    assert await role_of(rooms, "ada", "instructor") == "instructor"
    assert await role_of(rooms, "eve", wish) == "student"
    assert await role_of(rooms, "olga", "observer") == "observer"
    assert doorman.asked == ["student", "instructor", "student", "observer"]  # plugins judge the role that is given


async def test_a_room_stays_led_while_its_leader_is_away(rooms: Rooms) -> None:
    await role_of(rooms, "ben", "student")
    ada = await rooms.join("algebra", "ada", "Ada", "instructor", wished=True)
    ada.leave()
    assert await role_of(rooms, "eve", "instructor") == "student"
    back = await rooms.join("algebra", "ada", "Ada", "instructor", invited=True)
    assert back.role == "instructor"


async def test_a_name_that_is_taken_gives_no_role(rooms: Rooms) -> None:
    await role_of(rooms, "ben", "student")
    await role_of(rooms, "ada", "instructor")
    assert await role_of(rooms, "ada", "instructor") == "student"


async def test_whoever_comes_with_a_token_leads_too(rooms: Rooms) -> None:
    await rooms.join("algebra", "ada", "Ada", "instructor", invited=True)
    assert await role_of(rooms, "eve", "instructor") == "student"


async def test_a_room_that_opens_again_is_led_by_nobody(rooms: Rooms) -> None:
    ada = await rooms.join("algebra", "ada", "Ada", "instructor", wished=True)
    ada.leave()
    assert await role_of(rooms, "ben", "instructor") == "instructor"


async def test_of_two_who_wish_at_once_one_is_told_to_ask_again(rooms: Rooms, doorman: Doorman) -> None:
    doorman.open = trio.Event()
    outcomes: list[str] = []

    async def wish(name: str) -> None:
        try:
            outcomes.append(await role_of(rooms, name, "instructor"))
        except RoomError as error:
            outcomes.append(error.code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wish, "ada")
        nursery.start_soon(wish, "eve")
        await wait_all_tasks_blocked()
        doorman.open.set()
    assert sorted(outcomes) == ["instructor", "role_taken"]
    assert await role_of(rooms, "again", "instructor") == "student"
