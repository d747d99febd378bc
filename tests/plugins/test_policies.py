# SPDX-License-Identifier: Apache-2.0
"""Plugins decide who sees and hears whom, who is shown first, and what a browser connects with."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import _fastpath
from podium.core.events import ClientConfiguration, IceServer, Left, TrackSource
from podium.core.plugins.context import PluginContext
from podium.core.plugins.errors import PluginError
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import ParticipantView, RoomView
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms
from tests.plugins.test_rooms import host, native, transport_of
from tests.rooms.browser import CAMERA, HEARS, MICROPHONE, SEES, Browser
from tests.rooms.fake_worker import FakeTransport, FakeWorker

__all__ = ["native"]

NOBODY: frozenset[str] = frozenset()


async def come(rooms: Rooms, worker: FakeWorker, name: str, role: str = "student") -> FakeTransport:
    """Somebody joins, and speaks and shows at once."""
    participant = await rooms.join("math", name, name.title(), role)
    await participant.negotiate(Browser().offer(MICROPHONE, CAMERA, *HEARS, *SEES))
    transport = transport_of(participant)
    worker.inject(*(source.started() for source in transport.sources))
    await wait_all_tasks_blocked()
    return transport


def hears(listener: FakeTransport, speaker: FakeTransport) -> bool:
    return listener.hears(speaker.sources[0])


def sees(viewer: FakeTransport, publisher: FakeTransport) -> bool:
    showing = [slot.shown[-1] for slot in viewer.slots if slot.kind == _fastpath.VIDEO and slot.shown]
    return any(source in publisher.sources for source in showing)


def audience(decide: Callable[[frozenset[str], ParticipantView], frozenset[str]], name: str = "policy") -> Plugin:
    plugin = Plugin(name, version="1.0")

    @plugin.hook
    async def track_audience(audience: frozenset[str], publisher: ParticipantView) -> frozenset[str]:
        return decide(audience, publisher)

    return plugin


def teachers_only(everybody: frozenset[str], publisher: ParticipantView) -> frozenset[str]:
    return everybody if publisher.role == "instructor" else everybody & {"teacher"}


async def test_students_are_seen_and_heard_by_their_teacher_alone(tmp_path: Path, native: list[FakeWorker]) -> None:
    async with host(tmp_path, audience(teachers_only)) as (_, rooms):
        ann = await come(rooms, native[0], "ann")
        teacher = await come(rooms, native[0], "teacher", "instructor")
        bob = await come(rooms, native[0], "bob")
        for student in (ann, bob):
            assert (hears(teacher, student), sees(teacher, student)) == (True, True)
            assert (hears(student, teacher), sees(student, teacher)) == (True, True)
        assert not hears(ann, bob)
        assert not sees(ann, bob)
        assert not hears(bob, ann)
        assert not sees(bob, ann)


async def test_without_such_a_plugin_nothing_is_restricted(tmp_path: Path, native: list[FakeWorker]) -> None:
    async with host(tmp_path, Plugin("other", version="1.0")) as (_, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert ann.sources[0].audience is None
        assert ann.groups == bob.groups == 0
        assert sees(bob, ann)


async def test_who_is_new_has_nothing_until_plugins_have_answered(
    tmp_path: Path, native: list[FakeWorker], mock_clock: MockClock
) -> None:
    answer = trio.Event()
    slow = Plugin("slow", version="1.0")

    @slow.hook
    async def track_audience(audience: frozenset[str]) -> frozenset[str]:
        await answer.wait()
        return audience

    async with host(tmp_path, slow) as (_, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert not hears(ann, bob)
        assert not sees(ann, bob)
        answer.set()
        await wait_all_tasks_blocked()
        assert hears(ann, bob)
        assert sees(bob, ann)
        answer = trio.Event()
        cat = await come(rooms, native[0], "cat")
        assert hears(ann, bob)
        assert not hears(cat, ann)
        assert not hears(ann, cat)
        answer.set()
        await wait_all_tasks_blocked()
        assert hears(cat, ann)
        assert hears(ann, cat)


async def test_what_changes_during_a_round_is_one_more_round(tmp_path: Path, native: list[FakeWorker]) -> None:
    asked: list[str] = []
    answer = trio.Event()
    slow = Plugin("slow", version="1.0")

    @slow.hook
    async def track_audience(audience: frozenset[str], publisher: ParticipantView) -> frozenset[str]:
        asked.append(publisher.participant_id)
        await answer.wait()
        return audience

    async with host(tmp_path, slow) as (_, rooms):
        await come(rooms, native[0], "ann")
        for name in ("bob", "cat", "dan"):
            await rooms.join("math", name, name)
        rooms.reconsider("math")
        await wait_all_tasks_blocked()
        assert asked == ["ann", "ann"]  # the microphone and the camera
        answer.set()
        await wait_all_tasks_blocked()
        assert asked == ["ann"] * 4


async def test_a_plugin_may_change_its_mind(tmp_path: Path, native: list[FakeWorker]) -> None:
    groups = {"ann": {"ann", "bob"}, "bob": {"ann", "bob"}, "cat": {"cat"}}
    contexts: list[PluginContext] = []
    plugin = audience(lambda everybody, publisher: everybody & groups[publisher.participant_id])

    @plugin.on_start
    async def keep(context: PluginContext) -> None:
        contexts.append(context)

    async with host(tmp_path, plugin) as (_, rooms):
        ann, bob, cat = [await come(rooms, native[0], name) for name in ("ann", "bob", "cat")]
        assert (hears(ann, bob), hears(ann, cat), sees(bob, ann)) == (True, False, True)
        groups.update(ann={"ann", "cat"}, bob={"bob"}, cat={"ann", "cat"})
        contexts[0].rooms.reconsider("math")
        await wait_all_tasks_blocked()
        assert (hears(ann, bob), hears(ann, cat), sees(bob, ann)) == (False, True, False)
        with pytest.raises(RoomError, match="no session 'art'"):
            contexts[0].rooms.reconsider("art")


@pytest.mark.parametrize("answer", [None, "ann", {"ann"}, ValueError("my fault")])
async def test_a_plugin_that_fails_leaves_nobody(tmp_path: Path, native: list[FakeWorker], answer: object) -> None:
    broken, generous = Plugin("broken", version="1.0"), audience(lambda everybody, publisher: everybody, "generous")

    @broken.hook(first=True)
    async def track_audience() -> frozenset[str]:
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]  # what a plugin should not do

    async with host(tmp_path, broken, generous) as (_, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert not hears(ann, bob)
        assert not sees(ann, bob)


async def test_a_plugin_that_is_late_leaves_nobody(
    tmp_path: Path, native: list[FakeWorker], mock_clock: MockClock
) -> None:
    late = Plugin("late", version="1.0")

    @late.hook
    async def track_audience(publisher: ParticipantView, audience: frozenset[str]) -> frozenset[str]:
        if publisher.participant_id == "ann":
            await trio.sleep_forever()
        return audience

    async with host(tmp_path, late) as (_, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        mock_clock.jump(1)
        await wait_all_tasks_blocked()
        mock_clock.jump(1)
        await wait_all_tasks_blocked()
        assert hears(ann, bob)
        assert not hears(bob, ann)


async def test_starting_and_stopping_a_policy_is_noticed_in_every_room(
    tmp_path: Path, native: list[FakeWorker]
) -> None:
    async with host(tmp_path, audience(teachers_only)) as (manager, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert not hears(ann, bob)
        await manager.disable("policy")
        await wait_all_tasks_blocked()
        assert hears(ann, bob)
        assert sees(ann, bob)
        await manager.enable("policy")
        await wait_all_tasks_blocked()
        assert not hears(ann, bob)
        assert not sees(ann, bob)


async def test_while_a_policy_has_failed_nobody_sees_or_hears_anybody(
    tmp_path: Path, native: list[FakeWorker], mock_clock: MockClock
) -> None:
    plugin = audience(lambda everybody, publisher: everybody)
    crash = trio.Event()
    restart = trio.Event()

    @plugin.task
    async def work(context: PluginContext) -> None:
        await crash.wait()
        raise RuntimeError("cannot go on")

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        if crash.is_set():
            await restart.wait()

    async with host(tmp_path, plugin) as (manager, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert hears(ann, bob)
        crash.set()
        for _ in range(3):
            await wait_all_tasks_blocked()
            mock_clock.jump(3)
        await wait_all_tasks_blocked()
        assert manager.reports()[0].state == "failed"
        assert not hears(ann, bob)
        assert not sees(ann, bob)
        cat = await come(rooms, native[0], "cat")
        assert not hears(cat, bob)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(manager.enable, "policy")
            await wait_all_tasks_blocked()
            assert not hears(ann, bob)  # it is not running yet
            crash = trio.Event()
            restart.set()
        await wait_all_tasks_blocked()
        assert hears(ann, bob)
        assert hears(cat, bob)


async def test_a_microphone_may_have_another_audience_than_a_camera(tmp_path: Path, native: list[FakeWorker]) -> None:
    plugin = Plugin("quiet", version="1.0")

    @plugin.hook
    async def track_audience(audience: frozenset[str], source: TrackSource) -> frozenset[str]:
        return NOBODY if source == "microphone" else audience

    async with host(tmp_path, plugin) as (_, rooms):
        ann, bob = await come(rooms, native[0], "ann"), await come(rooms, native[0], "bob")
        assert not hears(ann, bob)
        assert sees(ann, bob)


async def test_a_new_connection_hears_what_the_one_before_did(tmp_path: Path, native: list[FakeWorker]) -> None:
    async with host(tmp_path, audience(lambda everybody, publisher: everybody)) as (_, rooms):
        ann = await come(rooms, native[0], "ann")
        bob: LocalParticipant = await rooms.join("math", "bob", "Bob")
        await wait_all_tasks_blocked()
        await bob.negotiate(Browser().offer(*HEARS))
        assert hears(transport_of(bob), ann)


# Priorities


async def test_the_preferred_are_shown_where_slots_are_few(tmp_path: Path, native: list[FakeWorker]) -> None:
    plugin = Plugin("preference", version="1.0")
    favorite = "dan"

    @plugin.hook
    async def track_priority(priority: float, publisher: ParticipantView, source: TrackSource) -> float:
        assert (source, priority) == ("camera", 100.0)
        return 300 if publisher.participant_id == favorite else priority

    async with host(tmp_path, plugin) as (manager, rooms):
        names = ("ann", "bob", "cat", "dan")
        ann, bob, cat, dan = [await come(rooms, native[0], name) for name in names]
        eve = await come(rooms, native[0], "eve")
        assert [sees(eve, each) for each in (ann, bob, cat, dan)] == [True, True, False, True]
        favorite = "cat"
        rooms.reconsider("math")
        await wait_all_tasks_blocked()
        assert [sees(eve, each) for each in (ann, bob, cat, dan)] == [True, True, True, False]
        assert ann.sources[0].audience is None
        await manager.disable("preference")
        await wait_all_tasks_blocked()
        assert [sees(dan, each) for each in (ann, bob, cat, eve)] == [True, True, True, False]


# Configuration of clients


async def test_a_browser_is_told_what_plugins_configure(tmp_path: Path) -> None:
    plugin, broken = Plugin("turn", version="1.0"), Plugin("wrong", version="1.0")

    @plugin.hook
    async def client_configuration(
        configuration: ClientConfiguration, room: RoomView, participant: ParticipantView
    ) -> ClientConfiguration:
        turn = IceServer(urls=("turn:192.0.2.1:3478",), username=participant.participant_id, credential=room.session_id)
        return ClientConfiguration(ice_servers=(*configuration.ice_servers, turn))

    async def misspell(configuration: ClientConfiguration) -> ClientConfiguration:
        return ClientConfiguration(ice_servers=(IceServer(urls=("https://example.org",)),))

    misspell.__name__ = "client_configuration"
    broken.hook(misspell)
    async with host(tmp_path, plugin, broken) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        (server,) = ann.snapshot().configuration.ice_servers
        assert (server.urls, server.username, server.credential) == (("turn:192.0.2.1:3478",), "ann", "math")


async def test_without_plugins_the_configuration_is_empty(tmp_path: Path) -> None:
    async with host(tmp_path) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        assert ann.snapshot().configuration == ClientConfiguration()


async def test_plugins_are_asked_again_about_who_has_another_role(tmp_path: Path, native: list[FakeWorker]) -> None:
    plugin = audience(teachers_only)
    async with host(tmp_path, plugin) as (manager, rooms):
        ann, bob = [await come(rooms, native[0], name) for name in ("ann", "bob")]
        assert not hears(bob, ann)
        manager.running()["policy"].rooms.set_role("math", "ann", "instructor")
        await wait_all_tasks_blocked()
        assert hears(bob, ann)
        assert not hears(ann, bob)


# Blocks and sessions


async def test_what_a_plugin_has_blocked_flows_again_when_it_stops(tmp_path: Path, native: list[FakeWorker]) -> None:
    plugins = [Plugin(name, version="1.0") for name in ("hall", "quiet")]
    async with host(tmp_path, *plugins) as (manager, rooms):
        ann = await come(rooms, native[0], "ann")
        contexts = manager.running()
        for context in contexts.values():
            context.rooms.set_blocked("math", "ann", "microphone", True)
        contexts["quiet"].rooms.set_blocked("math", "ann", "microphone", False)
        (microphone, *_) = blocked = [source.blocked for source in ann.sources]
        assert (microphone, any(blocked[1:])) == (True, False)
        await manager.disable("hall")
        assert not any(source.blocked for source in ann.sources)
        with pytest.raises(PluginError, match="not running"):
            contexts["hall"].rooms.set_blocked("math", "ann", "microphone", True)


async def test_a_plugin_blocks_who_joins_before_anything_flows(tmp_path: Path, native: list[FakeWorker]) -> None:
    hall = Plugin("hall", version="1.0")

    @hall.hook
    async def participant_joining(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        context.rooms.set_blocked(room.session_id, participant.participant_id, "microphone", True)

    async with host(tmp_path, hall) as (manager, rooms):
        ann = await come(rooms, native[0], "ann")
        assert [source.blocked for source in ann.sources] == [True, *[False] * (len(ann.sources) - 1)]
        await manager.disable("hall")
        assert not any(source.blocked for source in ann.sources)


async def test_an_ended_session_is_told_with_and_without_a_room(tmp_path: Path) -> None:
    log: list[str] = []
    plugin = Plugin("owner", version="1.0")

    @plugin.hook
    async def room_closed(room: RoomView, reason: str) -> None:
        log.append(f"{room.session_id} closed: {reason}")

    @plugin.hook
    async def session_ended(session_id: str, reason: str) -> None:
        log.append(f"{session_id} ended: {reason}")

    async with host(tmp_path, plugin) as (manager, rooms):
        mine = manager.running()["owner"].rooms
        ann = await rooms.join("math", "ann", "Ann")
        mine.end_session("math", reason="time_is_up")
        mine.end_session("art")
        await wait_all_tasks_blocked()
        assert log == ["math closed: time_is_up", "math ended: time_is_up", "art ended: ended"]
        assert ann.events.receive_nowait() == Left(reason="time_is_up")
        with pytest.raises(RoomError, match="session_id must be"):
            mine.end_session("no spaces")
        with pytest.raises(RoomError, match="no session 'math'"):
            mine.close("math")
        bob = await rooms.join("math", "bob", "Bob")
        mine.close("math", reason="fire")
        assert bob.events.receive_nowait() == Left(reason="fire")
