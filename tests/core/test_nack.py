# SPDX-License-Identifier: Apache-2.0
"""The loss list against its model, and its rules one by one in virtual time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core._nack import LossTracker
from tests.oracles.nack import CAPACITY, GRACE_US, MAX_AGE, MAX_STEP, TRIES, LossModel

OUTCOMES = {
    "in order": LossTracker.IN_ORDER,
    "recovered": LossTracker.RECOVERED,
    "old": LossTracker.OLD,
    "restart": LossTracker.RESTART,
}
MILLISECOND = 1000
SECOND = 1_000_000

# Steps of the sequence number: mostly on, sometimes over a gap, back, or far away.
STEPS = st.one_of(
    st.just(1), st.just(1), st.integers(1, 5), st.integers(-20, 40), st.integers(-700, 700), st.integers(-3100, 3100),
    st.integers(-32768, 32767),
)  # fmt: skip
ACTIONS = st.one_of(
    st.tuples(st.just("received"), STEPS),
    st.tuples(st.just("received"), STEPS),
    st.tuples(st.just("due"), st.integers(-1, 600)),
    st.tuples(st.just("forget"), st.integers(-3000, 10)),
)


def tracker(*sequences: int) -> LossTracker:
    """A tracker that has received these at time 0."""
    losses = LossTracker()
    for sequence in sequences:
        losses.received(sequence, 0)
    return losses


@settings(max_examples=400)
@given(
    st.integers(0, 65535),
    st.lists(st.tuples(ACTIONS, st.integers(0, 30 * MILLISECOND)), max_size=120),
    st.integers(0, 100 * MILLISECOND),
)
def test_any_sequence_of_packets_does_what_the_model_does(
    first: int, actions: list[tuple[tuple[str, int], int]], round_trip: int
) -> None:
    losses, model, now, last = LossTracker(), LossModel(), 0, first
    for (action, argument), pause in [(("received", 0), 0), *actions]:
        now += pause
        if action == "received":
            sequence = (last + argument) % 65536
            last = sequence if argument > 0 else last
            assert losses.received(sequence, now) == OUTCOMES[model.received(sequence, now)]
        elif action == "due":
            assert losses.due(now, round_trip, argument) == model.due(now, round_trip, max(0, argument))
        else:
            losses.forget_before((last + argument) % 65536)
            model.forget_before((last + argument) % 65536)
        assert losses.missing == model.missing


@given(st.integers(0, 65535), st.sets(st.integers(1, 400), min_size=1), st.randoms())
def test_what_comes_late_in_any_order_is_recovered(start: int, late: set[int], random: object) -> None:
    losses = tracker(start)
    for number in range(1, 402):
        if number not in late:
            losses.received((start + number) % 65536, 0)
    assert losses.missing == [(start + number) % 65536 for number in sorted(late)]
    order = sorted(late)
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' Random
    assert {losses.received((start + number) % 65536, 0) for number in order} == {LossTracker.RECOVERED}
    assert losses.missing == []


def test_nothing_is_missing_in_a_whole_stream() -> None:
    losses = LossTracker()
    outcomes = {losses.received(number % 65536, 0) for number in range(65000, 66000)}
    assert outcomes == {LossTracker.IN_ORDER}
    assert losses.due(SECOND, 0) == ([], 0)


def test_a_gap_waits_for_reordered_packets_before_it_is_asked_for() -> None:
    losses = tracker(65534, 1)
    assert losses.missing == [65535, 0]
    assert losses.due(GRACE_US - 1, 0).sequences == []
    assert losses.due(GRACE_US, 0).sequences == [65535, 0]


def test_overtaken_packets_are_never_asked_for() -> None:
    losses = tracker(1, 3)
    assert losses.received(2, GRACE_US - 1) == LossTracker.RECOVERED
    assert losses.due(SECOND, 0).sequences == []


@pytest.mark.parametrize(("round_trip", "pause"), [(0, 20), (-5, 20), (20, 20), (150, 150)])
def test_the_question_is_repeated_after_a_round_trip(round_trip: int, pause: int) -> None:
    losses = tracker(1, 3)
    asked = [now for now in range(1000) if losses.due(now * MILLISECOND, round_trip * MILLISECOND).sequences == [2]]
    assert asked[0] == GRACE_US // MILLISECOND
    assert {after - before for before, after in pairwise(asked)} == {pause}


def test_a_packet_is_given_up_after_the_last_try_had_its_time() -> None:
    losses = tracker(1, 3)
    answers = [losses.due(GRACE_US + 20 * MILLISECOND * number, 0) for number in range(TRIES + 2)]
    assert answers == [([2], 0)] * TRIES + [([], 1), ([], 0)]
    assert losses.received(2, SECOND) == LossTracker.OLD


def test_duplicates_are_old() -> None:
    losses = tracker(1, 3, 2)
    assert [losses.received(number, 0) for number in (3, 2, 1)] == [LossTracker.OLD] * 3


def test_what_there_is_no_room_to_ask_for_is_asked_for_next() -> None:
    losses = tracker(0, 6)
    assert losses.due(GRACE_US, 0, 3).sequences == [1, 2, 3]
    assert losses.due(GRACE_US, 0, 3).sequences == [4, 5]
    assert losses.due(GRACE_US, 0, 3).sequences == []


def test_a_full_list_gives_up_the_oldest() -> None:
    losses = tracker(0, CAPACITY + 1)
    losses.received(CAPACITY + 1 + 11, 0)
    assert losses.missing == [*range(11, CAPACITY + 1), *range(CAPACITY + 2, CAPACITY + 12)]
    assert losses.due(0, 0) == ([], 10)
    assert losses.due(0, 0) == ([], 0)


def test_of_a_gap_wider_than_the_list_the_newest_are_asked_for() -> None:
    losses = tracker(0, 2, 2003)
    assert losses.missing == list(range(2003 - CAPACITY, 2003))
    assert losses.due(0, 0) == ([], 1 + 2000 - CAPACITY)


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (MAX_STEP, LossTracker.IN_ORDER),
        (MAX_STEP + 1, LossTracker.RESTART),
        (-MAX_STEP, LossTracker.OLD),
        (-MAX_STEP - 1, LossTracker.RESTART),
        (32768, LossTracker.RESTART),
    ],
)
def test_steps_too_wide_for_losses_are_restarts(step: int, outcome: int) -> None:
    losses = tracker(9, 11)
    assert losses.received((11 + step) % 65536, 0) == outcome
    if outcome == LossTracker.RESTART:
        assert losses.missing == []
        assert losses.received((12 + step) % 65536, 0) == LossTracker.IN_ORDER


def test_losses_do_not_outlive_their_numbers() -> None:
    losses = tracker(0, 2)
    for number in range(3, 65536 + 3):
        assert losses.received(number % 65536, 0) == LossTracker.IN_ORDER
        assert losses.missing == ([1] if number <= MAX_AGE + 1 else [])
    assert losses.due(0, 0).gave_up == 1


def test_a_key_frame_makes_older_losses_uninteresting() -> None:
    losses = tracker(65530, 65533, 1, 4)
    losses.forget_before(0)
    assert losses.missing == [0, 2, 3]
    assert losses.due(GRACE_US, 0) == ([0, 2, 3], 0)


def test_a_reset_tracker_is_a_new_one() -> None:
    losses = tracker(1, 600, 700)
    losses.reset()
    assert losses.missing == []
    assert losses.received(50_000, 0) == LossTracker.IN_ORDER
    assert losses.due(0, 0) == ([], 0)
