# SPDX-License-Identifier: Apache-2.0
"""Audiences as bits: as few as possible, and never a wrong one, not even between two commands to the worker."""

from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core.rooms.assignment import TrackKey
from podium.core.rooms.audience import Audiences
from podium.core.rooms.decisions import SetAudience, SetGroups
from podium.core.rooms.groups import MAX_GROUPS, groups_of, mask, membership, number
from podium.core.rooms.layers import Layer
from podium.core.rooms.model import Participant, Track

NAMES = "abcdefgh"


def everybody_but(name: str, names: str = NAMES) -> frozenset[str]:
    return frozenset(names) - {name}


def test_a_class_in_which_all_see_all_is_one_group() -> None:
    groups = groups_of([(name, everybody_but(name)) for name in NAMES], ())
    assert set(groups) == {frozenset(NAMES)}


def test_many_whom_only_the_teacher_sees_are_one_group_and_the_teacher_another() -> None:
    people = [f"student{number}" for number in range(100)]
    audiences = [(student, frozenset({"teacher"})) for student in people] + [("teacher", frozenset(people))]
    assert len(set(groups_of(audiences, ()))) == 2


def test_nobody_needs_no_group() -> None:
    assert number(groups_of([("a", frozenset())], ()), {}) == {}


def test_groups_keep_their_bits_and_the_last_to_be_used_again_are_those_that_just_ended() -> None:
    first, second, third = frozenset("ab"), frozenset("cd"), frozenset("ef")
    before = number([first, second], {})
    assert number([second, third], before) == {second: 1, third: 2}


def test_there_are_64_and_no_more() -> None:
    groups = [frozenset({str(index)}) for index in range(70)]
    numbers = number(groups, {})
    assert sorted(numbers.values()) == list(range(MAX_GROUPS))
    later = number(groups[10:], numbers)
    assert later.keys() >= set(groups[10:64])
    assert len(later) == 60


def test_a_member_has_the_bits_of_all_groups() -> None:
    assert membership("b", {frozenset("ab"): 0, frozenset("c"): 1, frozenset("b"): 63}) == mask([0, 63])


Audience = frozenset[str] | None
audiences = st.none() | st.frozensets(st.sampled_from(NAMES))
classes = st.lists(st.tuples(*[audiences] * len(NAMES)), min_size=1, max_size=6)
CROWD = 70
few_of_a_crowd = st.frozensets(st.integers(0, CROWD - 1), min_size=1, max_size=3)
crowds = st.lists(st.lists(few_of_a_crowd, min_size=CROWD, max_size=CROWD), max_size=3)


class Worker:
    """One microphone each, and what a worker makes of the decisions about them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        people = {name: Participant(name, name, "student") for name in names}
        self.audiences = Audiences(people)
        self.tracks = [
            Track(TrackKey(name, "microphone", "audio"), {index: Layer(index, 0, None, True)})
            for index, name in enumerate(names)
        ]
        for person, track in zip(people.values(), self.tracks, strict=True):
            person.tracks[track.key] = track
        self.told: dict[int, int | None] = dict.fromkeys(range(len(names)))
        self.groups = dict.fromkeys(names, 0)

    def receivers(self, index: int) -> set[str]:
        bits = self.told[index]
        return {each for each in self.names if each != self.names[index] and (bits is None or self.groups[each] & bits)}

    def everything(self) -> list[set[str]]:
        return [self.receivers(index) for index in range(len(self.names))]

    def moments(self, wanted: Sequence[Audience]) -> Iterator[list[set[str]]]:
        """Who receives whom after each decision of one round."""
        for track, audience in zip(self.tracks, wanted, strict=True):
            track.audience = audience
        for decision in self.audiences.settle():
            match decision:
                case SetAudience(source_id, bits):
                    self.told[source_id] = bits
                case SetGroups(participant_id, groups):
                    self.groups[participant_id] = groups
            yield self.everything()

    def round(self, wanted: Sequence[Audience]) -> None:
        before = self.everything()
        after = [
            (set(self.names) if audience is None else set(audience)) - {name}
            for name, audience in zip(self.names, wanted, strict=True)
        ]
        for moment in self.moments(wanted):
            assert all(have <= was | will for have, was, will in zip(moment, before, after, strict=True))
            # Who has it before and after has it all the time, unless bits are short.
            assert len(self.names) > MAX_GROUPS or all(
                have >= was & will for have, was, will in zip(moment, before, after, strict=True)
            )
        for index, track in enumerate(self.tracks):
            reached = self.receivers(index)
            assert reached == {name for name in self.names if name != self.names[index] and track.reaches(name)}
            assert reached == after[index] or (self.audiences.crowded and not reached)


@given(classes)
def test_at_no_moment_has_anybody_what_is_neither_theirs_before_nor_after(rounds: list[tuple[Audience, ...]]) -> None:
    worker = Worker(NAMES)
    for wanted in rounds:
        worker.round(wanted)


@settings(max_examples=10, deadline=None)
@given(crowds)
def test_nor_when_there_are_more_audiences_than_bits(rounds: list[list[frozenset[int]]]) -> None:
    names = [f"p{index}" for index in range(CROWD)]
    worker = Worker(names)
    for wanted in rounds:
        worker.round([frozenset(names[each] for each in audience) for audience in wanted])
