# SPDX-License-Identifier: Apache-2.0
"""A slow disk costs pictures of the quiet first and sound never; a full one ends capture and nothing else."""

import errno
import os
import threading
from pathlib import Path

import pytest

from podium.core import ParticipantView
from podium.plugins.recording.degrading import Ladder, Step, keeps
from podium.plugins.recording.packets import RtpPacket
from podium.plugins.recording.reading import open_class
from podium.plugins.recording.writing import Disk
from tests.builtin.recording.stand_ins import ANN, BOB, CAMERA, MICROPHONE, SCREEN, FakeTap, Studio, opus

MB = 1 << 20


class BadDisk(Disk):
    """Writes so many bytes, then has no room, or fails in another way."""

    def __init__(self, room: int, error: int = errno.ENOSPC) -> None:
        self.room = room
        self.error = error
        self.sync_error = 0

    def write(self, file: int, data: memoryview) -> int:
        if not self.room:
            raise OSError(self.error, os.strerror(self.error))
        written = super().write(file, data[: self.room])
        self.room -= written
        return written

    def sync(self, file: int) -> None:
        if self.sync_error:
            raise OSError(self.sync_error, os.strerror(self.sync_error))

    def free(self, folder: Path) -> int:
        raise OSError(errno.EIO, "no figure")


def pictures(tap: FakeTap, count: int, at: float) -> None:
    for number in range(count):
        tap.put_rtp(at, RtpPacket(96, True, number, number * 3000, 1, b"\x10\x01" + bytes(1100)))


def test_who_is_kept_at_each_step() -> None:
    def kept(step: Step) -> list[str]:
        tracks = {
            "sound": keeps(step, "microphone", "audio", "student", False),
            "screen": keeps(step, "screen", "video", "student", False),
            "screen's sound": keeps(step, "screen", "audio", "student", False),
            "speaker": keeps(step, "camera", "video", "student", True),
            "instructor": keeps(step, "camera", "video", "instructor", False),
            "listener": keeps(step, "camera", "video", "student", False),
        }
        return [name for name, each in tracks.items() if each]

    assert kept(Step.EVERYTHING) == ["sound", "screen", "screen's sound", "speaker", "instructor", "listener"]
    assert kept(Step.SPEAKERS) == ["sound", "screen", "screen's sound", "speaker", "instructor"]
    assert kept(Step.SCREENS) == ["sound", "screen", "screen's sound"]
    assert kept(Step.SOUND) == ["sound", "screen's sound"]


def test_steps_are_taken_at_once_and_taken_back_slowly() -> None:
    ladder = Ladder()
    assert [ladder.judge(fill, 0.0) for fill in (0.0, 0.24, 0.25, 0.3, 0.8, 0.6)] == [0, 0, 1, 1, 3, 3]
    assert [ladder.judge(0.05, now) for now in (1.0, 10.0, 11.0, 20.0, 21.0, 31.0, 41.0)] == [3, 3, 2, 2, 1, 0, 0]
    assert ladder.judge(0.3, 50.0) == 1
    assert [ladder.judge(fill, now) for fill, now in ((0.0, 51.0), (0.2, 60.0), (0.0, 62.0), (0.0, 71.0))] == [1] * 4
    assert ladder.judge(0.0, 72.0) == 0


def test_a_slow_disk_costs_pictures_of_the_quiet_first(tmp_path: Path) -> None:
    studio = Studio(tmp_path, queue_limit=MB)
    studio.capture.participant_joined(ANN)
    studio.capture.participant_joined(BOB)
    eve = ParticipantView(participant_id="eve", display_name="Eve", role="student")
    cameras = {each.participant_id: studio.publish(CAMERA, by=each)[0] for each in (ANN, BOB, eve)}
    (screen,) = studio.publish(SCREEN)
    (microphone,) = studio.publish(MICROPHONE)
    studio.capture.speaking("bob")
    studio.visit()
    opus(microphone, range(50), studio.now)
    steps, kept = [], []
    for _ in range(25):  # the disk hangs
        pictures(screen, 30, studio.now)
        for camera in cameras.values():
            pictures(camera, 60, studio.now)
        studio.visit(1.0, write=False)
        studio.capturing.tend()
        steps.append(studio.capturing.statistics().step)
        kept.append({each.tapped.description.participant_id for each in studio.capturing.recorded if each.tapped.kept})
    assert steps == sorted(steps)
    assert set(steps) == set(Step)
    assert kept[steps.index(Step.SPEAKERS)] == {"ann", "bob"}
    statistics = studio.capturing.statistics()
    assert 0.75 < statistics.fill < 1.2
    assert statistics.writer.lag == pytest.approx(24.0, abs=1.1)
    assert studio.capture.statistics().left_out > 500
    wanted = cameras["eve"].key_frames_wanted
    studio.tend(40)
    assert studio.capturing.statistics().step == Step.EVERYTHING
    assert studio.capturing.statistics().writer.lag == 0
    assert cameras["eve"].key_frames_wanted >= wanted + 1
    studio.finish()
    with open_class(studio.folder) as captured:
        degraded = [event.fields["step"] for event in captured.timeline() if event.kind == "degraded"]
        assert degraded[-1] == "everything"
        assert set(degraded) == {step.name.lower() for step in Step}
        (track,) = [track for track in captured.tracks if track.kind == "audio"]
        assert len(list(track.frames())) == 50


def test_sound_waits_in_its_tap_while_the_queue_is_full(tmp_path: Path) -> None:
    studio = Studio(tmp_path, queue_limit=10_000)
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, range(400), studio.now)
    studio.visit(write=False)
    assert not microphone.waiting
    opus(microphone, range(400, 450), studio.now)
    studio.visit(8.0, write=False)
    assert len(microphone.waiting) == 50
    studio.visit()
    studio.visit()
    assert not microphone.waiting
    studio.finish()
    with open_class(studio.folder) as captured:
        frames = list(captured.tracks[0].frames())
        assert (len(frames), sum(frame.missing for frame in frames)) == (450, 0)


@pytest.mark.parametrize(("error", "reason"), [(errno.ENOSPC, "disk_full"), (errno.EIO, "disk_error")])
def test_a_full_disk_ends_capture_and_keeps_what_there_is(tmp_path: Path, error: int, reason: str) -> None:
    studio = Studio(tmp_path, BadDisk(2500, error))
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, range(20), studio.now)
    studio.visit(1.0)
    assert studio.capture.statistics().state == "capturing"
    opus(microphone, range(20, 300), studio.now)
    studio.visit(1.0)
    assert studio.capture.state == "failed"
    assert [failure.reason for failure in studio.failures] == [reason]
    assert studio.capture.statistics().failure == studio.failures[0]
    studio.visit(1.0)
    assert microphone.closed
    assert studio.capturing.statistics().writer.queued_bytes == 0
    studio.finish()
    assert studio.capture.state == "failed"
    with open_class(studio.folder) as captured:
        frames = list(captured.tracks[0].frames())
        assert len(frames) >= 40
        assert [frame.data[1] for frame in frames] == list(range(len(frames)))
        assert captured.duration == pytest.approx(1.0)
        assert not captured.ended


def test_a_disk_that_fails_to_sync_ends_capture(tmp_path: Path) -> None:
    disk = BadDisk(10**9)
    studio = Studio(tmp_path, disk)
    disk.sync_error = errno.EIO
    studio.visit(1.0)
    assert studio.failures[0].reason == "disk_error"


def test_a_folder_that_cannot_be_made_ends_capture(tmp_path: Path) -> None:
    (tmp_path / "recording").write_text("a file")
    studio = Studio(tmp_path)
    studio.visit()
    assert studio.capture.state == "failed"
    assert studio.capturing.statistics().writer.free_bytes is None


def test_another_recording_on_the_same_host_goes_on(tmp_path: Path) -> None:
    (tmp_path / "recording").write_text("a file")
    studio = Studio(tmp_path)
    other = studio.capturing.open(tmp_path / "other", "rec2", "art", studio.media)
    studio.visit()
    assert (studio.capture.state, other.state) == ("failed", "capturing")
    assert (tmp_path / "other" / "run-0000" / "timeline.log").is_file()


def test_threads_that_drain_and_write(tmp_path: Path) -> None:
    """Real ones, in real time: what was put into taps is in files at the end, even if the disk hangs for a while."""
    studio = Studio(tmp_path)
    entered, go = threading.Event(), threading.Event()

    class HangingDisk(Disk):
        def write(self, file: int, data: memoryview) -> int:
            entered.set()
            assert go.wait(20)
            return super().write(file, data)

    capturing = type(studio.capturing)(studio.later.append, disk=HangingDisk())
    with capturing:
        capture = capturing.open(studio.folder, "rec", "math", studio.media)
        capture.track_published(ANN, MICROPHONE)
        opus(studio.media.taps[0], range(100), capturing.clock())
        assert entered.wait(20)
        capture.close()
        go.set()
    studio.trio()
    assert studio.media.taps[0].closed
    with open_class(studio.folder) as captured:
        assert captured.ended
        assert len(list(captured.tracks[0].frames())) == 100
