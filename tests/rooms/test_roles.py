# SPDX-License-Identifier: Apache-2.0
"""Roles that change while somebody is there or on the way, and roles that plugins give to who joins."""

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.events import PanelsChanged, RoleChanged
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Veto
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.rooms.fake_worker import FakeWorker
from tests.rooms.test_rooms import config, events, native

__all__ = ["native"]  # the stand-in for media, which pytest finds here


class Registrar(NobodyObserves):
    """Knows some people in other roles, and notes in which role everybody is judged."""

    def __init__(self) -> None:
        self.roles: dict[str, str] = {}
        self.open = trio.Event()
        self.open.set()
        self.log: list[str] = []

    async def participant_role(self, *, role: str, room: RoomView, participant: ParticipantView) -> str:
        self.log.append(f"{participant.participant_id} is {participant.role} in {room.session_id}")
        return self.roles.get(participant.participant_id, role)

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None:
        self.log.append(f"{participant.participant_id} joins {room.session_id} as {participant.role}")
        await self.open.wait()
        return None

    def role_changed(self, *, room: RoomView, participant: ParticipantView, previous: str) -> None:
        self.log.append(f"{participant.participant_id}: {previous} becomes {participant.role}")


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


@pytest.fixture
async def rooms(native: list[FakeWorker], mock_clock: MockClock, registrar: Registrar) -> AsyncIterator[Rooms]:
    async with open_rooms(config(), registrar) as rooms:
        yield rooms


async def test_a_new_role_counts_at_once_everywhere(rooms: Rooms, registrar: Registrar) -> None:
    ann = await rooms.join("math", "ann", "Ann", "instructor")
    bob = await rooms.join("math", "bob", "Bob")
    events(ann)
    events(bob)
    rooms.set_role("math", "bob", "assistant")
    rooms.set_role("math", "bob", "assistant")
    changed = RoleChanged(participant_id="bob", role="assistant")
    assert (events(ann), events(bob)) == ([changed], [changed, PanelsChanged()])
    assert (bob.role, bob.snapshot().role) == ("assistant", "assistant")
    assert [each.role for each in rooms.participants("math")] == ["instructor", "assistant"]
    assert registrar.log[-1] == "bob: student becomes assistant"
    assert len(registrar.log) == 5
    rooms.tell("math", PanelsChanged(), roles=("assistant",))
    assert (events(ann), events(bob)) == ([], [PanelsChanged()])


async def test_a_role_that_cannot_be_is_refused(rooms: Rooms) -> None:
    with pytest.raises(RoomError, match="no session 'math' is open"):
        rooms.set_role("math", "ann", "student")
    ann = await rooms.join("math", "ann", "Ann")
    for name, role, problem in (("eve", "student", "nobody with id 'eve'"), ("ann", "dean", "role must be one of")):
        with pytest.raises(RoomError, match=problem):
            rooms.set_role("math", name, role)
    assert ann.role == "student"


async def test_a_room_is_led_once_somebody_was_promoted(rooms: Rooms) -> None:
    await rooms.join("math", "ann", "Ann")
    rooms.set_role("math", "ann", "observer")
    assert not rooms._live["math"].led
    rooms.set_role("math", "ann", "instructor")
    rooms.set_role("math", "ann", "student")
    eve = await rooms.join("math", "eve", "Eve", "instructor", wished=True)
    assert eve.role == "student"


async def test_people_come_in_the_role_that_plugins_know_them_in(rooms: Rooms, registrar: Registrar) -> None:
    registrar.roles["ann"] = "assistant"
    ann = await rooms.join("math", "ann", "Ann", "student", invited=True)
    assert registrar.log == ["ann is student in math", "ann joins math as assistant"]
    assert ann.role == "assistant"
    assert ann.snapshot().role == "assistant"


async def test_a_wish_goes_to_plugins_as_what_became_of_it(rooms: Rooms, registrar: Registrar) -> None:
    await rooms.join("math", "ann", "Ann", "instructor", wished=True)
    registrar.roles["bob"] = "observer"
    roles = [(await rooms.join("math", name, name, "instructor", wished=True)).role for name in ("bob", "eve")]
    assert roles == ["observer", "student"]
    assert "bob is student in math" in registrar.log


async def test_an_id_alone_makes_nobody_lead(rooms: Rooms, registrar: Registrar) -> None:
    """Everybody in a room knows the ids of the others: who leads for plugins proves by a token who they are."""
    await rooms.join("math", "ann", "Ann", "instructor", wished=True)
    registrar.roles["bob"] = "assistant"
    eve = await rooms.join("math", "bob", "Eve", "student", wished=True, proven=False)
    assert eve.role == "student"
    bob = await rooms.join("math", "bob", "Bob", "student", invited=True)
    assert (bob.role, bob.came_as) == ("assistant", "student")


@pytest.mark.parametrize(
    ("known", "comes"), [(None, "role_taken"), ("assistant", "role_taken"), ("student", "student")]
)
async def test_a_wish_that_is_taken_meanwhile_is_refused_unless_plugins_gave_another_role(
    rooms: Rooms, registrar: Registrar, known: str | None, comes: str
) -> None:
    if known is not None:
        registrar.roles["bob"] = known
    came: list[str] = []

    async def join_bob() -> None:
        try:
            came.append((await rooms.join("math", "bob", "Bob", "instructor", wished=True)).role)
        except RoomError as error:
            came.append(error.code)

    async with trio.open_nursery() as nursery:
        answer = registrar.open = trio.Event()
        nursery.start_soon(join_bob)
        await wait_all_tasks_blocked()
        registrar.open = trio.Event()
        registrar.open.set()
        await rooms.join("math", "ann", "Ann", "instructor")
        answer.set()
    assert came == [comes]


async def test_who_comes_back_while_their_role_changes_has_the_new_one(rooms: Rooms, registrar: Registrar) -> None:
    await rooms.join("math", "bob", "Bob", "assistant")
    await rooms.join("math", "eve", "Eve", "assistant")
    registrar.open = trio.Event()
    back: list[LocalParticipant] = []

    async def join_again(name: str) -> None:
        back.append(await rooms.join("math", name, name, "assistant"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join_again, "bob")
        nursery.start_soon(join_again, "eve")
        await wait_all_tasks_blocked()
        rooms.set_role("math", "bob", "student")
        registrar.open.set()
    assert {each.id: each.snapshot().role for each in back} == {"bob": "student", "eve": "assistant"}
