# SPDX-License-Identifier: Apache-2.0
"""The life of a class in virtual time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.scheduling.lifecycle import Course, Rules, Step, advance, next_look, rescheduled

RULES = Rules()
START = datetime(2027, 1, 11, 8, tzinfo=UTC)
END = START + timedelta(hours=1)
CLASS = Course("scheduled", START, END)


def after(minutes: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=minutes)


def live_through(course: Course, moments: Sequence[tuple[float, bool]]) -> tuple[str, list[tuple[float, Step]]]:
    """The state in the end, and what happened when."""
    log: list[tuple[float, Step]] = []
    for minutes, occupied in moments:
        course, steps = advance(course, after(minutes), occupied=occupied, rules=RULES)
        log += [(minutes, step) for step in steps]
    return course.state, log


def test_a_class_opens_begins_warns_and_ends() -> None:
    moments = [
        (-11, False),
        (-10, False),
        (-3, True),
        (0, True),
        (60, True),
        (69, True),
        (70, True),
        (74, True),
        (75, True),
    ]
    assert live_through(CLASS, moments) == (
        "ended",
        [(-10, "opened"), (-3, "live"), (70, "ending"), (75, "ended")],
    )


def test_an_instructor_who_came_early_makes_it_live_when_it_opens() -> None:
    assert live_through(CLASS, [(-25, True), (-10, True)]) == ("live", [(-10, "opened"), (-10, "live")])


def test_a_class_whose_room_is_empty_for_a_while_stays_live() -> None:
    assert live_through(CLASS, [(-5, True), (10, False), (20, True), (59, False)])[0] == "live"


def test_a_class_nobody_comes_to_ends_as_well() -> None:
    assert live_through(CLASS, [(-10, False), (75, False)]) == ("ended", [(-10, "opened"), (75, "ended")])


def test_a_class_that_passed_unseen_has_ended_and_nothing_else() -> None:
    assert live_through(CLASS, [(500, False)]) == ("ended", [(500, "ended")])


def test_a_class_that_was_on_at_a_restart_goes_on_and_is_warned_once() -> None:
    live = replace(CLASS, state="live")
    assert live_through(live, [(30, False), (71, True), (72, True)]) == ("live", [(71, "ending")])


@pytest.mark.parametrize("state", ["ended", "cancelled"])
def test_what_is_over_stays_so(state: str) -> None:
    over = Course(state, START, END)  # type: ignore[arg-type]  # one of the two
    assert advance(over, after(0), occupied=True, rules=RULES) == (over, ())
    assert next_look(over, RULES) is None


def test_instructors_come_earlier_but_never_later() -> None:
    assert RULES.opens_at(START, "instructor") == after(-30)
    assert RULES.opens_at(START, "student") == RULES.opens_at(START, "assistant") == after(-10)
    assert Rules(window=timedelta(hours=2)).opens_at(START, "instructor") == after(-120)


def test_an_open_class_that_is_moved_away_is_scheduled_again() -> None:
    moved = rescheduled(replace(CLASS, state="open"), after(60), after(120), after(-5), RULES)
    assert moved.state == "scheduled"
    assert rescheduled(replace(CLASS, state="open"), after(1), after(61), after(-5), RULES).state == "open"


def test_a_class_that_is_made_longer_is_warned_again() -> None:
    live = Course("live", START, END, warned=True)
    longer = rescheduled(live, START, END + timedelta(minutes=30), after(72), RULES)
    assert not longer.warned
    assert rescheduled(live, START, END, after(72), RULES).warned


rules = st.builds(Rules, *(st.timedeltas(timedelta(0), timedelta(hours=3)) for _ in range(4)))
lengths = st.timedeltas(timedelta(minutes=5), timedelta(hours=12))


@given(rules, lengths, st.lists(st.tuples(st.timedeltas(timedelta(hours=-5), timedelta(hours=20)), st.booleans())))
def test_whatever_happens_time_only_leads_forward(
    rules: Rules, length: timedelta, moments: list[tuple[timedelta, bool]]
) -> None:
    order = ["scheduled", "open", "live", "ended"]
    course = Course("scheduled", START, START + length)
    told: list[Step] = []
    for moment, occupied in sorted(moments):
        before, now = course, START + moment
        course, steps = advance(course, now, occupied=occupied, rules=rules)
        told += steps
        assert order.index(course.state) >= order.index(before.state)
        assert advance(course, now, occupied=occupied, rules=rules) == (course, ())
        look = next_look(course, rules)
        assert look is None if course.state == "ended" else look is not None and look > now
    assert len(told) == len(set(told))


@given(rules, lengths)
def test_following_the_looks_is_enough(rules: Rules, length: timedelta) -> None:
    course, now = Course("scheduled", START, START + length), START - timedelta(hours=4)
    told: list[Step] = []
    while (look := next_look(course, rules)) is not None:
        now = max(now, look)
        course, steps = advance(course, now, occupied=True, rules=rules)
        assert steps
        told += steps
    assert told[-1] == "ended"
    assert now == rules.closes_at(START + length)
