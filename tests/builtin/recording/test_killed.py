# SPDX-License-Identifier: Apache-2.0
"""A process that captures is killed at a random moment: all but the last moments before is read afterwards."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podium.plugins.recording.reading import open_class

ROOT = Path(__file__).parents[3]

CAPTURE = """
import json, sys, time
from pathlib import Path

from podium.plugins.recording.capturing import Capturing
from tests.builtin.recording.stand_ins import ANN, CAMERA, MICROPHONE, FakeMedia, RtpPacket

media = FakeMedia()
capturing = Capturing(lambda call: None)
capturing.start()
capture = capturing.open(Path(sys.argv[1]), "rec", "math", media)
capture.participant_joined(ANN)
capture.track_published(ANN, CAMERA)
capture.track_published(ANN, MICROPHONE)
camera, microphone = media.taps
number = 0
while True:
    now = capturing.clock()
    for _ in range(20):
        camera.put_rtp(now, RtpPacket(96, True, number & 0xFFFF, number * 90, 1, b"\\x10" + bytes(1000)))
        microphone.put_rtp(now, RtpPacket(111, False, number & 0xFFFF, number * 48, 2, b"\\x78abc"))
        number += 1
    print(json.dumps([now, number]), flush=True)
    time.sleep(0.02)
"""


def capture_and_kill(folder: Path, seconds: float) -> None:
    """Two runs of a recording; after each kill the reader gets all but what came in the last second."""
    for _ in range(2):
        run = len(list(folder.glob("run-*")))  # none is made by who is killed before the first write
        process = subprocess.Popen(
            [sys.executable, "-c", CAPTURE, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = [process.stdout.readline()]
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            said.append(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        moments = [json.loads(line) for line in said if line.endswith("\n")]
        last, _ = moments[-1]
        due = max((number for moment, number in moments if last - moment > 1), default=0)
        check(folder, run, due, moments)


def check(folder: Path, run: int, due: int, moments: list[tuple[float, int]]) -> None:
    """`due`: how many packets of each track have to be there."""
    last = moments[-1][0] - moments[0][0]
    if not due and not (folder / f"run-{run:04d}").exists():
        return
    with open_class(folder) as captured:
        tracks = [track for track in captured.tracks if track.id.startswith(f"{run:04d}/")]
        assert len(tracks) == 2 or not due
        assert not captured.ended
        assert captured.corrupt == 0
        assert captured.duration - captured._runs[run].start > last - 1
        for track in tracks:
            cursor = track.frames()
            frames = list(cursor)
            assert cursor.corrupt == 0
            assert len(frames) >= (due if track.kind == "audio" else 0)
            assert not any(frame.missing for frame in frames)


def test_a_kill_costs_the_last_second_at_most(tmp_path: Path) -> None:
    capture_and_kill(tmp_path / "recording", 1.5)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(50))
def test_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    capture_and_kill(tmp_path / "recording", random.Random(seed).uniform(0.0, 3.0))
