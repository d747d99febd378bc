# SPDX-License-Identifier: Apache-2.0
"""Rooms as hosts use them, over workers without packets."""

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import _fastpath
from podium.core.config import Config, IpAddress, MediaConfig, RoomsConfig
from podium.core.events import (
    AnyEvent,
    ConnectionState,
    Joined,
    Left,
    ParticipantJoined,
    ParticipantLeft,
    Showing,
    SlotContent,
    Speaking,
    TrackMuted,
    TrackPublished,
    TrackUnpublished,
)
from podium.core.media.naming import SourceError
from podium.core.media.sdp import NegotiationError
from podium.core.rooms.identity import RoomError
from podium.core.rooms.presence import EVENT_BUFFER, LocalParticipant
from podium.core.rooms.rooms import Rooms, open_rooms
from podium.core.rooms.wishes import Shown
from tests.peers.dtls import Identity
from tests.rooms.browser import CAMERA, HEARS, MICROPHONE, SCREEN, SEES, Browser
from tests.rooms.fake_worker import FakeSlot, FakeTransport, FakeWorker, real


def config(*, ad_hoc: bool = True, max_participants: int = 50) -> Config:
    return Config(
        media=MediaConfig(workers=1, announced_addresses=(IpAddress("192.0.2.1"),)),
        rooms=RoomsConfig(ad_hoc=ad_hoc, max_participants=max_participants),
    )


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> list[FakeWorker]:
    """The workers that have been made."""
    made: list[FakeWorker] = []

    def make(address: str, port: int, *, audio_slots: int) -> FakeWorker:
        made.append(FakeWorker(address, port, audio_slots=audio_slots))
        return made[-1]

    monkeypatch.setattr(_fastpath, "Worker", make)
    return made


@pytest.fixture
async def rooms(native: list[FakeWorker], mock_clock: MockClock) -> AsyncIterator[Rooms]:
    async with open_rooms(config()) as rooms:
        yield rooms


@pytest.fixture
def worker(rooms: Rooms, native: list[FakeWorker]) -> FakeWorker:
    return native[0]


def events(participant: LocalParticipant) -> list[AnyEvent]:
    """Everything told so far."""
    told: list[AnyEvent] = []
    while True:
        try:
            told.append(participant.events.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return told


async def publish(participant: LocalParticipant, browser: Browser | None = None) -> FakeTransport:
    """Negotiate everything a page does; returns what the worker got."""
    browser = browser or Browser()
    result = await participant.negotiate(browser.offer(MICROPHONE, CAMERA, SCREEN, *HEARS, *SEES))
    browser.accept(result.sdp)
    assert participant.connection is not None
    transport: FakeTransport = real(participant.connection)._transport
    return transport


def slot(transport: FakeTransport, mid: str) -> FakeSlot:
    return next(slot for slot in transport.slots if slot.mid == mid and not slot.closed)


# Joining and leaving


async def test_a_room_opens_with_the_first_and_closes_with_the_last(rooms: Rooms, worker: FakeWorker) -> None:
    ann = await rooms.join("math", None, "Ann", "instructor")
    bob = await rooms.join("math", "bob", " Bob ")
    assert [info.display_name for info in rooms.rooms["math"].participants] == ["Ann", "Bob"]
    assert (rooms.statistics().rooms, rooms.statistics().participants) == (1, 2)
    ann.leave()
    ann.leave()
    assert [type(event) for event in events(ann)] == [ParticipantJoined, Left]
    assert events(bob) == [ParticipantLeft(participant_id=ann.id, reason="left")]
    assert [room.closed for room in worker.rooms] == [False]
    bob.leave("disconnected")
    assert rooms.rooms == {}
    assert [room.closed for room in worker.rooms] == [True]
    assert rooms.statistics().workers[0].rooms == 0


async def test_a_snapshot_tells_who_one_is_and_who_is_there(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann", "instructor")
    bob = await rooms.join("math", "bob", "Bob", "student")
    snapshot = bob.snapshot()
    assert isinstance(snapshot, Joined)
    assert (snapshot.session_id, snapshot.participant_id, snapshot.display_name) == ("math", "bob", "Bob")
    assert [info.participant_id for info in snapshot.participants] == [ann.id]
    assert (bob.session_id, bob.statistics()) == ("math", None)


async def test_the_same_id_again_replaces_the_earlier_presence(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    first = await rooms.join("math", "bob", "Bob")
    transport = await publish(first)
    second = await rooms.join("math", "bob", "Bobby")
    assert transport.closed
    assert events(first)[-1] == Left(reason="replaced")
    left, joined = events(ann)[-2:]
    assert left == ParticipantLeft(participant_id="bob", reason="replaced")
    assert isinstance(joined, ParticipantJoined)
    first.leave()
    assert (second.left_reason, len(rooms.rooms["math"].participants)) == (None, 2)


async def test_the_only_participant_can_be_replaced(rooms: Rooms) -> None:
    await rooms.join("math", "ann", "Ann")
    again = await rooms.join("math", "ann", "Ann")
    assert again.snapshot().participants == ()


@pytest.mark.parametrize(
    ("session_id", "participant_id", "name", "role", "code", "field"),
    [
        ("a b", None, "Ann", "student", "id_invalid", "session_id"),
        ("math", "", "Ann", "student", "id_invalid", "participant_id"),
        ("math", None, " ", "student", "name_invalid", "display_name"),
        ("math", None, "Ann", "king", "role_invalid", "role"),
    ],
)
async def test_names_that_cannot_be_are_refused_and_open_no_room(
    rooms: Rooms, session_id: str, participant_id: str | None, name: str, role: str, code: str, field: str
) -> None:
    with pytest.raises(RoomError) as caught:
        await rooms.join(session_id, participant_id, name, role)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert rooms.rooms == {}


async def test_an_invitation_opens_the_room_for_those_who_fit(native: list[FakeWorker]) -> None:
    async with open_rooms(config(ad_hoc=False)) as rooms:
        with pytest.raises(RoomError):
            await rooms.join("math", None, " ", invited=True)
        assert rooms.rooms == {}
        ann = await rooms.join("math", None, "Ann", invited=True)
        assert ann.session_id == "math"


async def test_without_ad_hoc_rooms_a_session_must_have_been_opened(native: list[FakeWorker]) -> None:
    async with open_rooms(config(ad_hoc=False, max_participants=1)) as rooms:
        with pytest.raises(RoomError) as unknown:
            await rooms.join("math", None, "Ann")
        assert unknown.value.code == "room_unknown"
        rooms.open_room("math")
        rooms.open_room("math")
        await rooms.join("math", "ann", "Ann")
        with pytest.raises(RoomError) as full:
            await rooms.join("math", "bob", "Bob")
        assert full.value.code == "room_full"
        assert (await rooms.join("math", "ann", "Ann")).left_reason is None


async def test_closing_a_room_sends_everybody_away(rooms: Rooms, worker: FakeWorker) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    transport = await publish(ann)
    rooms.close_room("math")
    assert events(ann)[-1] == events(bob)[-1] == Left(reason="room_closed")
    assert transport.closed
    assert worker.rooms[0].closed
    with pytest.raises(RoomError, match="'math'"):
        rooms.close_room("math")


async def test_the_end_of_the_host_is_told(native: list[FakeWorker]) -> None:
    async with open_rooms(config()) as rooms:
        ann = await rooms.join("math", "ann", "Ann")
    assert events(ann) == [Left(reason="shutdown")]
    assert not native[0].running


async def test_who_has_left_can_ask_for_nothing(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    ann.leave()
    for request in (
        ann.snapshot,
        lambda: ann.show([]),
        lambda: ann.set_muted("camera", True),
        lambda: ann.set_blocked("camera", True),
    ):
        with pytest.raises(RoomError) as caught:
            request()
        assert caught.value.code == "left"
    with pytest.raises(RoomError):
        await ann.negotiate(Browser().offer(MICROPHONE))
    ann.add_candidate("candidate:1 1 udp 1 192.0.2.1 1 typ host")


async def test_who_does_not_read_is_dropped_and_may_read_why(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    bob = await rooms.join("math", "bob", "Bob")
    for index in range(EVENT_BUFFER):
        bob.set_muted("camera", index % 2 == 0)
    told = events(ann)
    assert len(told) == EVENT_BUFFER + 1
    assert told[-1] == Left(reason="too_slow")
    assert events(bob) == [ParticipantLeft(participant_id="ann", reason="too_slow")]


async def test_the_last_one_dropped_closes_the_room(rooms: Rooms, worker: FakeWorker) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    await publish(ann)
    speaking = [
        _fastpath.Event(_fastpath.EVENT_SPEAKER, worker.rooms[0].id, source, None, b"")
        for source in (real(ann.connection)._transport.sources[0].id, 0)
    ]
    worker.inject(*speaking * (EVENT_BUFFER // 2 + 1))
    await wait_all_tasks_blocked()
    assert ann.left_reason == "too_slow"
    assert rooms.rooms == {}


async def test_a_host_that_closed_its_end_disturbs_nobody(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    ann.events.close()
    await rooms.join("math", "bob", "Bob")
    ann.leave()


# Media


async def test_a_negotiation_answers_and_names_all_slots(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    browser = Browser()
    result = await ann.negotiate(browser.offer(MICROPHONE, *HEARS, *SEES[:1]))
    assert [(each.mid, each.kind) for each in result.slots] == [
        ("a0", "audio"),
        ("a1", "audio"),
        ("a2", "audio"),
        ("v0", "video"),
    ]
    assert browser.accept(result.sdp).lite
    assert events(ann) == [ConnectionState(state="connecting")]
    more = await ann.negotiate(browser.offer(MICROPHONE, *HEARS, *SEES))
    assert [each.mid for each in more.slots][3:] == ["v0", "v1", "v2"]
    assert events(ann) == []


async def test_a_camera_that_flows_is_told_shown_and_named_under_its_picture(rooms: Rooms, worker: FakeWorker) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    ann_media, bob_media = await publish(ann), await publish(bob)
    events(bob)
    low, high = ann_media.sources[1], ann_media.sources[3]
    worker.inject(low.started(), low.sized(320, 180), high.started(), high.sized(1280, 720))
    await wait_all_tasks_blocked()
    published = TrackPublished(participant_id="ann", source="camera", kind="video", width=1280, height=720)
    assert events(bob) == [published]
    assert slot(bob_media, "v0").shown == [high]
    assert slot(ann_media, "v0").shown == []
    worker.inject(slot(bob_media, "v0").switched(high), slot(bob_media, "a1").switched(ann_media.sources[0]))
    await wait_all_tasks_blocked()
    (showing,) = events(bob)
    assert isinstance(showing, Showing)
    assert [content for content in showing.slots if content.participant_id] == [
        SlotContent(mid="a1", participant_id="ann", source="microphone"),
        SlotContent(mid="v0", participant_id="ann", source="camera"),
    ]


async def test_wishes_switch_slots_and_wrong_ones_name_the_field(rooms: Rooms, worker: FakeWorker) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    ann_media, bob_media = await publish(ann), await publish(bob)
    low, high = ann_media.sources[1], ann_media.sources[3]
    worker.inject(low.started(), low.sized(320, 180), high.started(), high.sized(1280, 720))
    await wait_all_tasks_blocked()
    bob.show([Shown(mid="v2", participant_id="ann", max_height=200), Shown(mid="v0")])
    assert slot(bob_media, "v2").shown == [low]
    assert slot(bob_media, "v0").shown == [high, None]
    with pytest.raises(RoomError) as caught:
        bob.show([Shown(mid="v0", participant_id="zoe")])
    assert caught.value.field == "slots[0].participant_id"


async def test_muting_silences_and_is_told(rooms: Rooms) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    media = await publish(ann)
    events(bob)
    ann.set_muted("microphone", True)
    assert events(bob) == [TrackMuted(participant_id="ann", source="microphone", muted=True)]
    assert [source.blocked for source in media.sources] == [True, False, False, False, False]
    ann.set_blocked("camera", True)
    assert [source.blocked for source in media.sources] == [True, True, True, True, False]


async def test_the_loudest_speaks(rooms: Rooms, worker: FakeWorker) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    media = await publish(ann)
    events(ann)
    worker.inject(_fastpath.Event(_fastpath.EVENT_SPEAKER, worker.rooms[0].id, media.sources[0].id, None, b""))
    await wait_all_tasks_blocked()
    assert events(ann) == [Speaking(participant_id="ann")]


async def test_a_section_that_stops_unpublishes_its_track(rooms: Rooms, worker: FakeWorker) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    browser = Browser()
    media = await publish(ann, browser)
    worker.inject(media.sources[1].started(), media.sources[1].stopped(), media.sources[1].started())
    await wait_all_tasks_blocked()
    events(bob)
    stopped = type(CAMERA)("1", "video", "inactive")
    await ann.negotiate(browser.offer(MICROPHONE, stopped, SCREEN, *HEARS, *SEES))
    assert events(bob) == [TrackUnpublished(participant_id="ann", source="camera", kind="video")]


async def test_a_connection_that_fails_ends_its_media_but_not_the_presence(
    rooms: Rooms, worker: FakeWorker, mock_clock: MockClock
) -> None:
    ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
    media = await publish(ann)
    worker.inject(media.sources[0].started())
    await wait_all_tasks_blocked()
    events(bob)
    mock_clock.jump(31)
    await wait_all_tasks_blocked()
    assert events(ann)[-1] == ConnectionState(state="failed")
    assert events(bob) == [TrackUnpublished(participant_id="ann", source="microphone", kind="audio")]
    statistics = ann.statistics()
    assert statistics is not None
    assert statistics.state == "failed"
    again = await publish(ann)
    assert not again.closed
    assert events(ann) == [ConnectionState(state="connecting")]


async def test_a_new_browser_object_takes_over_the_media(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    first = await publish(ann)
    second = await publish(ann, Browser(Identity()))
    assert (first.closed, second.closed) == (True, False)
    assert rooms.statistics().workers[0].connections == 1


async def test_a_refused_first_offer_leaves_nothing_behind(rooms: Rooms, worker: FakeWorker) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    with pytest.raises(NegotiationError):
        await ann.negotiate("v=0\r\n")
    with pytest.raises(SourceError):
        await ann.negotiate(Browser().offer(MICROPHONE), {"0": "camera"})
    assert rooms.statistics().workers[0].connections == 0
    assert all(transport.closed for transport in worker.rooms[0].transports)
    assert ann.statistics() is None
    assert events(ann) == []


async def test_a_refused_new_browser_object_leaves_the_old_one_alone(rooms: Rooms) -> None:
    ann = await rooms.join("math", "ann", "Ann")
    first = await publish(ann)
    with pytest.raises(SourceError):
        await ann.negotiate(Browser(Identity()).offer(MICROPHONE), {"0": "camera"})
    assert not first.closed
    assert rooms.statistics().workers[0].connections == 1


async def test_a_room_opened_beforehand_stays_open_until_somebody_has_been_there(rooms: Rooms) -> None:
    rooms.open_room("math")
    rooms.tell("math", Speaking(participant_id=None))
    rooms.lift_blocks("a plugin")
    rooms.reconsider("math")
    await wait_all_tasks_blocked()
    assert list(rooms.rooms) == ["math"]
    ann = await rooms.join("math", "ann", "Ann")
    ann.leave()
    assert rooms.rooms == {}
