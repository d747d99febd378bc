# SPDX-License-Identifier: Apache-2.0
"""Taps and bots in the name of a plugin: what is refused, what is known of them, and that none outlives its plugin."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.bots.bot import Bot
from podium.core.config import load_config
from podium.core.media.tap import MediaTap
from podium.core.plugins.context import PluginContext
from podium.core.plugins.errors import PluginError
from podium.core.plugins.manager import Plugins, open_plugins
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import ParticipantView, Veto
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.bots.test_bot import clip
from tests.peers.offers import Section
from tests.plugins.stand_ins import config_for, found
from tests.plugins.test_rooms import host, native, transport_of
from tests.rooms.browser import CAMERA, MICROPHONE, SCREEN, Browser
from tests.rooms.fake_worker import FakeTransport, FakeWorker

__all__ = ["clip", "native"]

SOUND = Section("3", "audio", "sendonly", ssrc=33)
NAMES = {"0": "microphone", "1": "camera", "2": "screen", "3": "screen"}


async def publish(rooms: Rooms) -> FakeTransport:
    ann = await rooms.join("math", "ann", "Ann")
    await ann.negotiate(Browser().offer(MICROPHONE, CAMERA, SCREEN, SOUND), NAMES)
    return transport_of(ann)


@pytest.fixture
def plugin() -> Plugin:
    return Plugin("recorder", version="1.0")


async def test_a_tap_knows_what_it_gives(tmp_path: Path, plugin: Plugin) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        transport = await publish(rooms)
        media = manager.running()["recorder"].media
        tap = media.open_tap("math", "ann", "microphone", capacity=1 << 14)
        assert (tap.participant_id, tap.source, tap.kind, tap.layer) == ("ann", "microphone", "audio", 0)
        assert set(tap.codecs.values()) == {("opus", 48000)}
        camera = media.open_tap("math", "ann", "camera", layer=1)
        assert ("VP8", 90000) in camera.codecs.values()
        assert "rtx" not in {name for name, _ in camera.codecs.values()}
        assert (camera.kind, camera.layer) == ("video", 1)
        assert [len(source.taps) for source in transport.sources] == [1, 0, 1, 0, 0, 0]
        assert transport.sources[0].taps[0].capacity == 1 << 14
        camera.request_key_frame()
        assert transport.sources[2].key_frames_wanted == 1
        assert (camera.read(), camera.wait(0), camera.ended, camera.records, camera.overruns) == ([], True, False, 0, 0)


async def test_without_a_layer_it_is_the_largest_that_flows(
    tmp_path: Path, plugin: Plugin, native: list[FakeWorker]
) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        transport = await publish(rooms)
        media = manager.running()["recorder"].media
        assert media.open_tap("math", "ann", "camera").layer == 2
        native[0].inject(transport.sources[1].started(), transport.sources[2].started())
        await wait_all_tasks_blocked()
        assert media.open_tap("math", "ann", "camera").layer == 1


async def test_a_screen_with_sound_has_two_tracks(tmp_path: Path, plugin: Plugin) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        await publish(rooms)
        media = manager.running()["recorder"].media
        assert media.open_tap("math", "ann", "screen").kind == "video"
        assert media.open_tap("math", "ann", "screen", kind="audio").kind == "audio"


async def test_what_cannot_be_tapped_is_refused_by_name(tmp_path: Path, plugin: Plugin) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        await publish(rooms)
        await rooms.join("math", "bob", "Bob")
        media = manager.running()["recorder"].media

        def code(*names: object, **options: object) -> str:
            with pytest.raises(RoomError) as refused:
                media.open_tap(*names, **options)  # type: ignore[arg-type]  # names in this test are right or meant
            return refused.value.code

        assert code("art", "ann", "camera") == "room_unknown"
        assert code("math", "eve", "camera") == "participant_unknown"
        assert code("math", "bob", "camera") == "track_unknown"
        assert code("math", "ann", "camera", kind="audio") == "track_unknown"
        assert code("math", "ann", "camera", layer=3) == "layer_unknown"
        assert code("math", "ann", "camera", layer=-1) == "layer_unknown"
        assert code("math", "ann", "camera", capacity=5000) == "capacity_invalid"
        taps = [media.open_tap("math", "ann", "camera", layer=0) for _ in range(4)]
        assert code("math", "ann", "camera", layer=0) == "taps_exhausted"
        taps[0].close()
        assert not media.open_tap("math", "ann", "camera", layer=0).ended


async def test_taps_close_when_their_plugin_stops(tmp_path: Path, plugin: Plugin) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        transport = await publish(rooms)
        media = manager.running()["recorder"].media
        taps = [media.open_tap("math", "ann", source) for source in ("microphone", "camera")]
        taps[0].close()
        taps[0].close()
        await manager.disable("recorder")
        assert [(tap.ended, tap.wait(0), tap.read()) for tap in taps] == [(True, False, [])] * 2
        assert all(tap.closed for source in transport.sources for tap in source.taps)
        taps[1].request_key_frame()
        assert transport.sources[3].key_frames_wanted == 0
        with pytest.raises(PluginError, match="not running"):
            media.open_tap("math", "ann", "camera")


async def test_taps_close_when_their_plugin_fails(tmp_path: Path, plugin: Plugin, mock_clock: MockClock) -> None:
    taps: list[MediaTap] = []
    crash = trio.Event()

    @plugin.task
    async def record(context: PluginContext) -> None:
        await crash.wait()
        if not taps:
            taps.append(context.media.open_tap("math", "ann", "camera"))
        raise RuntimeError("the disk is full")

    async with host(tmp_path, plugin) as (_, rooms):
        await publish(rooms)
        crash.set()
        for _ in range(3):
            await wait_all_tasks_blocked()
            mock_clock.jump(3)
        await wait_all_tasks_blocked()
        assert taps[0].ended


async def test_a_tap_outlives_its_track_until_it_is_closed(tmp_path: Path, plugin: Plugin) -> None:
    async with host(tmp_path, plugin) as (manager, rooms):
        transport = await publish(rooms)
        tap = manager.running()["recorder"].media.open_tap("math", "ann", "camera", layer=0)
        rooms.remove("math", "ann")
        tap.request_key_frame()
        assert transport.sources[1].key_frames_wanted == 0
        assert not transport.sources[1].taps[0].closed
        tap.close()
        assert transport.sources[1].taps[0].closed


# With real workers


@asynccontextmanager
async def real_host(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[tuple[Plugins, Rooms]]:
    environment = {"PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1", "PODIUM_ROOMS__AD_HOC": "true"}
    enabled = config_for(tmp_path, [each.name for each in plugins]).plugins
    config = msgspec.structs.replace(load_config(environment=environment), plugins=enabled)
    async with open_plugins(config, found=found(*plugins)) as manager, open_rooms(config, manager.hooks) as rooms:
        await manager.start(rooms)
        yield manager, rooms


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch, native: list[FakeWorker]) -> None:
    monkeypatch.undo()


@pytest.mark.usefixtures("unpatched")
async def test_a_thread_reads_what_a_bot_plays_until_the_plugin_stops(
    tmp_path: Path, plugin: Plugin, clip: Path
) -> None:
    records = []
    enough, ended = trio.Event(), trio.Event()
    soon = trio.lowlevel.current_trio_token().run_sync_soon

    def drain(tap: MediaTap) -> None:
        while tap.wait(1.0):
            records.extend(tap.read())
            if len(records) > 20:
                soon(enough.set)
        soon(ended.set)

    player = Plugin("player", version="1.0")
    async with real_host(tmp_path, plugin, player) as (manager, rooms):
        contexts = manager.running()
        async with contexts["player"].media.open_bot("math", "Projector", play=clip, repeat=True) as bot:
            tap = contexts["recorder"].media.open_tap("math", bot.participant.id, "camera")
            thread = threading.Thread(target=drain, args=[tap])
            thread.start()
            with trio.fail_after(20):
                await enough.wait()
                await manager.disable("recorder")
                await ended.wait()
            thread.join()
            assert {tap.codecs[record.data[1] & 0x7F] for record in records if record.kind == 1} == {("VP8", 90000)}
            await manager.disable("player")
            assert bot.participant.left_reason == "plugin_stopped"
        assert rooms.rooms == {}


@pytest.mark.usefixtures("unpatched")
async def test_a_bot_needs_the_consent_of_other_plugins(tmp_path: Path, plugin: Plugin, clip: Path) -> None:
    doorman = Plugin("doorman", version="1.0")

    @doorman.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return Veto("no robots", "no_robots") if participant.display_name == "Robot" else None

    async with real_host(tmp_path, plugin, doorman) as (manager, rooms):
        media = manager.running()["recorder"].media
        with pytest.raises(RoomError, match="no robots"):
            async with media.open_bot("math", "Robot", play=clip):
                raise AssertionError("unreachable")
        assert rooms.rooms == {}


@pytest.mark.usefixtures("unpatched")
async def test_only_those_in_the_audience_get_anything_at_all(tmp_path: Path, plugin: Plugin, clip: Path) -> None:
    allowed = {"ann"}

    @plugin.hook
    async def track_audience(audience: frozenset[str]) -> frozenset[str]:
        return audience & allowed

    async def receive(bot: Bot, frames: int) -> None:
        """So many frames of each kind."""
        kinds = {"camera": frames, "microphone": frames}
        while max(kinds.values()) > 0:
            kinds[(await bot.frames.receive()).source] -= 1

    async with real_host(tmp_path, plugin) as (manager, rooms):
        media = manager.running()["recorder"].media
        slots = {"audio_slots": 1, "video_slots": 1}
        async with (
            media.open_bot("math", "Ann", participant_id="ann", **slots) as ann,
            media.open_bot("math", "Bob", participant_id="bob", **slots) as bob,
            media.open_bot("math", "Projector", play=clip, repeat=True),
        ):
            with trio.fail_after(20):
                await receive(ann, 20)
            assert (bob.frames.statistics().current_buffer_used, bob.dropped_frames) == (0, 0)
            allowed.add("bob")
            rooms.reconsider("math")
            with trio.fail_after(20):
                await receive(bob, 5)
