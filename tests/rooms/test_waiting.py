# SPDX-License-Identifier: Apache-2.0
"""Rooms whose plugins let people wait: outside, until they are admitted, refused or gone."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.events import Waiting
from podium.core.rooms.anteroom import WaitingEndedError
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Veto, Wait, WaitingOutcome
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.rooms.fake_worker import FakeWorker
from tests.rooms.test_rooms import config, events, native

__all__ = ["native"]  # the stand-in for media, which pytest finds here

WAIT = Wait("the instructor will let you in")


class Doorman(NobodyObserves):
    """Answers by `answers`; those it does not know have to wait if they are students. Notes what it is told."""

    def __init__(self) -> None:
        self.answers: dict[str, Veto | Wait | None] = {}
        self.asked: list[ParticipantView] = []
        self.told: list[str] = []
        self.changed: Callable[[Any], None]

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | Wait | None:
        self.asked.append(participant)
        await trio.lowlevel.checkpoint()
        return self.answers.get(participant.participant_id, WAIT if participant.role == "student" else None)

    def participant_joined(self, *, room: RoomView, participant: ParticipantView) -> None:
        self.told.append(f"{participant.participant_id} joined")

    def participant_waiting(self, *, room: RoomView, participant: ParticipantView) -> None:
        self.told.append(f"{participant.participant_id} waits")

    def participant_waited(self, *, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None:
        self.told.append(f"{participant.participant_id} {outcome}")

    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None:
        self.told.append(f"{participant.participant_id} refused: {code}")

    def room_closed(self, *, room: RoomView, reason: str) -> None:
        self.told.append(f"closed: {reason}")

    def on_change(self, changed: Callable[[Any], None]) -> None:
        self.changed = changed


@pytest.fixture
def doorman() -> Doorman:
    return Doorman()


@pytest.fixture
async def rooms(native: list[FakeWorker], mock_clock: MockClock, doorman: Doorman) -> AsyncIterator[Rooms]:
    async with open_rooms(config(max_participants=2), doorman) as rooms:
        yield rooms


class Person:
    """Somebody who joins, in a task of their own."""

    def __init__(self, rooms: Rooms, name: str) -> None:
        self.rooms = rooms
        self.name = name
        self.messages: list[Waiting] = []
        self.participant: LocalParticipant | None = None
        self.error: RoomError | None = None
        self.scope = trio.CancelScope()

    async def come(self, nursery: trio.Nursery, role: str = "student", **options: Any) -> "Person":
        nursery.start_soon(self._join, role, options)
        await wait_all_tasks_blocked()
        return self

    async def _join(self, role: str, options: dict[str, Any]) -> None:
        try:
            with self.scope:
                self.participant = await self.rooms.join(
                    "algebra", self.name, self.name, role, on_wait=self.messages.append, **options
                )
        except RoomError as error:
            self.error = error

    @property
    def refusal(self) -> str | None:
        return self.error.code if self.error is not None else None


def waiting(rooms: Rooms) -> list[str]:
    return [each.participant_id for each in rooms.waiting("algebra")]


async def test_who_waits_is_outside_until_admitted(rooms: Rooms, doorman: Doorman, nursery: trio.Nursery) -> None:
    ada = await rooms.join("algebra", "ada", "Ada", "instructor")
    ann = await Person(rooms, "ann").come(nursery)
    assert ann.messages == [Waiting(session_id="algebra", participant_id="ann", message=WAIT.message)]
    assert [each.participant_id for each in rooms.participants("algebra")] == ["ada"]
    assert events(ada) == []
    assert waiting(rooms) == ["ann"]
    assert rooms.statistics().waiting == 1
    doorman.answers["ann"] = None
    assert rooms.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert ann.participant is not None
    assert [each.participant_id for each in ann.participant.snapshot().participants] == ["ada"]
    assert doorman.told == ["ada joined", "ann waits", "ann joined", "ann admitted"]
    assert (waiting(rooms), rooms.statistics().waiting) == ([], 0)


async def test_whoever_has_no_id_yet_is_told_the_one_to_come_back_with(rooms: Rooms, nursery: trio.Nursery) -> None:
    told: list[Waiting] = []

    async def join() -> None:
        await rooms.join("algebra", None, "Ann", on_wait=told.append)

    nursery.start_soon(join)
    await wait_all_tasks_blocked()
    assert [told[0].participant_id] == waiting(rooms)


async def test_a_refusal_after_waiting_is_one_like_any_other(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery
) -> None:
    ann, bob = [await Person(rooms, name).come(nursery) for name in ("ann", "bob")]
    assert rooms.turn_away("algebra", "ann", "not today", code="not_today")
    doorman.answers["bob"] = Veto("you are banned", "banned")
    rooms.admit("algebra", "bob")
    await wait_all_tasks_blocked()
    assert (ann.refusal, bob.refusal) == ("not_today", "banned")
    assert doorman.told[2:] == ["ann refused", "ann refused: not_today", "bob refused: banned", "bob refused"]
    assert rooms.rooms == {}


async def test_admission_does_not_make_a_full_room_larger(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery
) -> None:
    ann = await Person(rooms, "ann").come(nursery)
    for name in ("ada", "bea"):
        await rooms.join("algebra", name, name, "instructor")
    doorman.answers["ann"] = None
    rooms.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert ann.refusal == "room_full"
    assert doorman.told[-2:] == ["ann refused: room_full", "ann refused"]


async def test_the_role_is_that_of_the_moment_of_entry(rooms: Rooms, doorman: Doorman, nursery: trio.Nursery) -> None:
    doorman.answers["ann"] = WAIT
    ann = await Person(rooms, "ann").come(nursery, "instructor", wished=True)
    assert rooms.waiting("algebra")[0].role == "instructor"
    await rooms.join("algebra", "ada", "Ada", "instructor")
    doorman.answers["ann"] = None
    rooms.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert [each.role for each in doorman.asked if each.participant_id == "ann"] == ["instructor", "student"]
    assert ann.participant is not None
    assert ann.participant.role == "student"


async def test_an_empty_room_closes_and_people_wait_on(rooms: Rooms, nursery: trio.Nursery) -> None:
    ada = await rooms.join("algebra", "ada", "Ada", "instructor")
    await Person(rooms, "ann").come(nursery)
    ada.leave()
    await wait_all_tasks_blocked()
    assert rooms.rooms == {}
    assert waiting(rooms) == ["ann"]


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(("end", "code"), [("close_room", "room_closed"), ("end_session", "session_ended")])
async def test_nobody_waits_for_what_is_over(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery, end: str, code: str, is_open: bool
) -> None:
    if is_open:
        await rooms.join("algebra", "ada", "Ada", "instructor")
    ann = await Person(rooms, "ann").come(nursery)
    getattr(rooms, end)("algebra")
    assert waiting(rooms) == []
    await wait_all_tasks_blocked()
    assert ann.refusal == code
    assert "ann refused" in doorman.told
    assert any(each.startswith("closed") for each in doorman.told) == is_open
    with pytest.raises(RoomError, match="no session 'algebra' is open"):
        rooms.close_room("algebra")


async def test_when_the_host_stops_nobody_has_been_refused(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery
) -> None:
    ann = await Person(rooms, "ann").come(nursery)
    rooms.close()
    await wait_all_tasks_blocked()
    assert isinstance(ann.error, WaitingEndedError)
    assert ann.refusal == "shutdown"
    assert doorman.told == ["ann waits", "ann gone"]


async def test_who_gives_up_while_waiting_never_was_there(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery
) -> None:
    ann = await Person(rooms, "ann").come(nursery)
    ann.scope.cancel()
    await wait_all_tasks_blocked()
    assert doorman.told == ["ann waits", "ann gone"]
    assert not rooms.admit("algebra", "ann")
    assert not rooms.turn_away("algebra", "ann", "too late")
    assert rooms.rooms == {}


async def test_who_comes_in_elsewhere_ends_the_waiting(rooms: Rooms, doorman: Doorman, nursery: trio.Nursery) -> None:
    first = await Person(rooms, "ann").come(nursery)
    second = await Person(rooms, "ann").come(nursery)
    assert (first.refusal, second.refusal) == ("replaced", None)
    doorman.answers["ann"] = None
    third = await Person(rooms, "ann").come(nursery)
    assert second.refusal == "replaced"
    assert third.participant is not None
    assert doorman.told == ["ann waits", "ann gone", "ann waits", "ann joined", "ann gone"]


async def test_who_cannot_wait_is_refused(rooms: Rooms, doorman: Doorman) -> None:
    with pytest.raises(RoomError, match=WAIT.message) as caught:
        await rooms.join("algebra", "bot", "Bot")
    assert caught.value.code == "waiting"
    assert doorman.told == ["bot refused: waiting"]


async def test_when_others_decide_than_before_everybody_is_asked_about_anew(
    rooms: Rooms, doorman: Doorman, nursery: trio.Nursery
) -> None:
    ann = await Person(rooms, "ann").come(nursery)
    doorman.answers["ann"] = None
    doorman.changed({"message_sending"})
    await wait_all_tasks_blocked()
    assert ann.participant is None
    doorman.changed({"participant_joining"})
    await wait_all_tasks_blocked()
    assert ann.participant is not None
