# SPDX-License-Identifier: Apache-2.0
"""The room without media: what follows from joining, publishing, wishing and leaving."""

from typing import Any

import pytest

from podium.core.events import (
    AnyEvent,
    PanelsChanged,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
    Showing,
    SlotContent,
    Speaking,
    TrackBlocked,
    TrackInfo,
    TrackMuted,
    TrackPublished,
    TrackUnpublished,
)
from podium.core.rooms.decisions import Decision, FormerRole, News, Silence, Switch, Tell
from podium.core.rooms.identity import RoomError
from podium.core.rooms.room import Room
from podium.core.rooms.wishes import Shown

ANN_MICROPHONE, ANN_CAMERA, ANN_SCREEN, ANN_TAB = 1, 2, 3, 4
BOB_MICROPHONE, BOB_CAMERA = 11, 12
CAT_LOW, CAT_MIDDLE, CAT_HIGH = 21, 22, 23
ANN_FIRST, ANN_SECOND, ANN_HEARS = 101, 102, 109
BOB_FIRST, BOB_SECOND = 111, 112


@pytest.fixture
def room() -> Room:
    """Ann and Bob with a microphone, a camera and two video slots each, nothing of it flowing."""
    room = Room("math", audio_slots=3, max_participants=3)
    room.join("ann", "Ann", "instructor")
    room.join("bob", "Bob", "student")
    room.add_track("ann", "microphone", "audio", [ANN_MICROPHONE])
    room.add_track("ann", "camera", "video", [ANN_CAMERA])
    room.add_track("bob", "microphone", "audio", [BOB_MICROPHONE])
    room.add_track("bob", "camera", "video", [BOB_CAMERA])
    room.add_slot("ann", "v0", "video", ANN_FIRST)
    room.add_slot("ann", "v1", "video", ANN_SECOND)
    room.add_slot("ann", "a0", "audio", ANN_HEARS)
    room.add_slot("bob", "v0", "video", BOB_FIRST)
    room.add_slot("bob", "v1", "video", BOB_SECOND)
    room.take_decisions()
    return room


def told(decisions: list[Decision], participant_id: str, kind: type[AnyEvent] | None = None) -> list[Any]:
    events = [each.event for each in decisions if isinstance(each, Tell) and each.participant_id == participant_id]
    return [event for event in events if kind is None or isinstance(event, kind)]


def switches(decisions: list[Decision]) -> dict[int, int | None]:
    return {each.slot_id: each.source_id for each in decisions if isinstance(each, Switch)}


def add_cat(room: Room) -> None:
    room.join("cat", "Cat", "student")
    room.add_track("cat", "camera", "video", [CAT_LOW, CAT_MIDDLE, CAT_HIGH])


def start_cat(room: Room) -> None:
    add_cat(room)
    for source_id, height in ((CAT_LOW, 180), (CAT_MIDDLE, 360), (CAT_HIGH, 720)):
        room.source_started(source_id)
        room.frame_size(source_id, height * 16 // 9, height)


# People


def test_others_are_told_who_joins(room: Room) -> None:
    room.join("cat", "Cat", "student")
    decisions = room.take_decisions()
    joined = ParticipantJoined(
        participant=ParticipantInfo(participant_id="cat", display_name="Cat", role="student", tracks=())
    )
    assert told(decisions, "ann") == told(decisions, "bob") == [joined]
    assert told(decisions, "cat") == []


def test_a_snapshot_has_the_others_with_what_flows(room: Room) -> None:
    room.source_started(BOB_CAMERA)
    room.frame_size(BOB_CAMERA, 640, 360)
    snapshot = room.snapshot("ann")
    camera = TrackInfo(source="camera", kind="video", width=640, height=360)
    bob = ParticipantInfo(participant_id="bob", display_name="Bob", role="student", tracks=(camera,))
    assert (snapshot.session_id, snapshot.participant_id, snapshot.role) == ("math", "ann", "instructor")
    assert snapshot.participants == (bob,)
    assert (snapshot.audio_slots, snapshot.max_participants) == (3, 3)


def test_a_full_room_and_a_taken_id_are_refused(room: Room) -> None:
    with pytest.raises(RoomError) as taken:
        room.join("ann", "Another Ann", "student")
    assert taken.value.code == "participant_exists"
    room.join("cat", "Cat", "student")
    with pytest.raises(RoomError, match="at most 3") as full:
        room.join("dan", "Dan", "student")
    assert full.value.code == "room_full"


def test_leaving_empties_the_slots_of_others_and_needs_no_unpublishing(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    room.take_decisions()
    room.slot_switched(BOB_FIRST, ANN_CAMERA)
    room.take_decisions()
    room.leave("ann", "left")
    decisions = room.take_decisions()
    assert told(decisions, "bob") == [
        ParticipantLeft(participant_id="ann", reason="left"),
        Showing(slots=(SlotContent(mid="v0"), SlotContent(mid="v1"))),
    ]
    assert switches(decisions) == {BOB_FIRST: None}
    assert ("ann" in room, len(room)) == (False, 1)


def test_the_speaker_who_leaves_speaks_no_more(room: Room) -> None:
    room.speaker(ANN_MICROPHONE)
    assert told(room.take_decisions(), "bob") == [Speaking(participant_id="ann")]
    room.leave("ann", "left")
    assert Speaking() in told(room.take_decisions(), "bob")


def test_the_speaker_is_told_to_everybody_once(room: Room) -> None:
    room.speaker(BOB_MICROPHONE)
    room.speaker(BOB_MICROPHONE)
    decisions = room.take_decisions()
    assert told(decisions, "ann") == told(decisions, "bob") == [Speaking(participant_id="bob")]
    room.speaker(0)
    assert told(room.take_decisions(), "ann") == [Speaking()]


def test_the_sound_of_a_shared_screen_is_heard_but_speaks_not(room: Room) -> None:
    room.add_track("ann", "screen", "audio", [ANN_TAB])
    room.source_started(ANN_TAB)
    assert told(room.take_decisions(), "bob") == [TrackPublished(participant_id="ann", source="screen", kind="audio")]
    room.add_slot("bob", "a0", "audio", 99)
    room.slot_switched(99, ANN_TAB)
    room.speaker(ANN_TAB)
    (showing,) = told(room.take_decisions(), "bob")
    assert isinstance(showing, Showing)
    assert SlotContent(mid="a0", participant_id="ann", source="screen") in showing.slots
    room.speaker(BOB_MICROPHONE)
    room.speaker(ANN_TAB)
    assert told(room.take_decisions(), "ann", Speaking) == [Speaking(participant_id="bob"), Speaking()]


# Tracks


def test_a_track_is_published_when_it_flows_with_the_size_known_by_then(room: Room) -> None:
    assert room.take_decisions() == []
    room.source_started(ANN_CAMERA)
    room.frame_size(ANN_CAMERA, 1280, 720)
    decisions = room.take_decisions()
    assert told(decisions, "bob", TrackPublished) == [
        TrackPublished(participant_id="ann", source="camera", kind="video", width=1280, height=720)
    ]
    assert told(decisions, "ann", TrackPublished) == []


def test_a_track_of_several_layers_is_published_once_and_gone_with_the_last(room: Room) -> None:
    start_cat(room)
    assert len(told(room.take_decisions(), "bob", TrackPublished)) == 1
    room.source_stopped(CAT_HIGH)
    room.source_stopped(CAT_LOW)
    assert told(room.take_decisions(), "bob", TrackUnpublished) == []
    room.source_stopped(CAT_MIDDLE)
    assert told(room.take_decisions(), "bob", TrackUnpublished) == [
        TrackUnpublished(participant_id="cat", source="camera", kind="video")
    ]


def test_a_stop_and_start_within_one_batch_is_not_told(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    room.take_decisions()
    room.source_stopped(ANN_CAMERA)
    room.source_started(ANN_CAMERA)
    assert room.take_decisions() == []


def test_a_removed_track_is_unpublished_and_its_late_events_mean_nothing(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    room.take_decisions()
    room.remove_track("ann", "camera", "video")
    decisions = room.take_decisions()
    assert len(told(decisions, "bob", TrackUnpublished)) == 1
    assert switches(decisions) == {BOB_FIRST: None}
    room.source_started(ANN_CAMERA)
    room.frame_size(ANN_CAMERA, 640, 360)
    room.slot_switched(BOB_FIRST, ANN_CAMERA)
    room.slot_switched(999, ANN_CAMERA)
    room.speaker(ANN_CAMERA)
    assert room.take_decisions() == []


# Muting and blocking


def test_muting_is_told_to_others_and_enforced(room: Room) -> None:
    room.set_muted("ann", "microphone", True)
    room.set_muted("ann", "microphone", True)
    assert room.take_decisions() == [
        Silence(ANN_MICROPHONE, True),
        Tell("bob", TrackMuted(participant_id="ann", source="microphone", muted=True)),
    ]
    room.set_muted("ann", "microphone", False)
    assert Silence(ANN_MICROPHONE, False) in room.take_decisions()


def test_blocked_and_muted_stays_silent_until_both_have_ended(room: Room) -> None:
    room.set_blocked("ann", "microphone", True)
    assert room.take_decisions()[0] == Silence(ANN_MICROPHONE, True)
    room.set_muted("ann", "microphone", True)
    room.set_blocked("ann", "microphone", False)
    assert [each for each in room.take_decisions() if isinstance(each, Silence)] == []
    room.set_muted("ann", "microphone", False)
    assert Silence(ANN_MICROPHONE, False) in room.take_decisions()


def test_everybody_is_told_once_what_is_blocked_whosever_blocks_those_are(room: Room) -> None:
    blocked = TrackBlocked(participant_id="ann", source="screen", blocked=True)
    room.set_blocked("ann", "screen", True, "hall")
    assert room.take_decisions() == [Tell("ann", blocked), Tell("bob", blocked)]
    room.set_blocked("ann", "screen", True, "quiet")
    room.set_blocked("ann", "screen", False, "hall")
    assert room.take_decisions() == []
    room.lift_blocks("quiet")
    free = TrackBlocked(participant_id="ann", source="screen", blocked=False)
    assert room.take_decisions() == [Tell("ann", free), Tell("bob", free)]


def test_who_comes_finds_what_is_blocked_of_whom(room: Room) -> None:
    for name in ("ann", "cat"):
        room.set_blocked(name, "screen", True)
        room.set_blocked(name, "camera", True)
    # Nobody knows of Cat yet.
    assert [each.participant_id for each in told(room.take_decisions(), "bob", TrackBlocked)] == ["ann", "ann"]
    room.join("cat", "Cat", "student")
    assert room.snapshot("cat").blocked == ("camera", "screen")
    assert [each.blocked for each in room.snapshot("cat").participants] == [("camera", "screen"), ()]
    (joined,) = told(room.take_decisions(), "bob")
    assert joined.participant.blocked == ("camera", "screen")


def test_what_is_blocked_before_its_participant_comes_is_silent_from_the_beginning(room: Room) -> None:
    room.set_blocked("cat", "camera", True)
    room.join("cat", "Cat", "student")
    room.add_track("cat", "camera", "video", [CAT_LOW, CAT_HIGH])
    silences = [each for each in room.take_decisions() if isinstance(each, Silence)]
    assert silences == [Silence(CAT_LOW, True), Silence(CAT_HIGH, True)]


def test_a_block_of_nothing_is_refused(room: Room) -> None:
    with pytest.raises(RoomError, match="source must be one of microphone, camera, screen"):
        room.set_blocked("ann", "piano", True)  # type: ignore[arg-type]  # that is the point


# Roles


def test_a_new_role_is_told_to_everybody_and_to_whom_it_concerns_that_panels_are_others(room: Room) -> None:
    room.take_news()
    room.set_role("bob", "assistant")
    changed = RoleChanged(participant_id="bob", role="assistant")
    assert room.take_decisions() == [Tell("ann", changed), Tell("bob", changed), Tell("bob", PanelsChanged())]
    assert [each.role for each in room.participants()] == ["instructor", "assistant"]
    (news,) = room.take_news()
    assert isinstance(news, News)
    assert (news.participant.role, news.event) == ("assistant", FormerRole("student"))
    room.set_role("bob", "assistant")
    assert (room.take_decisions(), room.take_news()) == ([], [])


def test_a_track_that_comes_while_muted_is_silent_and_published_as_muted(room: Room) -> None:
    room.set_muted("ann", "screen", True)
    room.add_track("ann", "screen", "video", [ANN_SCREEN])
    room.source_started(ANN_SCREEN)
    decisions = room.take_decisions()
    assert Silence(ANN_SCREEN, True) in decisions
    assert told(decisions, "bob", TrackPublished)[0].muted
    assert switches(decisions) == {}


def test_a_muted_camera_leaves_its_slots_and_comes_back(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    assert switches(room.take_decisions()) == {BOB_FIRST: ANN_CAMERA}
    room.set_muted("ann", "camera", True)
    assert switches(room.take_decisions()) == {BOB_FIRST: None}
    room.set_muted("ann", "camera", False)
    assert switches(room.take_decisions()) == {BOB_FIRST: ANN_CAMERA}


# Automatic viewing


def test_slots_fill_by_themselves_and_never_with_oneself(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    room.source_started(BOB_CAMERA)
    assert switches(room.take_decisions()) == {ANN_FIRST: BOB_CAMERA, BOB_FIRST: ANN_CAMERA}


def test_a_screen_displaces_a_camera_when_slots_are_short(room: Room) -> None:
    start_cat(room)
    room.source_started(ANN_CAMERA)
    room.take_decisions()
    room.add_track("ann", "screen", "video", [ANN_SCREEN])
    room.source_started(ANN_SCREEN)
    assert switches(room.take_decisions()) == {BOB_SECOND: ANN_SCREEN}


def test_a_slot_that_comes_free_goes_to_the_next(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    start_cat(room)
    room.add_track("ann", "screen", "video", [ANN_SCREEN])
    room.source_started(ANN_SCREEN)
    room.take_decisions()
    room.source_stopped(ANN_SCREEN)
    assert list(switches(room.take_decisions()).values()) == [CAT_HIGH]


def test_one_more_slot_is_filled_and_a_removed_one_forgotten(room: Room) -> None:
    start_cat(room)
    room.source_started(ANN_CAMERA)
    room.remove_slot("bob", "v1")
    room.take_decisions()
    room.add_slot("bob", "v2", "video", 113)
    assert switches(room.take_decisions()) == {113: CAT_HIGH}


def test_layers_follow_what_runs_and_how_large_it_is(room: Room) -> None:
    start_cat(room)
    room.show("bob", [Shown(mid="v0", participant_id="cat", max_height=400)])
    assert switches(room.take_decisions())[BOB_FIRST] == CAT_MIDDLE
    room.source_stopped(CAT_MIDDLE)
    assert switches(room.take_decisions())[BOB_FIRST] == CAT_LOW
    room.source_started(CAT_MIDDLE)
    assert switches(room.take_decisions())[BOB_FIRST] == CAT_MIDDLE
    room.frame_size(CAT_MIDDLE, 960, 540)
    assert switches(room.take_decisions())[BOB_FIRST] == CAT_LOW


# Chosen viewing


def test_a_wish_ends_automatic_filling_and_other_slots_keep_what_they_had(room: Room) -> None:
    room.source_started(ANN_CAMERA)
    start_cat(room)
    room.take_decisions()
    room.show("bob", [Shown(mid="v0", participant_id=None)])
    assert switches(room.take_decisions()) == {BOB_FIRST: None}
    room.source_stopped(CAT_HIGH)
    assert switches(room.take_decisions()) == {BOB_SECOND: CAT_MIDDLE, ANN_FIRST: CAT_MIDDLE}


def test_a_wish_waits_for_its_track_and_for_its_owner_to_return(room: Room) -> None:
    room.show("bob", [Shown(mid="v0", participant_id="ann", source="screen")])
    assert switches(room.take_decisions()) == {}
    room.add_track("ann", "screen", "video", [ANN_SCREEN])
    room.source_started(ANN_SCREEN)
    assert switches(room.take_decisions()) == {BOB_FIRST: ANN_SCREEN}
    room.leave("ann", "left")
    assert switches(room.take_decisions()) == {BOB_FIRST: None}
    room.join("ann", "Ann", "instructor")
    room.add_track("ann", "screen", "video", [ANN_SCREEN + 40])
    room.source_started(ANN_SCREEN + 40)
    assert switches(room.take_decisions()) == {BOB_FIRST: ANN_SCREEN + 40}


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        (Shown(mid="v9"), "slot_unknown", "slots[1].mid"),
        (Shown(mid="a0"), "slot_not_video", "slots[1].mid"),
        (Shown(mid="v0"), "slot_repeated", "slots[1].mid"),
        (Shown(mid="v1", participant_id="ann"), "own_track", "slots[1].participant_id"),
        (Shown(mid="v1", participant_id="zoe"), "participant_unknown", "slots[1].participant_id"),
        (Shown(mid="v1", participant_id="bob", max_height=0), "height_invalid", "slots[1].max_height"),
        (Shown(mid="v1", participant_id="bob", source="microphone"), "source_not_video", "slots[1].source"),
    ],
)
def test_an_impossible_wish_is_refused_by_field_and_none_of_it_applied(
    room: Room, entry: Shown, code: str, field: str
) -> None:
    room.source_started(BOB_CAMERA)
    room.take_decisions()
    with pytest.raises(RoomError) as caught:
        room.show("ann", [Shown(mid="v0"), entry])
    assert (caught.value.code, caught.value.field) == (code, field)
    assert room.take_decisions() == []


# What is told about slots


def test_showing_is_told_when_the_picture_has_changed_and_only_then(room: Room) -> None:
    room.source_started(BOB_CAMERA)
    assert told(room.take_decisions(), "ann", Showing) == []
    room.slot_switched(ANN_FIRST, BOB_CAMERA)
    room.slot_switched(ANN_HEARS, BOB_MICROPHONE)
    empty = SlotContent(mid="v1")
    seen = SlotContent(mid="v0", participant_id="bob", source="camera")
    heard = SlotContent(mid="a0", participant_id="bob", source="microphone")
    decisions = room.take_decisions()
    assert told(decisions, "ann") == [Showing(slots=(seen, empty, heard))]
    assert told(decisions, "bob") == []
    room.slot_switched(ANN_FIRST, BOB_CAMERA)
    assert room.take_decisions() == []


def test_another_layer_of_the_same_person_is_no_news(room: Room) -> None:
    start_cat(room)
    room.take_decisions()
    room.slot_switched(ANN_FIRST, CAT_LOW)
    assert len(told(room.take_decisions(), "ann", Showing)) == 1
    room.slot_switched(ANN_FIRST, CAT_HIGH)
    assert told(room.take_decisions(), "ann", Showing) == []


def test_a_late_report_does_not_refill_a_slot_that_was_emptied(room: Room) -> None:
    room.source_started(BOB_CAMERA)
    room.take_decisions()
    room.slot_switched(ANN_FIRST, BOB_CAMERA)
    room.take_decisions()
    room.show("ann", [Shown(mid="v0")])
    assert len(told(room.take_decisions(), "ann", Showing)) == 1
    room.slot_switched(ANN_FIRST, BOB_CAMERA)
    assert room.take_decisions() == []
