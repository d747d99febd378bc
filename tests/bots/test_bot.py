# SPDX-License-Identifier: Apache-2.0
"""Bots in real rooms: one plays a file, another decodes it, everything over the workers' UDP ports."""

import math
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest
import trio

from podium.core import Config, RoomError, Rooms, load_config, open_rooms
from podium.core.bots.bot import BotError, BotFrame, open_bot

COLOR = (200, 40, 40)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of one color and one tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libvpx", rate=15, options={"deadline": "realtime", "cpu-used": "8"})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = output.add_stream("libopus", rate=48000)
        for number in range(45):
            picture = np.full((120, 160, 3), COLOR, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            output.mux(video.encode(frame))
        for number in range(150):
            times = (np.arange(960) + 960 * number) / 48000
            wave = (12000 * np.sin(2 * math.pi * 440 * times)).astype(np.int16)
            sound = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo")
            sound.sample_rate, sound.pts = 48000, 960 * number
            output.mux(audio.encode(sound))
        output.mux(video.encode())
        output.mux(audio.encode())
    return path


@pytest.fixture
async def rooms() -> AsyncIterator[Rooms]:
    environment = {"PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1", "PODIUM_ROOMS__AD_HOC": "true"}
    config: Config = load_config(environment=environment)
    async with open_rooms(config) as rooms:
        yield rooms


def is_of_the_clip(frame: BotFrame) -> bool:
    if isinstance(frame.frame, av.VideoFrame):
        middle = frame.frame.to_ndarray(format="rgb24")[60, 80].astype(int)
        return bool(np.abs(middle - np.array(COLOR)).max() < 25)
    return bool(np.abs(frame.frame.to_ndarray().astype(int)).max() > 6000)


async def test_one_bot_plays_what_another_sees_and_hears(rooms: Rooms, clip: Path) -> None:
    async with (
        open_bot(rooms, "cinema", "Viewer", audio_slots=1, video_slots=1) as viewer,
        open_bot(rooms, "cinema", "Projector", role="instructor", play=clip, repeat=True) as projector,
    ):
        waiting = {"camera", "microphone"}
        with trio.fail_after(20):
            while waiting:
                frame = await viewer.frames.receive()
                assert frame.participant_id == projector.participant.id
                if is_of_the_clip(frame):
                    waiting.discard(frame.source)
        everybody = {each.display_name: each.role for each in rooms.rooms["cinema"].participants}
        assert everybody == {"Viewer": "observer", "Projector": "instructor"}
    assert rooms.rooms == {}


async def test_a_bot_says_when_its_file_is_over(rooms: Rooms, clip: Path) -> None:
    async with open_bot(rooms, "cinema", "Projector", play=clip) as projector:
        with trio.fail_after(20):
            await projector.played.wait()


async def test_a_bot_learns_that_the_room_was_closed(rooms: Rooms) -> None:
    async with open_bot(rooms, "cinema", "Viewer", video_slots=1) as viewer:
        rooms.close_room("cinema")
        with trio.fail_after(5):
            await viewer.ended.wait()
            with pytest.raises(trio.EndOfChannel):
                await viewer.frames.receive()
        assert viewer.participant.left_reason == "room_closed"


async def test_what_cannot_be_played_is_refused(rooms: Rooms, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a film")
    for path in (tmp_path / "missing.mp4", text):
        with pytest.raises(BotError) as refused:
            async with open_bot(rooms, "cinema", "Projector", play=path):
                raise AssertionError("unreachable")
        assert (refused.value.code, refused.value.field) == ("file_unreadable", "play")
    assert rooms.rooms == {}


async def test_a_bot_needs_the_rooms_consent(rooms: Rooms) -> None:
    with pytest.raises(RoomError, match="role"):
        async with open_bot(rooms, "cinema", "Nobody", role="emperor", video_slots=1):
            raise AssertionError("unreachable")
