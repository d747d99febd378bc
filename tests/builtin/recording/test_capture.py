# SPDX-License-Identifier: Apache-2.0
"""What is tapped, on which layer, what is asked of publishers, and what ends when."""

from pathlib import Path

import pytest

from podium.core import TrackView
from podium.plugins.recording.packets import RtpPacket as Packet
from podium.plugins.recording.reading import open_class
from podium.plugins.recording.recordfile import Kind, RecordReader
from podium.plugins.recording.tapped import LossWatch
from tests.builtin.recording.stand_ins import ANN, BOB, CAMERA, MICROPHONE, SCREEN, FakeMedia, FakeTap, Studio, opus


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def kinds(studio: Studio, name: str = "0000.rtp") -> list[int]:
    with RecordReader(studio.folder / "run-0000" / name) as reader:
        return [record.kind for record in reader.read(final=True)]


def picture(tap: FakeTap, number: int, at: float) -> None:
    tap.put_rtp(at, Packet(96, True, number, number * 3000, 1, b"\x10\x01abc"))


def test_layers(studio: Studio) -> None:
    sound = TrackView(source="screen", kind="audio")
    taps = studio.publish(CAMERA, MICROPHONE, SCREEN, sound)
    assert [(tap.source, tap.kind, tap.layer) for tap in taps] == [
        ("camera", "video", 1), ("microphone", "audio", 0), ("screen", "video", 0), ("screen", "audio", 0),
    ]  # fmt: skip


def test_a_camera_with_one_layer(studio: Studio) -> None:
    studio.media.layers = 1
    assert [tap.layer for tap in studio.publish(CAMERA)] == [0]


def test_what_cannot_be_tapped_is_said(studio: Studio) -> None:
    studio.media.refused = "track_unknown"
    assert studio.publish(CAMERA) == []
    studio.tend(1)
    with open_class(studio.folder) as captured:
        assert [event.fields.get("reason") for event in captured.timeline() if event.kind == "untapped"] == [
            "track_unknown"
        ]


def test_key_frames_are_asked_for_at_once_and_every_half_minute(studio: Studio) -> None:
    camera, microphone = studio.publish(CAMERA, MICROPHONE)
    studio.capture.track_muted("ann", "camera", True)
    assert camera.key_frames_wanted == 1
    studio.tend(65)
    assert (camera.key_frames_wanted, microphone.key_frames_wanted) == (3, 0)


def test_a_loss_asks_for_a_key_frame_and_a_late_packet_does_not(studio: Studio) -> None:
    (camera,) = studio.publish(CAMERA)
    for number in (1, 2, 4, 5, 3):
        picture(camera, number, studio.now)
    studio.tend(3)
    assert camera.key_frames_wanted == 1
    picture(camera, 8, studio.now)
    studio.tend(3)
    assert camera.key_frames_wanted == 2


def test_losses_are_watched_over_wraparounds_and_new_streams() -> None:
    watch = LossWatch()
    for sequence in (65_533, 65_535, 0, 65_534, 1):
        watch.take(sequence)
    assert not watch.lost(0.0)
    assert not watch.lost(5.0)
    watch.take(3)
    assert [watch.lost(now) for now in (6.0, 6.5, 7.0, 8.0, 9.0)] == [False, False, True, False, False]
    watch.take(30_000)
    assert [watch.lost(now) for now in (10.0, 12.0)] == [False, False]


def test_overruns_are_counted_and_ask_for_a_key_frame(studio: Studio) -> None:
    (camera,) = studio.publish(CAMERA)
    studio.visit()
    camera.overruns = 7
    studio.tend(1)
    assert camera.key_frames_wanted == 2
    assert studio.capture.statistics().overruns == 7
    assert kinds(studio) == [Kind.DESCRIPTION, Kind.GAP]


def test_a_layer_that_falls_silent_is_replaced_until_it_is_back(studio: Studio) -> None:
    (camera,) = studio.publish(CAMERA)
    for number in range(5):
        picture(camera, number, studio.now)
        studio.tend(1)
    studio.tend(5)
    spare = studio.media.taps[1]
    assert (spare.layer, spare.key_frames_wanted, len(studio.media.taps)) == (0, 1, 2)
    picture(camera, 5, studio.now)
    studio.tend(1)
    assert studio.capture.statistics().tracks == 2
    studio.tend(1)
    assert (spare.closed, studio.capture.statistics().tracks) == (True, 1)


def test_a_muted_camera_is_not_replaced(studio: Studio) -> None:
    studio.publish(CAMERA)
    studio.capture.track_muted("ann", "camera", True)
    studio.tend(10)
    assert len(studio.media.taps) == 1


def test_a_tap_that_ends_by_itself_ends_its_file(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    opus(microphone, range(3), studio.now)
    microphone.track_ended = True
    studio.visit(1.0)
    studio.visit()
    assert kinds(studio) == [Kind.DESCRIPTION, Kind.RTP, Kind.RTP, Kind.RTP, Kind.END]
    assert microphone.closed


def test_a_track_published_again_gets_a_file_of_its_own(studio: Studio) -> None:
    (first,) = studio.publish(MICROPHONE)
    opus(first, range(3), studio.now)
    (second,) = studio.publish(MICROPHONE)
    opus(second, range(2), studio.now)
    studio.visit(1.0)
    assert (first.closed, second.closed) == (True, False)
    assert len(kinds(studio)) == 5
    assert kinds(studio, "0001.rtp") == [Kind.DESCRIPTION, Kind.RTP, Kind.RTP]
    studio.capture.track_unpublished("ann", MICROPHONE)
    studio.visit()
    assert second.closed


def test_who_leaves_takes_their_taps_along(studio: Studio) -> None:
    studio.capture.participant_joined(BOB)
    taps = studio.publish(CAMERA, MICROPHONE, by=BOB) + studio.publish(MICROPHONE)
    studio.capture.participant_left("bob", "left")
    studio.visit()
    assert [tap.closed for tap in taps] == [True, True, False]


def test_who_comes_again_may_have_another_clock(studio: Studio) -> None:
    for reason in ("left", "replaced"):
        studio.capture.participant_joined(BOB)
        studio.publish(MICROPHONE, by=BOB)
        studio.visit()
        studio.capture.participant_left("bob", reason)
    studio.finish()
    with open_class(studio.folder) as captured:
        assert [track._description.presence for track in captured.tracks] == [0, 1]


def test_everything_that_happens_is_on_the_timeline(studio: Studio) -> None:
    capture = studio.capture
    capture.participant_joined(ANN)
    capture.role_changed(ANN)
    studio.publish(MICROPHONE)
    capture.track_muted("ann", "microphone", True)
    capture.speaking("ann")
    capture.speaking(None)
    capture.note("spotlight", participant_id="ann", source="camera")
    capture.note("something new", anything=[1, {"x": None}])
    studio.finish()
    with open_class(studio.folder) as captured:
        events = list(captured.timeline())
    assert [event.kind for event in events] == [
        "joined", "role_changed", "published", "muted", "speaking", "speaking", "spotlight", "something new", "ended",
    ]  # fmt: skip
    assert events[7].fields == {"anything": [1, {"x": None}]}


def test_after_the_end_nothing_happens(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    studio.finish()
    capture = studio.capture
    capture.close()
    capture.pause()
    capture.resume()
    capture.note("late")
    assert studio.publish(CAMERA) == []
    assert (capture.state, microphone.closed) == ("closed", True)
    assert studio.capturing.statistics().captures == 0
    studio.tend(2)
    assert kinds(studio, "timeline.log")[-1] == Kind.END


def test_two_recordings_at_once(studio: Studio) -> None:
    other = studio.capturing.open(studio.folder.parent / "other", "rec2", "art", FakeMedia())
    studio.publish(MICROPHONE)
    studio.visit()
    other.close()
    studio.visit()
    assert studio.capturing.statistics().captures == 1
    assert (other.state, studio.capture.state) == ("closed", "capturing")


def test_many_reports_are_thinned_out(studio: Studio) -> None:
    (microphone,) = studio.publish(MICROPHONE)
    for number in range(100):
        microphone.put_report(studio.now + number / 100, 5, number / 100, number * 480)
    studio.visit()
    assert kinds(studio, "clocks.log").count(Kind.SENDER_REPORT) == 10
