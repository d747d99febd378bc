# SPDX-License-Identifier: Apache-2.0
"""The room without media while plugins decide who sees and hears whom, who comes first and who is blocked."""

import pytest

from podium.core.events import Showing, SlotContent, Speaking
from podium.core.rooms.decisions import Decision, NowSpeaking, Silence, Switch
from podium.core.rooms.room import Room
from podium.core.rooms.wishes import Shown
from tests.rooms.test_room import switches, told

ANN, BOB, CAT = 1, 2, 3
"""Cameras; microphones are ten times as much, slots a hundred times."""


@pytest.fixture
def room() -> Room:
    """Three who show and speak, and see one each."""
    room = Room("math", audio_slots=3, max_participants=9)
    for number, name in ((ANN, "ann"), (BOB, "bob"), (CAT, "cat")):
        add(room, name, number)
    room.take_decisions()
    return room


def add(room: Room, name: str, number: int) -> None:
    room.join(name, name.title(), "student")
    room.add_track(name, "camera", "video", [number])
    room.add_track(name, "microphone", "audio", [number * 10])
    room.add_slot(name, "v0", "video", number * 100)
    for source_id in (number, number * 10):
        room.source_started(source_id)


def silences(decisions: list[Decision]) -> list[Decision]:
    return [each for each in decisions if isinstance(each, Silence)]


def settle(room: Room) -> list[Decision]:
    """Decisions, carried out at once as a worker with a key frame at hand does."""
    decisions = room.take_decisions()
    for decision in decisions:
        if isinstance(decision, Switch):
            room.slot_switched(decision.slot_id, decision.source_id or 0)
    return decisions + room.take_decisions()


def test_without_restriction_nothing_is_said_of_groups(room: Room) -> None:
    assert not room.audiences.restricted
    assert room.groups_of("ann") == 0


def test_who_is_here_keeps_what_they_have_and_who_comes_has_nothing_until_decided(room: Room) -> None:
    settle(room)
    room.audiences.restrict(True)
    assert switches(settle(room)) == {}
    add(room, "dan", 4)
    assert switches(settle(room)) == {}
    room.audiences.decide("ann", "camera", {"bob", "cat", "dan"})
    assert switches(settle(room)) == {400: ANN}


def test_a_picture_goes_as_soon_as_its_viewer_is_left_out(room: Room) -> None:
    settle(room)
    room.audiences.restrict(True)
    settle(room)
    room.audiences.decide("ann", "camera", {"cat"})
    decisions = settle(room)
    assert switches(decisions) == {200: CAT}
    assert told(decisions, "bob", Showing)[-1].slots == (SlotContent(mid="v0", participant_id="cat", source="camera"),)
    room.audiences.decide("cat", "camera", set())
    decisions = settle(room)
    assert switches(decisions) == {200: None}
    assert told(decisions, "bob", Showing)[-1].slots == (SlotContent(mid="v0"),)


def test_a_wish_waits_until_it_is_allowed(room: Room) -> None:
    room.audiences.restrict(True)
    room.audiences.decide("ann", "camera", set())
    settle(room)
    room.show("bob", [Shown(mid="v0", participant_id="ann")])
    assert switches(settle(room)) == {200: None}
    room.audiences.decide("ann", "camera", {"bob", "nobody", "ann"})
    assert switches(settle(room)) == {200: ANN}


def test_a_late_report_of_what_is_not_allowed_any_more_names_nobody(room: Room) -> None:
    room.take_decisions()
    room.audiences.restrict(True)
    room.audiences.decide("ann", "camera", set())
    room.take_decisions()
    room.slot_switched(200, ANN)
    assert told(room.take_decisions(), "bob", Showing) == []


def test_restriction_ends_for_all(room: Room) -> None:
    settle(room)
    room.audiences.restrict(True)
    for name in ("ann", "bob", "cat"):
        room.audiences.decide(name, "camera", set())
    assert switches(settle(room)) == {100: None, 200: None, 300: None}
    room.audiences.restrict(False)
    assert switches(settle(room)) == {100: BOB, 200: ANN, 300: ANN}


def test_a_decision_that_comes_after_the_restriction_has_ended_is_void(room: Room) -> None:
    settle(room)
    room.audiences.decide("ann", "camera", set())
    room.audiences.decide("eve", "camera", set())
    assert settle(room) == []


def test_who_comes_back_is_decided_about_anew(room: Room) -> None:
    room.audiences.restrict(True)
    for name in ("ann", "bob", "cat"):
        room.audiences.decide(name, "camera", {"ann", "bob", "cat"})
    settle(room)
    room.leave("bob", "left")
    add(room, "bob", 5)
    settle(room)
    assert room.groups_of("bob") == 0
    room.audiences.decide("cat", "camera", {"bob"})
    assert switches(settle(room)) == {100: None, 500: CAT}


def test_only_those_who_may_hear_the_speaker_learn_who_speaks(room: Room) -> None:
    settle(room)
    room.audiences.restrict(True)
    room.audiences.decide("ann", "microphone", {"bob"})
    settle(room)
    room.speaker(ANN * 10)
    decisions = settle(room)
    assert told(decisions, "bob") == told(decisions, "ann") == [Speaking(participant_id="ann")]
    assert NowSpeaking(room.people()[0]) in room.take_news()
    assert told(decisions, "cat") == []
    room.audiences.decide("ann", "microphone", {"cat"})
    decisions = settle(room)
    assert told(decisions, "bob", Speaking) == [Speaking(participant_id=None)]
    assert told(decisions, "cat", Speaking) == [Speaking(participant_id="ann")]


def test_more_audiences_than_can_be_kept_apart_leave_the_last_ones_alone() -> None:
    room = Room("math", audio_slots=3, max_participants=200)
    room.audiences.restrict(True)
    for number in range(70):
        room.join(f"p{number}", "P", "student")
        room.join(f"q{number}", "Q", "student")
        room.add_track(f"p{number}", "camera", "video", [number + 1])
        room.add_slot(f"q{number}", "v0", "video", 1000 + number)
        room.source_started(number + 1)
    for number in range(70):
        room.audiences.decide(f"p{number}", "camera", {f"q{number}"})
    switched = {slot_id: source_id for slot_id, source_id in switches(room.take_decisions()).items() if source_id}
    assert switched == {1000 + number: number + 1 for number in range(64)}
    assert room.audiences.crowded


def test_a_higher_priority_is_shown_first_and_none_means_as_usual(room: Room) -> None:
    settle(room)
    room.set_priority("cat", "camera", 150)
    assert switches(settle(room)) == {100: CAT, 200: CAT}
    room.set_priority("cat", "camera", None)
    assert switches(settle(room)) == {100: BOB, 200: ANN}
    room.set_priority("eve", "camera", 1)
    assert settle(room) == []


# Blocks


def test_a_source_flows_when_the_last_block_is_lifted(room: Room) -> None:
    settle(room)
    room.set_blocked("ann", "microphone", True, "hall")
    room.set_blocked("ann", "microphone", True, "quiet")
    assert Silence(ANN * 10, True) in settle(room)
    room.set_blocked("ann", "microphone", False, "quiet")
    assert settle(room) == []
    room.set_blocked("ann", "microphone", False, "hall")
    assert silences(settle(room)) == [Silence(ANN * 10, False)]


def test_a_block_holds_when_somebody_comes_back(room: Room) -> None:
    room.set_blocked("ann", "camera", True, "hall")
    room.leave("ann", "left")
    add(room, "ann", 7)
    assert Silence(7, True) in settle(room)
    room.leave("ann", "left")
    room.set_blocked("ann", "camera", False, "hall")
    add(room, "ann", 8)
    assert Silence(8, True) not in settle(room)


def test_all_blocks_of_one_owner_are_lifted_at_once(room: Room) -> None:
    for name in ("ann", "bob"):
        room.set_blocked(name, "microphone", True, "hall")
    room.set_blocked("bob", "microphone", True, "quiet")
    settle(room)
    room.lift_blocks("hall")
    assert silences(settle(room)) == [Silence(ANN * 10, False)]
