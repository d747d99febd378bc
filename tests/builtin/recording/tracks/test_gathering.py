# SPDX-License-Identifier: Apache-2.0
"""Each source of a participant is a file that decodes to what was sent, at the film's times."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from podium.plugins.recording.child import Commands
from podium.plugins.recording.packets import RtpPacket
from podium.plugins.recording.reading import open_class
from podium.plugins.recording.tracks.gathering import MOST_FILES
from podium.plugins.recording.tracks.index import FinishedTrack, TracksFolder, TracksIndex
from podium.plugins.recording.tracks.process import make, seen
from tests.builtin.recording.filming import NTP, Drawing, Filming, Gray, tone, vp8_frames
from tests.builtin.recording.packetizers import PACKETIZERS, encoded, vp8_payloads
from tests.builtin.recording.stand_ins import ANN, BOB, CAMERA, CODECS, SCREEN, FakeTap, Studio

"""Whatever is sent takes 0.03 seconds to arrive, and that is when it was, as far as capture knows."""
BEEPS = [(1.0, 2.0), (6.5, 7.0)]
TYPES = {name: number for number, (name, _) in CODECS.items()}


def made(recording: Path, out: Path) -> TracksIndex:
    with open_class(recording) as captured, TracksFolder(out, seen(captured)) as folder:
        make(captured, folder, Commands(0, parentless=True), lambda _kind, _fields: None)
        return folder.index


def flashing(size: tuple[int, int], times: Sequence[tuple[float, float]]) -> Drawing:
    def draw(time: float) -> Gray:
        bright = any(start - 1e-6 <= time < end - 1e-6 for start, end in times)
        return np.full((size[1], size[0]), 220 if bright else 30, np.uint8)

    return draw


def bright(path: Path) -> list[float]:
    """When the picture becomes bright."""
    with av.open(path) as container:
        levels = [(frame.time or 0.0, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    return [time for (time, level), (_, before) in zip(levels[1:], levels, strict=False) if level > 128 > before]


def times(path: Path) -> list[float]:
    with av.open(path) as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


def sound(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Of all samples one after the other, and each put where its time says."""
    with av.open(path) as container:
        frames = list(container.decode(audio=0))
    assert frames[-1].time is not None
    placed = np.zeros(round(frames[-1].time * 48_000) + 6000, np.float32)
    for frame in frames:
        start = round((frame.time or 0.0) * 48_000)
        placed[start : start + frame.samples] = frame.to_ndarray()[0]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), placed


def begins(samples: npt.NDArray[np.float32]) -> list[float]:
    """When tones begin."""
    loud = np.nonzero(np.abs(samples) > 0.05)[0] / 48_000
    return [loud[0], *loud[1:][np.diff(loud) > 0.1]]


def of(index: TracksIndex, participant_id: str, source: str) -> list[FinishedTrack]:
    return [file for file in index.files if (file.participant_id, file.source) == (participant_id, source)]


def test_a_class_of_two_with_a_pause(tmp_path: Path) -> None:
    """Ann flashes and beeps at 1 and 6.5; between 3 and 5 nothing is kept. Bob comes at 6 and leaves; his sound has a
    gap in it."""
    filming = Filming(tmp_path / "capture")
    capture = filming.studio.capture
    capture.participant_joined(ANN)
    filming.camera(ANN, flashing((160, 120), BEEPS), (0.2, 8.0), delay=0.1)
    filming.microphone(ANN, tone(440, times=BEEPS), (0.2, 8.0))
    filming.now(3.0)
    capture.pause()
    filming.now(5.0)
    capture.resume()
    filming.now(6.0)
    capture.participant_joined(BOB)
    filming.microphone(BOB, tone(880, times=[(6.5, 7)]), (6.0, 7.0))
    filming.microphone(BOB, tone(880, times=[(7.6, 7.8)]), (7.5, 7.9))
    filming.now(8.0)
    filming.studio.finish()
    out = tmp_path / "tracks"
    index = made(filming.studio.folder, out)
    assert [file.file for file in index.files] == [
        "001-ann-camera.webm",
        "002-ann-microphone.webm",
        "003-bob-microphone.webm",
    ]
    assert [(file.kind, file.codec, file.display_name) for file in index.files] == [
        ("video", "vp8", "Ann"),
        ("audio", "opus", "Ann"),
        ("audio", "opus", "Bob"),
    ]
    assert [file.begins for file in index.files] == pytest.approx([0.23, 0.23, 4.03], abs=0.01)
    assert [file.duration for file in index.files] == pytest.approx([5.8, 5.8, 1.9], abs=0.08)
    flashes = bright(out / "001-ann-camera.webm")
    assert flashes == pytest.approx([1.03, 4.53], abs=0.07)
    for name, expected in (("002-ann-microphone.webm", [1.03, 4.53]), ("003-bob-microphone.webm", [4.53, 5.63])):
        for samples in sound(out / name):
            assert begins(samples) == pytest.approx(expected, abs=0.02)
    with av.open(out / "003-bob-microphone.webm") as container:
        assert (container.duration or 0) / 1e6 == pytest.approx(5.93, abs=0.02)


def put(tap: FakeTap, codec: str, frames: Sequence[bytes], start: float, studio: Studio, first: int = 0) -> int:
    """Fifteen frames a second; gives the next sequence number."""
    sequence = first
    for number, data in enumerate(frames):
        payloads = PACKETIZERS[codec](data, number)
        stamp = round((start + number / 15) * 90_000)
        for index, payload in enumerate(payloads):
            last = index == len(payloads) - 1
            packet = RtpPacket(TYPES[codec], last, sequence & 0xFFFF, stamp, 9, payload)
            tap.put_rtp(1000.0 + start + number / 15 + 0.02, packet)
            sequence += 1
        if number % 15 == 3:
            tap.put_report(1000.0 + start + number / 15 + 0.02, 9, NTP + start + number / 15, stamp)
    return sequence


def test_codecs_are_kept_as_they_are(tmp_path: Path) -> None:
    """One after the other in one track, each becomes a file in which every frame can be decoded."""
    studio = Studio(tmp_path / "capture")
    (tap,) = studio.publish(CAMERA)
    sequence = 0
    for number, codec in enumerate(("VP8", "H264", "VP9", "AV1")):
        frames = [bytes(packet) for packet in encoded(codec, 15)]
        sequence = put(tap, codec, frames, 2.0 * number, studio, sequence)
    for _ in range(9):
        studio.visit(1.0)
    studio.finish()
    index = made(studio.folder, tmp_path / "tracks")
    assert [(file.file, file.codec) for file in index.files] == [
        ("001-ann-camera.webm", "vp8"),
        ("002-ann-camera.mkv", "h264"),
        ("003-ann-camera.webm", "vp9"),
        ("004-ann-camera.webm", "av1"),
    ]
    for number, file in enumerate(index.files):
        found = times(tmp_path / "tracks" / file.file)
        assert found == pytest.approx([2.0 * number + each / 15 for each in range(15)], abs=0.03)
        with av.open(tmp_path / "tracks" / file.file) as container:
            (stream,) = container.streams
            assert stream.codec_context.name.removeprefix("lib") in (file.codec, "dav1d")
            assert sum(bool(packet.is_keyframe) for packet in container.demux(stream) if packet.size) == 2
            container.seek(round((2.0 * number + 0.9) * 1e6))
            assert next(container.decode(video=0)).time == pytest.approx(2.0 * number + 10 / 15, abs=0.03)


def sized(sizes: Sequence[tuple[int, int]]) -> list[bytes]:
    return [frame for size in sizes for frame in vp8_frames([np.full((size[1], size[0]), 90, np.uint8)] * 3, 15)]


def test_a_size_goes_on_in_the_file_it_had_before(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "capture")
    (tap,) = studio.publish(CAMERA)
    put(tap, "VP8", sized([(160, 120), (80, 60), (160, 120)]), 0.0, studio)
    studio.visit(1.0)
    studio.finish()
    out = tmp_path / "tracks"
    large, small = made(studio.folder, out).files
    expected = [number / 15 for number in range(9)]
    assert times(out / large.file) == pytest.approx(expected[:3] + expected[6:], abs=0.03)
    assert times(out / small.file) == pytest.approx(expected[3:6], abs=0.03)


def test_a_window_that_is_resized_does_not_make_files_without_end(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "capture")
    (tap,) = studio.publish(SCREEN)
    put(tap, "VP8", sized([(80 + 2 * number, 60) for number in range(MOST_FILES + 5)]), 0.0, studio)
    studio.visit(6.0)
    studio.finish()
    files = made(studio.folder, tmp_path / "tracks").files
    assert len(files) == MOST_FILES
    assert len(times(tmp_path / "tracks" / files[-1].file)) == 3 + 5 * 3


def test_pictures_beside_one_another_are_in_files_of_their_own(tmp_path: Path) -> None:
    """A layer that stands in for another, and comes again when that has ended."""
    studio = Studio(tmp_path / "capture")
    for number in range(2):
        (tap,) = studio.publish(CAMERA)
        put(tap, "VP8", sized([(80, 60)] * 5), 0.3 * number, studio)
    (tap,) = studio.publish(CAMERA)
    put(tap, "VP8", sized([(80, 60)]), 2.0, studio)
    studio.visit(3.0)
    studio.finish()
    files = made(studio.folder, tmp_path / "tracks").files
    found = [times(tmp_path / "tracks" / file.file) for file in files]
    assert [len(each) for each in found] == [18, 15]
    assert found[0][15] == pytest.approx(2.0, abs=0.03)


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    """Bytes of the disk, the end of a file, and frames that are none."""
    filming = Filming(tmp_path / "capture")
    filming.studio.capture.participant_joined(ANN)
    filming.camera(ANN, flashing((80, 60), [(1.0, 1.2), (7.0, 7.5)]), (0.0, 8.0))
    filming.microphone(ANN, tone(440, times=[(0.5, 1), (7.0, 7.5)]), (0.0, 8.0))
    (tap,) = filming.studio.publish(SCREEN, by=ANN)
    nonsense = bytes(np.random.default_rng(3).integers(0, 255, 300, dtype=np.uint8))
    for number, start in enumerate((b"\x00", b"\x10", b"\x01")):
        for payload in vp8_payloads(start + b"\x00\x00\x9d\x01\x2a" + nonsense, number):
            tap.put_rtp(1000.1 + number, RtpPacket(96, True, number, 9000 * number, 3, payload))
        tap.put_rtp(1000.2 + number, RtpPacket(97, True, 10 + number, 9000 * number, 3, b"\x65" + nonsense))
        tap.put_rtp(1000.3 + number, RtpPacket(99, True, 20 + number, 9000 * number, 3, b"\x08" + nonsense))
    filming.now(8.0)
    run = filming.studio.folder / "run-0000"
    filming.studio.capturing.tend()
    filming.studio.visit()
    for path in run.glob("*.rtp"):
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 200] = b"\x55" * 200
        path.write_bytes(bytes(data[:-7]))
    out = tmp_path / "tracks"
    index = made(filming.studio.folder, out)
    assert bright(out / of(index, "ann", "camera")[0].file) == pytest.approx([1.0, 7.0], abs=0.07)
    assert begins(sound(out / of(index, "ann", "microphone")[0].file)[0]) == pytest.approx([0.53, 7.03], abs=0.01)


def test_nothing_captured_is_no_file(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "capture")
    studio.publish(CAMERA)
    studio.visit(1.0)
    studio.finish()
    index = made(studio.folder, tmp_path / "tracks")
    assert (index.files, index.complete) == ((), True)
