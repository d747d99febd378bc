# SPDX-License-Identifier: Apache-2.0
"""Blocks of people who are not there, in rooms that are not open, and what becomes of them."""

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.events import TrackBlocked, TrackSource
from podium.core.rooms.blocks import Blocks, EarlyBlocks
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Veto
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.rooms.fake_worker import FakeWorker
from tests.rooms.test_rooms import config, events, native, publish

__all__ = ["native"]  # the stand-in for media, which pytest finds here


class Doorman(NobodyObserves):
    """Blocks the microphones of all who come, in the name of a plugin, and lets them in when `open` is set."""

    def __init__(self) -> None:
        self.rooms: Rooms
        self.open = trio.Event()
        self.open.set()
        self.strict = False
        self.veto: Veto | None = None

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None:
        if self.strict:
            self.rooms.set_blocked(room.session_id, participant.participant_id, "microphone", True, owner="doorman")
        await self.open.wait()
        return self.veto


@pytest.fixture
def doorman() -> Doorman:
    return Doorman()


@pytest.fixture
async def rooms(native: list[FakeWorker], mock_clock: MockClock, doorman: Doorman) -> AsyncIterator[Rooms]:
    async with open_rooms(config(), doorman) as rooms:
        doorman.rooms = rooms
        yield rooms


def block(rooms: Rooms, name: str, source: TrackSource = "microphone", blocked: bool = True) -> None:
    rooms.set_blocked("math", name, source, blocked, owner="hall")


async def blocked(rooms: Rooms, name: str) -> tuple[TrackSource, ...]:
    """What is blocked of somebody who joins now, and leaves at once."""
    participant = await rooms.join("math", name, name)
    found = participant.snapshot().blocked
    participant.leave()
    return found


async def test_a_block_waits_for_the_room_to_open_and_its_participant_to_come(rooms: Rooms) -> None:
    block(rooms, "bob")
    ann = await rooms.join("math", "ann", "Ann")
    bob = await rooms.join("math", "bob", "Bob")
    assert (ann.snapshot().blocked, bob.snapshot().blocked) == ((), ("microphone",))
    transport = await publish(bob)
    assert [source.blocked for source in transport.sources].index(True) == 0  # the microphone, and nothing else
    assert sum(source.blocked for source in transport.sources) == 1
    events(ann)
    block(rooms, "bob", blocked=False)
    assert events(ann) == [TrackBlocked(participant_id="bob", source="microphone", blocked=False)]
    assert not any(source.blocked for source in transport.sources)


async def test_a_block_can_be_taken_back_before_anybody_came(rooms: Rooms) -> None:
    block(rooms, "bob")
    block(rooms, "bob", blocked=False)
    block(rooms, "bob", blocked=False)
    assert await blocked(rooms, "bob") == ()


async def test_all_early_blocks_of_an_owner_are_lifted_with_the_others(rooms: Rooms) -> None:
    await rooms.join("math", "ann", "Ann")
    block(rooms, "bob")
    for session in ("math", "art"):
        rooms.set_blocked(session, "bob", "camera", True, owner="quiet")
        rooms.set_blocked(session, "bob", "screen", True, owner="hall")
    rooms.lift_blocks("hall")
    assert await blocked(rooms, "bob") == ("camera",)
    art = await rooms.join("art", "bob", "Bob")
    assert art.snapshot().blocked == ("camera",)


async def test_blocks_end_with_the_room(rooms: Rooms) -> None:
    block(rooms, "bob")
    ann = await rooms.join("math", "ann", "Ann")
    ann.leave()
    assert await blocked(rooms, "bob") == ()
    block(rooms, "bob")
    rooms.end_session("math")
    assert await blocked(rooms, "bob") == ()


async def test_who_is_about_to_join_stays_blocked_when_the_room_closes_meanwhile(
    rooms: Rooms, doorman: Doorman
) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    block(rooms, "ann")
    doorman.strict, doorman.open = True, trio.Event()
    found: list[tuple[TrackSource, ...]] = []

    async def join_bob() -> None:
        bob = await rooms.join("math", "bob", "Bob")
        found.append(bob.snapshot().blocked)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join_bob)
        await wait_all_tasks_blocked()
        ann.leave()
        assert rooms.rooms == {}
        rooms.end_session("math")
        doorman.open.set()
    assert found == [("microphone",)]
    doorman.strict = False
    assert await blocked(rooms, "ann") == ()


async def test_who_is_refused_leaves_nothing_on_the_way(rooms: Rooms, doorman: Doorman) -> None:
    doorman.strict, doorman.veto = True, Veto("no")
    with pytest.raises(RoomError, match="no"):
        await rooms.join("math", "eve", "Eve")
    doorman.strict, doorman.veto = False, None
    ann = await rooms.join("math", "ann", "Ann")
    ann.leave()
    assert await blocked(rooms, "eve") == ()


@pytest.mark.parametrize("is_open", [True, False])
async def test_what_cannot_be_blocked_is_refused(rooms: Rooms, is_open: bool) -> None:
    if is_open:
        rooms.open_room("math")
    with pytest.raises(RoomError, match="participant_id must be"):
        rooms.set_blocked("math", "b o b", "camera", True)
    with pytest.raises(RoomError, match="session_id must be"):
        rooms.set_blocked("m a t h", "bob", "camera", True)
    with pytest.raises(RoomError, match="source must be one of"):
        rooms.set_blocked("math", "bob", "piano", True)  # type: ignore[arg-type]  # that is the point


def test_nothing_is_kept_of_sessions_without_blocks() -> None:
    early = EarlyBlocks()
    early.change("math", "bob", "camera", True, "hall")
    early.lift("quiet")
    assert len(early.take("math")) == 1
    assert len(early.take("math")) == 0
    early.put("math", Blocks())
    early.change("math", "bob", "camera", False, "hall")
    assert vars(early) == {"_sessions": {}}


async def test_a_new_source_forwards_nothing_until_it_is_known_whether_it_may(rooms: Rooms) -> None:
    """Its owner may send already: a block that came a command later would let packets through."""
    block(rooms, "ada")
    ada = await rooms.join("math", "ada", "Ada")
    microphone, *others = (await publish(ada)).sources
    assert set(microphone.history) == {True}
    assert [source.history for source in others] == [[True, False] for _ in others]
