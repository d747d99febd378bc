# SPDX-License-Identifier: Apache-2.0
"""Who waits outside of rooms: how waiting begins, what ends it, and what is told of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core.events import Waiting
from podium.core.rooms import anteroom as module
from podium.core.rooms.anteroom import Anteroom, WaitingEndedError
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Wait, WaitingOutcome

ALGEBRA = RoomView(session_id="algebra")


class Scribe(NobodyObserves):
    """Writes down who began to wait, and what became of them."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def participant_waiting(self, *, room: RoomView, participant: ParticipantView) -> None:
        self.told.append(f"{participant.participant_id} waits for {room.session_id}")

    def participant_waited(self, *, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None:
        self.told.append(f"{participant.participant_id}: {outcome}")


def person(name: str) -> ParticipantView:
    return ParticipantView(participant_id=name, display_name=name.title(), role="student")


class Hall:
    """An anteroom and those who come to it; each is let in once `open_for` has their name."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.scribe = Scribe()
        self.anteroom = Anteroom(self.scribe)
        self.open_for: set[str] = set()
        self.message = "please wait"
        self.messages: list[Waiting] = []
        self.ended: list[str] = []
        self.asked = 0
        self._nursery = nursery

    async def come(self, name: str, *, session_id: str = "algebra") -> trio.CancelScope:
        scope = trio.CancelScope()
        self._nursery.start_soon(self._join, name, session_id, scope)
        await wait_all_tasks_blocked()
        return scope

    async def _join(self, name: str, session_id: str, scope: trio.CancelScope) -> None:
        try:
            with scope, self.anteroom.visit(RoomView(session_id=session_id), self.messages.append) as visit:
                while name not in self.open_for:
                    self.asked += 1
                    await visit.wait(person(name), Wait(self.message))
                self.ended.append(f"{name} in")
        except WaitingEndedError as error:
            self.ended.append(f"{name} ended: {error.code}")
        except RoomError as error:
            self.ended.append(f"{name} refused: {error.code}, {error.message}")

    def waiting(self, session_id: str = "algebra") -> list[str]:
        return [each.participant_id for each in self.anteroom.waiting(session_id)]


@asynccontextmanager
async def open_hall() -> AsyncIterator[Hall]:
    async with trio.open_nursery() as nursery:
        yield Hall(nursery)
        nursery.cancel_scope.cancel()


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as hall:
        yield hall


async def test_people_wait_in_the_order_of_coming_and_apart_for_each_session(hall: Hall) -> None:
    for name in ("zoe", "ann", "bob"):
        await hall.come(name)
    await hall.come("eve", session_id="art")
    assert hall.waiting() == ["zoe", "ann", "bob"]
    assert hall.waiting("art") == ["eve"]
    assert hall.waiting("botany") == []
    assert len(hall.anteroom) == 4
    assert hall.messages[0] == Waiting(session_id="algebra", participant_id="zoe", message="please wait")


async def test_who_is_admitted_is_asked_about_anew(hall: Hall) -> None:
    await hall.come("ann")
    hall.open_for.add("ann")
    assert hall.anteroom.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert hall.ended == ["ann in"]
    assert hall.scribe.told == ["ann waits for algebra", "ann: admitted"]
    assert len(hall.anteroom) == 0
    assert not hall.anteroom.admit("algebra", "ann")


async def test_whoever_is_told_to_wait_again_goes_on_waiting_and_hears_only_news(hall: Hall) -> None:
    await hall.come("ann")
    hall.anteroom.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert hall.asked == 2
    assert len(hall.messages) == 1
    hall.message = "a minute more"
    hall.anteroom.ask_all()
    await wait_all_tasks_blocked()
    assert [each.message for each in hall.messages] == ["please wait", "a minute more"]
    assert hall.scribe.told == ["ann waits for algebra"]


async def test_to_be_admitted_during_the_question_has_it_asked_once_more(hall: Hall) -> None:
    asking, asked, rounds = trio.Event(), trio.Event(), 0

    async def join() -> None:
        nonlocal rounds
        with hall.anteroom.visit(ALGEBRA, hall.messages.append) as visit:
            await visit.wait(person("ann"), Wait("please wait"))
            rounds += 1
            asked.set()
            await asking.wait()
            await visit.wait(person("ann"), Wait("please wait"))
            rounds += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join)
        await wait_all_tasks_blocked()
        hall.anteroom.admit("algebra", "ann")
        await asked.wait()
        hall.anteroom.admit("algebra", "ann")
        asking.set()
    assert rounds == 2


async def test_who_is_turned_away_is_told_why_and_is_gone_at_once(hall: Hall) -> None:
    await hall.come("ann")
    await hall.come("bob")
    assert hall.anteroom.turn_away("algebra", "ann", "not_today", "come tomorrow")
    assert hall.waiting() == ["bob"]
    assert hall.scribe.told[-1] == "ann: refused"
    assert not hall.anteroom.turn_away("algebra", "ann", "not_today", "come tomorrow")
    await wait_all_tasks_blocked()
    assert hall.ended == ["ann refused: not_today, come tomorrow"]
    assert hall.scribe.told.count("ann: refused") == 1


async def test_all_of_a_session_can_be_turned_away(hall: Hall) -> None:
    await hall.come("ann")
    await hall.come("bob")
    await hall.come("eve", session_id="art")
    assert hall.anteroom.turn_all_away("algebra", "session_ended", "over") == 2
    await wait_all_tasks_blocked()
    assert sorted(hall.ended) == ["ann refused: session_ended, over", "bob refused: session_ended, over"]
    assert hall.waiting("art") == ["eve"]
    assert hall.anteroom.turn_all_away("algebra", "session_ended", "over") == 0


async def test_who_gives_up_is_gone(hall: Hall) -> None:
    scope = await hall.come("ann")
    scope.cancel()
    await wait_all_tasks_blocked()
    assert hall.scribe.told == ["ann waits for algebra", "ann: gone"]
    assert hall.waiting() == []


async def test_who_comes_again_takes_over_the_place_of_the_earlier(hall: Hall) -> None:
    await hall.come("ann")
    await hall.come("bob")
    await hall.come("ann")
    assert hall.waiting() == ["ann", "bob"]
    assert hall.ended == ["ann ended: replaced"]
    assert hall.scribe.told[2:] == ["ann: gone", "ann waits for algebra"]
    hall.open_for.add("ann")
    hall.anteroom.admit("algebra", "ann")
    await wait_all_tasks_blocked()
    assert hall.ended == ["ann ended: replaced", "ann in"]


async def test_who_comes_in_elsewhere_waits_no_longer(hall: Hall) -> None:
    await hall.come("ann")
    with hall.anteroom.visit(ALGEBRA, None) as visit:
        hall.anteroom.replace("algebra", "ann", visit)
        hall.anteroom.replace("algebra", "bob", visit)
    await wait_all_tasks_blocked()
    assert hall.ended == ["ann ended: replaced"]
    assert hall.scribe.told == ["ann waits for algebra", "ann: gone"]


async def test_the_anteroom_has_an_end(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    for name in ("ann", "bob", "carl", "ann"):
        await hall.come(name)
    assert hall.waiting() == ["ann", "bob"]
    assert hall.ended[0].startswith("carl refused: waiting_room_full")
    assert hall.ended[1:] == ["ann ended: replaced"]
    assert "carl" not in " ".join(hall.scribe.told)
    await hall.come("eve", session_id="art")
    assert hall.waiting("art") == ["eve"]


async def test_who_has_no_way_to_be_told_cannot_wait(hall: Hall) -> None:
    with pytest.raises(RoomError, match="please wait") as caught, hall.anteroom.visit(ALGEBRA, None) as visit:
        await visit.wait(person("robot"), Wait("please wait"))
    assert caught.value.code == "waiting"
    assert hall.scribe.told == []


async def test_closing_sends_everybody_away_without_refusing_them(hall: Hall) -> None:
    await hall.come("ann")
    await hall.come("eve", session_id="art")
    hall.anteroom.close()
    await wait_all_tasks_blocked()
    assert sorted(hall.ended) == ["ann ended: shutdown", "eve ended: shutdown"]
    assert hall.scribe.told[2:] == ["ann: gone", "eve: gone"]
