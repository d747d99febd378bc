# SPDX-License-Identifier: Apache-2.0
"""A real room with a bot that plays a film: what is captured of it can be decoded, sound and picture together."""

from pathlib import Path

import av
import numpy as np
import pytest
import trio

from podium.core import ParticipantView, Rooms, TrackView, load_config, open_bot, open_rooms
from podium.plugins.recording.capturing import Capturing
from podium.plugins.recording.reading import CapturedTrack, Frame, open_class
from tests.bots.test_bot import COLOR, clip

__all__ = ["clip"]

TRACKS = [TrackView(source="camera", kind="video"), TrackView(source="microphone", kind="audio")]


def frames_of(track: CapturedTrack) -> list[Frame]:
    return list(track.frames())


async def capture(rooms: Rooms, folder: Path, clip: Path, seconds: float) -> None:
    soon = trio.lowlevel.current_trio_token().run_sync_soon
    capturing = Capturing(soon)
    capturing.start()
    async with open_bot(rooms, "cinema", "Projector", play=clip, repeat=True) as bot:
        projector = ParticipantView(participant_id=bot.participant.id, display_name="Projector", role="observer")
        recording = capturing.open(folder, "rec", "cinema", rooms)
        recording.participant_joined(projector)
        for track in TRACKS:
            recording.track_published(projector, track)
        with trio.fail_after(30):
            while recording.statistics().packets < seconds * 80:
                await trio.sleep(0.1)
                capturing.tend()
        recording.close()
        await trio.to_thread.run_sync(capturing.stop)
        await trio.lowlevel.checkpoint()
    assert recording.statistics().overruns == 0


async def test_a_film_that_a_bot_plays(tmp_path: Path, clip: Path) -> None:
    environment = {"PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1", "PODIUM_ROOMS__AD_HOC": "true"}
    async with open_rooms(load_config(environment=environment)) as rooms:
        await capture(rooms, tmp_path / "recording", clip, 2.5)
    with open_class(tmp_path / "recording") as captured:
        assert captured.ended
        video, audio = (frames_of(track) for track in captured.tracks)
        assert captured.duration >= max(video[-1].time, audio[-1].time)
        assert {frame.codec for frame in video} == {"vp8"}
        assert audio[-1].time - audio[0].time == pytest.approx(0.02 * (len(audio) - 1), abs=0.1)
        assert abs(video[-1].time - audio[-1].time) < 0.5
        decoder = av.CodecContext.create("libvpx", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        pictures = [picture for frame in video for picture in decoder.decode(av.Packet(frame.data))]
        middle = pictures[-1].to_ndarray(format="rgb24")[60, 80].astype(int)
        assert np.abs(middle - np.array(COLOR)).max() < 25
        listener = av.CodecContext.create("libopus", "r")
        assert isinstance(listener, av.AudioCodecContext)
        sounds = [sound for frame in audio for sound in listener.decode(av.Packet(frame.data))]
        assert max(int(np.abs(sound.to_ndarray().astype(int)).max()) for sound in sounds) > 6000
