# SPDX-License-Identifier: Apache-2.0
"""The small rules alone: overlaps, who may enter, invitations, kept places."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core import OperationError, SessionState
from podium.plugins.scheduling.admission import Door, refusal, seconds_until, stamp
from podium.plugins.scheduling.invitations import CODE_LENGTH, Invitations, claimed_id_untrusted, new_salt
from podium.plugins.scheduling.lifecycle import Rules
from podium.plugins.scheduling.listing import read_cursor
from podium.plugins.scheduling.overlaps import Busy, first_overlap
from podium.plugins.scheduling.places import KEPT, Places

START = datetime(2027, 1, 11, 8, tzinfo=UTC)
RULES = Rules()

times = st.builds(
    lambda begin, length: Busy(START + timedelta(minutes=begin), START + timedelta(minutes=begin + length)),
    st.integers(0, 300),
    st.integers(5, 100),
)


@given(st.lists(times, max_size=8), st.lists(times, max_size=8))
def test_an_overlap_is_found_if_there_is_one(planned: list[Busy], taken: list[Busy]) -> None:
    clashes = {
        (one, other)
        for one in planned
        for other in taken
        if one.starts_at < other.ends_at and other.starts_at < one.ends_at
    }
    found = first_overlap(planned, taken)
    assert (found is None) == (not clashes)
    assert found is None or found in clashes


def door(state: SessionState = "open", capacity: int = 2) -> Door:
    return Door("algebra", state, START, START + timedelta(hours=1), capacity)


def code(door: Door, role: str, minutes: float, inside: tuple[str, ...] = (), who: str = "ann") -> str:
    refused = refusal(door, role, who, START + timedelta(minutes=minutes), inside, RULES)
    return refused.code if refused is not None else "ok"


@pytest.mark.parametrize(
    ("role", "minutes", "expected"),
    [
        ("student", -10.01, "too_early"),
        ("student", -10, "ok"),
        ("assistant", -20, "too_early"),
        ("instructor", -30, "ok"),
        ("instructor", -30.01, "too_early"),
        ("student", 74.9, "ok"),
        ("student", 75, "session_over"),
        ("instructor", 75, "session_over"),
    ],
)
def test_a_class_is_entered_between_its_opening_and_its_closing(role: str, minutes: float, expected: str) -> None:
    assert code(door("scheduled"), role, minutes) == expected


def test_a_full_class_keeps_out_who_is_not_in() -> None:
    inside = ("bob", "carl")
    assert code(door(), "student", 0, inside) == "session_full"
    assert code(door(), "student", 0, inside, who="bob") == "ok"
    assert code(door(), "instructor", 0, inside) == "ok"
    assert code(door(capacity=3), "student", 0, inside) == "ok"


def test_what_was_decided_comes_before_what_time_says() -> None:
    assert code(door("cancelled"), "student", -100) == "session_cancelled"
    assert code(door("ended"), "student", 0) == "session_over"


def test_a_time_between_two_seconds_is_rounded_up() -> None:
    moment = START + timedelta(milliseconds=1)
    assert stamp(START) == "2027-01-11T08:00:00Z"
    assert stamp(moment) == "2027-01-11T08:00:01Z"
    assert (seconds_until(moment, START), seconds_until(START, START), seconds_until(START, moment)) == (1, 0, 0)


ids = st.text("ABCxyz019_-", min_size=1, max_size=12)


@given(ids, ids, ids, ids)
def test_an_invitation_fits_one_person_and_one_session(session: str, person: str, other: str, salt: str) -> None:
    invitations = Invitations("k" * 32)
    written = invitations.write(session, person, salt)
    assert claimed_id_untrusted(written) == person
    assert len(written) == len(person) + 1 + CODE_LENGTH
    assert invitations.fits_untrusted(written, session, person, salt)
    assert invitations.fits_untrusted(written, other, person, salt) == (other == session)
    assert invitations.fits_untrusted(written, session, other, salt) == (other == person)
    assert invitations.fits_untrusted(written, session, person, other) == (other == salt)
    assert not Invitations("l" * 32).fits_untrusted(written, session, person, salt)
    assert new_salt() != new_salt()


@given(st.text())
def test_any_text_may_come_as_an_invitation(text: str) -> None:
    assert not Invitations("k" * 32).fits_untrusted(text, "algebra", claimed_id_untrusted(text), "salt")


@given(st.text(max_size=100))
def test_any_text_may_come_as_a_cursor(text: str) -> None:
    with suppress(OperationError):  # and nothing else
        assert read_cursor(text).room_id in text


def test_a_place_is_kept_until_it_is_taken_or_time_is_over() -> None:
    places = Places()
    places.keep("algebra", "ann", START)
    places.keep("algebra", "bob", START)
    assert places.taken("algebra", {"carl"}, START) == {"ann", "bob", "carl"}
    places.give_back("algebra", "ann")
    places.give_back("botany", "ann")
    assert places.taken("algebra", {"ann"}, START) == {"ann", "bob"}
    assert places.taken("algebra", {"ann"}, START + KEPT) == {"ann"}
    places.keep("algebra", "bob", START)
    places.forget("algebra")
    assert places.taken("algebra", (), START) == set()
