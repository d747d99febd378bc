# SPDX-License-Identifier: Apache-2.0
"""What a receiver gets is what was sent, in one continuous stream, whoever is shown in it."""

import random
from collections.abc import Iterator

import pytest

from tests.peers.dtls import CM_SHA1_80, GCM_128, Identity
from tests.peers.vp8 import Vp8Payload
from tests.wire.continuity import assert_continuous, last_stream
from tests.wire.host import Host
from tests.wire.stage import Stage, stage


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def test_payloads_arrive_unchanged_and_in_order(room: Stage) -> None:
    teacher, student = room.publisher("teacher"), room.viewer("student")
    (slot,) = student.video_slots
    assert room.play(200, until=lambda: len(student.slot(slot)) >= 90)
    shown = assert_continuous(student.slot(slot), [teacher.camera])
    assert shown[0].payload.size == (320, 240)
    assert student.transport.rejected == []


def test_the_older_srtp_profile_forwards(room: Stage) -> None:
    teacher, student = room.publisher("teacher", profiles=(CM_SHA1_80,)), room.viewer("student", profiles=(CM_SHA1_80,))
    (slot,) = student.video_slots
    assert room.play(200, until=lambda: len(student.slot(slot)) >= 30)
    assert_continuous(student.slot(slot), [teacher.camera])


def test_profiles_may_differ_and_the_cheaper_one_is_preferred(room: Stage) -> None:
    teacher = room.publisher("teacher", profiles=(CM_SHA1_80,))
    student = room.viewer("student", profiles=(CM_SHA1_80, GCM_128))
    (slot,) = student.video_slots
    assert room.play(200, until=lambda: len(student.slot(slot)) >= 30)
    assert (teacher.transport.profile, student.transport.profile) == (CM_SHA1_80, GCM_128)
    assert_continuous(student.slot(slot), [teacher.camera])


def test_switching_between_two_cameras_leaves_no_seam(room: Stage) -> None:
    ann, ben, viewer = room.publisher("ann"), room.publisher("ben"), room.viewer("viewer")
    streams = [ann.camera, ben.camera]
    (slot,) = viewer.video_slots
    for turn in range(8):
        wanted = (ann, ben)[turn % 2]
        viewer.show(slot, wanted.participant_id)
        assert room.play(150, until=lambda w=wanted: last_stream(viewer.slot(slot), streams) is w.camera)  # type: ignore[misc]  # default binds
        room.play(10)
    shown = assert_continuous(viewer.slot(slot), streams)
    assert len({each.stream.name for each in shown}) == 2


def test_sequence_numbers_and_picture_ids_wrap(room: Stage) -> None:
    ann, ben, viewer = room.publisher("ann"), room.publisher("ben"), room.viewer("viewer")
    ann.camera.sequence, ann.camera.picture_id, ann.camera.tl0picidx = 65500, 32760, 250
    ann.camera.timestamp = (1 << 32) - 10_000
    streams = [ann.camera, ben.camera]
    (slot,) = viewer.video_slots
    for wanted in (ann, ben, ann):
        viewer.show(slot, wanted.participant_id)
        assert room.play(150, until=lambda w=wanted: last_stream(viewer.slot(slot), streams) is w.camera)  # type: ignore[misc]  # default binds
        room.play(20)
    assert_continuous(viewer.slot(slot), streams)


def test_every_viewer_has_a_stream_of_their_own(room: Stage) -> None:
    ann, ben = room.publisher("ann"), room.publisher("ben")
    viewers = [room.viewer(f"viewer {number}", video_slots=2) for number in range(3)]
    choices = random.Random(5)
    for _ in range(5):
        for viewer in viewers:
            for slot in viewer.video_slots:
                viewer.show(slot, choices.choice([ann, ben]).participant_id)
        room.play(15)
    for viewer in viewers:
        for slot in viewer.video_slots:
            assert_continuous(viewer.slot(slot), [ann.camera, ben.camera])


def test_a_hidden_camera_is_not_sent(room: Stage) -> None:
    room.publisher("ann")
    viewer = room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: bool(viewer.slot(slot)))
    viewer.show(slot, None)
    viewer.calls.wait_for(lambda message: _empties(message, slot))
    room.play(2)
    before = len(viewer.slot(slot))
    room.play(10)
    assert len(viewer.slot(slot)) == before


def _empties(message: dict[str, object], slot: str) -> bool:
    slots = message["slots"] if message["type"] == "Showing" else []
    assert isinstance(slots, list)
    return any(each["mid"] == slot and each["participant_id"] is None for each in slots)


def test_a_late_viewer_gets_the_cached_key_frame_without_asking(room: Stage) -> None:
    viewer = room.viewer("viewer")
    (slot,) = viewer.video_slots
    viewer.show(slot, None)
    ann = room.publisher("ann")
    room.play(3)
    asked = len(ann.transport.rtcp)
    viewer.show(slot, ann.participant_id)
    assert room.pump(5, until=lambda: len(viewer.slot(slot)) >= 9)
    assert Vp8Payload.parse(viewer.slot(slot)[0].payload).key_frame
    assert not [each for each in ann.transport.rtcp[asked:] if type(each).__name__ == "PictureLoss"]


def test_leaving_and_joining_needs_no_negotiation_from_those_who_stay(room: Stage) -> None:
    ann, viewer = room.publisher("ann"), room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: bool(viewer.slot(slot)))
    ann.calls.send("Leave")
    room.on_air.remove(ann)
    viewer.calls.wait_for_type("ParticipantLeft", participant_id=ann.participant_id)
    ben = room.publisher("ben")
    assert room.play(150, until=lambda: last_stream(viewer.slot(slot), [ann.camera, ben.camera]) is ben.camera)
    assert_continuous(viewer.slot(slot), [ann.camera, ben.camera])
    assert len(viewer.calls.of_type("Answer")) == 1
