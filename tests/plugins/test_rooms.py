# SPDX-License-Identifier: Apache-2.0
"""Rooms with plugins: what plugins are told and asked, and that a room goes on whatever they do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import _fastpath
from podium.core.config import IpAddress, MediaConfig, RoomsConfig
from podium.core.events import Event, Left, ParticipantJoined, ParticipantLeft, TrackSource, TransportState
from podium.core.plugins.context import PluginContext
from podium.core.plugins.manager import Plugins, open_plugins
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import ParticipantView, RoomView, TrackView, Veto
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.plugins.stand_ins import config_for, found
from tests.rooms.browser import CAMERA, MICROPHONE, Browser
from tests.rooms.fake_worker import FakeTransport, FakeWorker, real


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> list[FakeWorker]:
    """The workers that have been made."""
    made: list[FakeWorker] = []

    def make(address: str, port: int, *, audio_slots: int) -> FakeWorker:
        made.append(FakeWorker(address, port, audio_slots=audio_slots))
        return made[-1]

    monkeypatch.setattr(_fastpath, "Worker", make)
    return made


@asynccontextmanager
async def host(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[tuple[Plugins, Rooms]]:
    """What a host does."""
    config = msgspec.structs.replace(
        config_for(tmp_path, [each.name for each in plugins]),
        media=MediaConfig(workers=1, announced_addresses=(IpAddress("192.0.2.1"),)),
        rooms=RoomsConfig(ad_hoc=True),
    )
    async with open_plugins(config, found=found(*plugins)) as manager, open_rooms(config, manager.hooks) as rooms:
        await manager.start(rooms)
        yield manager, rooms


def scribe(log: list[str]) -> Plugin:
    """A plugin that writes down what it is told."""
    plugin = Plugin("scribe", version="1.0")

    @plugin.hook
    async def room_opened(room: RoomView) -> None:
        log.append(f"{room.session_id} opened")

    @plugin.hook
    async def room_closed(room: RoomView, reason: str) -> None:
        log.append(f"{room.session_id} closed: {reason}")

    @plugin.hook
    async def participant_joined(participant: ParticipantView) -> None:
        log.append(f"{participant.participant_id} joined as {participant.role}")

    @plugin.hook
    async def participant_left(participant: ParticipantView, reason: str) -> None:
        log.append(f"{participant.participant_id} left: {reason}")

    @plugin.hook
    async def track_published(participant: ParticipantView, track: TrackView) -> None:
        log.append(f"{participant.participant_id} publishes {track.source} ({track.kind})")

    @plugin.hook
    async def track_unpublished(participant: ParticipantView, track: TrackView) -> None:
        log.append(f"{participant.participant_id} no longer publishes {track.source}")

    @plugin.hook
    async def track_muted(participant: ParticipantView, source: TrackSource, muted: bool) -> None:
        log.append(f"{participant.participant_id} {'muted' if muted else 'unmuted'} {source}")

    return plugin


async def test_plugins_are_told_of_people_in_order(tmp_path: Path) -> None:
    log: list[str] = []
    async with host(tmp_path, scribe(log)) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann", "instructor")
        await rooms.join("math", "bob", "Bob")
        await rooms.join("math", "bob", "Bob")
        ann.set_muted("camera", True)
        ann.leave()
    assert log == [
        "math opened",
        "ann joined as instructor",
        "bob joined as student",
        "bob left: replaced",
        "bob joined as student",
        "ann muted camera",
        "ann left: left",
        "bob left: shutdown",
        "math closed: shutdown",
    ]


async def test_plugins_are_told_of_tracks(tmp_path: Path, native: list[FakeWorker]) -> None:
    log: list[str] = []
    async with host(tmp_path, scribe(log)) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        await ann.negotiate(Browser().offer(MICROPHONE, CAMERA))
        transport = transport_of(ann)
        microphone = transport.sources[0]
        native[0].inject(microphone.started())
        await wait_all_tasks_blocked()
        native[0].inject(microphone.stopped())
        await wait_all_tasks_blocked()
    assert log[2:4] == ["ann publishes microphone (audio)", "ann no longer publishes microphone"]


def transport_of(participant: LocalParticipant) -> FakeTransport:
    assert participant.connection is not None
    transport: FakeTransport = real(participant.connection)._transport
    return transport


async def test_plugins_are_told_who_is_the_loudest_from_now_on(tmp_path: Path, native: list[FakeWorker]) -> None:
    log: list[tuple[str, str | None]] = []
    plugin = Plugin("ear", version="1.0")

    @plugin.hook
    async def speaker_changed(room: RoomView, participant: ParticipantView | None) -> None:
        log.append((room.session_id, participant.display_name if participant is not None else None))

    @plugin.hook
    async def participant_left(participant: ParticipantView) -> None:
        log.append(("left", participant.display_name))

    async with host(tmp_path, plugin) as (_, rooms):
        ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
        for each in (ann, bob):
            await each.negotiate(Browser().offer(MICROPHONE))
        loudest = [transport_of(each).sources[0].id for each in (ann, bob)]
        for source in (loudest[0], loudest[0], loudest[1], 0, loudest[0]):
            native[0].inject(_fastpath.Event(_fastpath.EVENT_SPEAKER, native[0].rooms[0].id, source, None, b""))
        await wait_all_tasks_blocked()
        assert log == [("math", "Ann"), ("math", "Bob"), ("math", None), ("math", "Ann")]
        log.clear()
        ann.leave()
        await wait_all_tasks_blocked()
        assert log == [("left", "Ann"), ("math", None)]


async def test_a_plugin_may_refuse_an_entry_and_nothing_has_happened_then(tmp_path: Path) -> None:
    log: list[str] = []
    doorman = Plugin("doorman", version="1.0")

    @doorman.hook
    async def participant_joining(room: RoomView, participant: ParticipantView) -> Veto | None:
        return (
            Veto(f"no {participant.role} in {room.session_id}", "no_observers")
            if participant.role != "student"
            else None
        )

    async with host(tmp_path, doorman, scribe(log)) as (_, rooms):
        with pytest.raises(RoomError, match="no observer in math") as caught:
            await rooms.join("math", "eve", "Eve", "observer")
        assert caught.value.code == "no_observers"
        assert rooms.rooms == {}
        await rooms.join("math", "ann", "Ann")
    assert log[:2] == ["math opened", "ann joined as student"]


async def test_plugins_are_told_who_was_refused_and_why(tmp_path: Path) -> None:
    log: list[tuple[str, str, str, str]] = []
    doorman, clerk = Plugin("doorman", version="1.0"), Plugin("clerk", version="1.0")

    @doorman.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return Veto("not today", "banned") if participant.display_name == "Eve" else None

    @clerk.hook
    async def join_refused(room: RoomView, participant: ParticipantView, code: str, message: str) -> None:
        log.append((room.session_id, participant.participant_id, code, message))

    async with host(tmp_path, doorman, clerk) as (_, rooms):
        with pytest.raises(RoomError, match="not today"):
            await rooms.join("math", "eve", "Eve")
        rooms.ad_hoc = False
        with pytest.raises(RoomError, match="no session 'art' is open"):
            await rooms.join("art", "ann", "Ann")
    assert log == [("math", "eve", "banned", "not today"), ("art", "ann", "room_unknown", "no session 'art' is open")]


async def test_plugins_are_told_how_media_connections_fare(tmp_path: Path, autojump_clock: MockClock) -> None:
    log: list[str] = []
    plugin = Plugin("nurse", version="1.0")

    @plugin.hook
    async def connection_changed(room: RoomView, participant: ParticipantView, state: TransportState) -> None:
        log.append(f"{participant.participant_id} in {room.session_id}: {state}")

    async with host(tmp_path, plugin) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        await ann.negotiate(Browser().offer(MICROPHONE))
        await trio.sleep(60)  # in which no browser ever calls
        await wait_all_tasks_blocked()
        assert log == ["ann in math: failed"]
        assert ann.left_reason is None


async def test_two_who_join_at_once_meet_in_one_room(tmp_path: Path, autojump_clock: MockClock) -> None:
    slow = Plugin("slow", version="1.0")

    @slow.hook
    async def participant_joining(room: RoomView) -> Veto | None:
        await trio.sleep(1)
        return None

    async with host(tmp_path, slow) as (_, rooms):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rooms.join, "math", "ann", "Ann")
            nursery.start_soon(rooms.join, "math", "bob", "Bob")
        assert len(rooms.rooms["math"].participants) == 2


async def test_who_gives_up_while_a_plugin_thinks_never_was_there(tmp_path: Path, autojump_clock: MockClock) -> None:
    slow = Plugin("slow", version="1.0")

    @slow.hook
    async def participant_joining(room: RoomView) -> Veto | None:
        await trio.sleep_forever()

    async with host(tmp_path, slow) as (_, rooms):
        with trio.move_on_after(1):
            await rooms.join("math", "ann", "Ann")
        assert rooms.rooms == {}
        with pytest.raises(RoomError) as caught:
            await rooms.join("math", "ann", "Ann")
        assert caught.value.code == "undecided"


async def test_a_room_goes_on_beside_plugins_that_raise_or_block(tmp_path: Path, autojump_clock: MockClock) -> None:
    log: list[str] = []
    raising, blocking = Plugin("raising", version="1.0"), Plugin("blocking", version="1.0")

    @raising.hook(first=True)
    async def participant_joined(participant: ParticipantView) -> None:
        raise ValueError("my fault")

    async def block(participant: ParticipantView) -> None:
        await trio.sleep_forever()

    block.__name__ = "participant_joined"
    blocking.hook(block)
    async with host(tmp_path, raising, blocking, scribe(log)) as (_, rooms):
        with trio.fail_after(0):
            ann = await rooms.join("math", "ann", "Ann")
        await rooms.join("math", "bob", "Bob")
        assert type(ann.events.receive_nowait()) is ParticipantJoined
        await wait_all_tasks_blocked()
        assert log == ["math opened", "ann joined as student", "bob joined as student"]


class Applause(Event, frozen=True, kw_only=True):
    """Said by a plugin."""

    by: str


async def test_a_plugin_sends_its_own_events_and_sends_people_away(tmp_path: Path) -> None:
    plugin = Plugin("host", version="1.0")
    plugin.event(Applause)
    contexts: list[PluginContext] = []

    @plugin.on_start
    async def keep(context: PluginContext) -> None:
        contexts.append(context)

    async with host(tmp_path, plugin) as (_, rooms):
        ann, bob = await rooms.join("math", "ann", "Ann"), await rooms.join("math", "bob", "Bob")
        ann.events.receive_nowait()
        mine = contexts[0].rooms
        assert [room.session_id for room in mine.list()] == ["math"]
        mine.send("math", Applause(by="all"))
        mine.send("math", Applause(by="one"), participant_id="bob")
        mine.remove("math", "bob")
        assert [ann.events.receive_nowait() for _ in range(2)] == [
            Applause(by="all"),
            ParticipantLeft(participant_id="bob", reason="removed"),
        ]
        assert [bob.events.receive_nowait() for _ in range(3)] == [
            Applause(by="all"),
            Applause(by="one"),
            Left(reason="removed"),
        ]
        with pytest.raises(RoomError, match="no session 'art' is open"):
            mine.send("art", Applause(by="nobody"))
        with pytest.raises(RoomError, match="nobody with id 'bob'"):
            mine.remove("math", "bob")
