# SPDX-License-Identifier: Apache-2.0
"""What was captured is read again: people, events and frames on one axis, during the class and after it."""

import tracemalloc
from pathlib import Path

import pytest

from podium.plugins.recording.packets import RtpPacket
from podium.plugins.recording.reading import CapturedClass, CapturedTrack, Frame, open_class
from podium.plugins.recording.recordfile import Kind, packed
from tests.builtin.recording.packetizers import encoded, rtp_packets
from tests.builtin.recording.stand_ins import ANN, BOB, CAMERA, MICROPHONE, SCREEN, Studio, opus


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    studio = Studio(tmp_path)
    studio.capture.participant_joined(ANN)
    return studio


def track_of(captured: CapturedClass, participant_id: str, source: str, number: int = 0) -> CapturedTrack:
    found = [track for track in captured.tracks if (track.participant_id, track.source) == (participant_id, source)]
    return found[number]


def frames_of(track: CapturedTrack, since: float = 0.0) -> list[Frame]:
    cursor = track.frames(since)
    frames = list(cursor)
    assert cursor.ended
    return frames


def times(frames: list[Frame]) -> list[float]:
    return [frame.time for frame in frames]


def numbers(frames: list[Frame]) -> list[int]:
    return [frame.data[1] for frame in frames]


def test_a_class_of_two(studio: Studio) -> None:
    camera, microphone = studio.publish(CAMERA, MICROPHONE)
    pictures = [bytes(packet) for packet in encoded("VP8")]
    start = studio.now
    for packet in rtp_packets("VP8", pictures):
        moment = ((packet.timestamp + 6000) % 2**32) / 90_000
        camera.put_rtp(start + 1 + moment + 0.02, packet)
    opus(microphone, range(100), start + 1)
    studio.visit(1.0)
    studio.capture.participant_joined(BOB)
    studio.capture.speaking("bob")
    studio.visit(3.0)
    studio.capture.participant_left("bob", "left")
    studio.finish()
    with open_class(studio.folder) as captured:
        assert captured.ended
        assert captured.duration == 4.0
        assert captured.started_at == 1_700_000_000
        assert {each.participant_id: each.display_name for each in captured.participants.values()} == {
            "ann": "Ann",
            "bob": "Bob",
        }
        assert [(event.time, event.kind) for event in captured.timeline(1.0)] == [
            (1.0, "joined"), (1.0, "speaking"), (4.0, "left"), (4.0, "ended"),
        ]  # fmt: skip
        assert [(track.source, track.kind, track.layer) for track in captured.tracks] == [
            ("camera", "video", 1), ("microphone", "audio", 0),
        ]  # fmt: skip
        video = frames_of(track_of(captured, "ann", "camera"))
        audio = frames_of(track_of(captured, "ann", "microphone"))
        assert [frame.data for frame in video] == pictures
        assert [frame.time for frame in video] == pytest.approx([1.02 + number / 15 for number in range(20)], abs=0.001)
        assert [frame.time for frame in audio] == pytest.approx(
            [1.02 + number / 50 for number in range(100)], abs=0.001
        )
        assert {frame.codec for frame in video} == {"vp8"}
        assert [number for number, frame in enumerate(video) if frame.key] == [0, 10]
        assert not any(frame.missing for frame in video + audio)
        assert captured.corrupt == 0


def test_sound_and_picture_meet_by_sender_reports(studio: Studio) -> None:
    """Pictures arrive a fifth of a second after the sound of the same moment."""
    camera, microphone = studio.publish(CAMERA, MICROPHONE)
    start = studio.now
    packets = rtp_packets("VP8", [bytes(packet)[:200] for packet in encoded("VP8")])
    for packet in packets:
        moment = ((packet.timestamp + 6000) % 2**32) / 90_000
        camera.put_rtp(start + moment + 0.25, packet)
    opus(microphone, range(100), start, delay=0.05)
    camera.put_report(start + 0.55, packets[0].ssrc, 5e8 + 0.5, packets[0].timestamp + 45_000)
    microphone.put_report(start + 0.75, 5, 5e8 + 0.7, 33_600)
    studio.visit(2.0)
    studio.finish()
    with open_class(studio.folder) as captured:
        video = frames_of(track_of(captured, "ann", "camera"))
        audio = frames_of(track_of(captured, "ann", "microphone"))
        assert [frame.time for frame in video] == pytest.approx([0.05 + number / 15 for number in range(20)], abs=0.005)
        assert [frame.time for frame in audio] == pytest.approx(
            [0.05 + number / 50 for number in range(100)], abs=0.005
        )


def test_reading_while_it_is_captured(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    studio.visit()
    start, got = studio.now, list[Frame]()
    with open_class(studio.folder, follow=True) as captured:
        cursor = track_of(captured, "ann", "microphone").frames()
        for second in range(10):
            opus(microphone, range(50 * second, 50 * second + 50), start)
            studio.visit(1.0)
            captured.poll()
            new = list(cursor)
            assert captured.duration == pytest.approx(second + 1)
            assert new[-1].data == bytes([0x78, (50 * second + 49) & 0xFF])
            got += new
            assert not cursor.ended
        studio.finish()
        captured.poll()
        assert list(cursor) == []
        assert cursor.ended
        assert captured.ended
        assert got == frames_of(track_of(captured, "ann", "microphone"))


def test_what_waits_behind_a_gap_is_given_in_time(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, [0, 1, 5], studio.now)
    studio.visit(0.2)
    with open_class(studio.folder, follow=True) as captured:
        cursor = track_of(captured, "ann", "microphone").frames()
        assert numbers(list(cursor)) == [0, 1]
        studio.visit(1.0)
        captured.poll()
        assert [(frame.data[1], frame.missing) for frame in cursor] == [(5, 3)]


def test_a_class_that_was_never_closed_is_followed_no_longer(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, [0, 1, 5], studio.now)
    studio.visit(0.2)
    with open_class(studio.folder, follow=True) as captured:
        cursor = track_of(captured, "ann", "microphone").frames()
        list(cursor)
        captured.stop_following()
        assert numbers(list(cursor)) == [5]
        assert cursor.ended
        assert not captured.ended


@pytest.mark.parametrize("clock_set_by", [0, 100, -100])
def test_runs_lie_behind_one_another(tmp_path: Path, clock_set_by: int) -> None:
    """A restart after 20 seconds, with another clock of taps, and perhaps a wall clock that was set."""
    first = Studio(tmp_path)
    (microphone,) = first.publish(MICROPHONE)
    opus(microphone, range(50), first.now)
    first.visit(10.0)
    second = Studio(tmp_path, now=5.0, wall=1_700_000_030.0 + clock_set_by)
    (microphone,) = second.publish(MICROPHONE)
    opus(microphone, range(50), second.now)
    second.visit(10.0)
    second.finish()
    begins = max(30 + clock_set_by, 10)
    with open_class(tmp_path / "recording") as captured:
        assert captured.tracks[0].id == "0000/0000"
        before, behind = (frames_of(track_of(captured, "ann", "microphone", number)) for number in (0, 1))
        assert (before[0].time, behind[0].time) == pytest.approx((0.02, begins + 0.02), abs=0.001)
        assert captured.duration == pytest.approx(begins + 10)


def test_a_moment_in_the_middle(studio: Studio) -> None:
    camera, microphone = studio.publish(CAMERA, MICROPHONE)
    start = studio.now
    opus(microphone, range(6000), start)
    pictures = [bytes(packet) for packet in encoded("VP8")]
    for packet in rtp_packets("VP8", pictures * 75):
        moment = ((packet.timestamp + 6000) % 2**32) / 90_000
        camera.put_rtp(start + moment + 0.02, packet)
    studio.visit(130.0)
    studio.finish()
    with open_class(studio.folder) as captured:
        sound = track_of(captured, "ann", "microphone")
        rest = frames_of(sound, 90.0)
        assert rest[0].time == pytest.approx(90.0, abs=0.03)
        assert numbers(rest) == numbers(frames_of(sound))[-len(rest) :]
        picture = track_of(captured, "ann", "camera")
        rest = frames_of(picture, 60.0)
        assert rest[0].key
        assert 59.0 < rest[0].time <= 60.0
        assert [frame.data for frame in rest] == [frame.data for frame in frames_of(picture)][-len(rest) :]


def test_another_codec_in_the_middle(studio: Studio) -> None:
    (camera,) = studio.publish(CAMERA)
    streams = {96: "VP8", 98: "VP9"}
    sequence, expected = 0, []
    for payload_type, codec in streams.items():
        pictures = [bytes(packet) for packet in encoded(codec, frames=5)]
        expected += [(codec.lower(), picture) for picture in pictures]
        for packet in rtp_packets(codec, pictures):
            camera.put_rtp(studio.now, packet._replace(payload_type=payload_type, sequence=sequence))
            sequence += 1
    camera.put_rtp(studio.now, RtpPacket(50, True, sequence, 0, 7, b"of no known codec"))
    studio.visit(1.0)
    studio.finish()
    with open_class(studio.folder) as captured:
        assert [(frame.codec, frame.data) for frame in frames_of(track_of(captured, "ann", "camera"))] == expected


def damage(path: Path, offset: int = 30) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"????")


@pytest.mark.parametrize("name", ["timeline.log", "clocks.log", "0000.rtp"])
def test_damage_to_a_description_loses_nothing(studio: Studio, name: str) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, range(50), studio.now)
    studio.visit(1.0)
    studio.finish()
    damage(studio.folder / "run-0000" / name)
    with open_class(studio.folder) as captured:
        assert numbers(frames_of(track_of(captured, "ann", "microphone"))) == list(range(50))
        assert captured.corrupt == (0 if name == "0000.rtp" else 1)


def test_a_lost_timeline_and_foreign_files(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, range(50), studio.now)
    studio.visit(1.0)
    studio.finish()
    run = studio.folder / "run-0000"
    (run / "timeline.log").unlink()
    (run / "9999.rtp").write_bytes(b"no")
    (run / "notes.rtp").write_bytes(packed(Kind.DESCRIPTION, 0, b"{}"))
    (studio.folder / "run-0001").mkdir()
    (studio.folder / "run-x").mkdir()
    with open_class(studio.folder) as captured:
        assert numbers(frames_of(track_of(captured, "ann", "microphone"))) == list(range(50))


def test_records_that_say_nonsense_are_left_out(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    studio.visit()
    writer, capture = studio.capturing.writer, studio.capture
    for payload in (b"", b"[]", b"{}", b'{"kind": 3}', b"\xff"):
        writer.append(capture.clocks, packed(Kind.DESCRIPTION, 1, payload))
        writer.append(capture._timeline, packed(Kind.EVENT, 1, payload))
        writer.append(capture._timeline, packed(Kind.TRACK, 1, payload))
    for payload in (b"", b"\0", b"\0\0", b"\7\0" + bytes(28), b"\0\0" + bytes(28)):
        writer.append(capture.clocks, packed(Kind.SENDER_REPORT, 1, payload))
    writer.append(capture._timeline, packed(99, 1, b""))
    for data in (b"", b"\x80", bytes(12), b"\xbf" + b"\xff" * 11, b"\x8f" + bytes(20), b"\x90" + bytes(12)):
        microphone.put(studio.now, data)
    opus(microphone, range(3), studio.now)
    studio.visit(1.0)
    studio.finish()
    with open_class(studio.folder) as captured:
        assert numbers(frames_of(track_of(captured, "ann", "microphone"))) == [0, 1, 2]
        assert [event.kind for event in captured.timeline()] == ["joined", "published", "ended"]


def test_what_is_paused_is_not_there(studio: Studio) -> None:
    (microphone, screen) = studio.publish(MICROPHONE, SCREEN)
    start = studio.now
    opus(microphone, range(50), start, delay=0.0)
    studio.visit(1.0)
    studio.capture.pause()
    assert studio.capture.state == "paused"
    opus(microphone, range(50, 100), start, delay=0.0)
    studio.now += 1.0
    studio.capture.resume()
    opus(microphone, range(100, 150), start, delay=0.0)
    studio.visit(1.0)
    studio.tend(1)
    assert screen.key_frames_wanted == 2
    studio.finish()
    with open_class(studio.folder) as captured:
        assert captured.pauses == [(1.0, 2.0)]
        frames = frames_of(track_of(captured, "ann", "microphone"))
        assert numbers(frames) == [*range(50), *range(100, 150)]
        assert frames[50].missing == 50


def test_long_files_take_no_more_memory_than_short_ones(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    for number in range(8000):
        packet = RtpPacket(111, False, number, number * 960, 5, b"\x78" + bytes(1200))
        microphone.put_rtp(studio.now + number * 0.02, packet)
    studio.visit(160.0)
    studio.finish()
    with open_class(studio.folder) as captured:
        cursor = track_of(captured, "ann", "microphone").frames()
        tracemalloc.start()
        try:
            assert sum(1 for _ in cursor) == 8000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 1_500_000
        assert (studio.folder / "run-0000" / "0000.rtp").stat().st_size > 9_000_000


def test_an_empty_folder_is_a_class_in_which_nothing_happened(tmp_path: Path) -> None:
    with open_class(tmp_path) as captured:
        assert (captured.duration, captured.tracks, captured.ended, captured.started_at) == (0.0, (), False, 0.0)
