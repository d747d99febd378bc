# SPDX-License-Identifier: Apache-2.0
"""Stays in the table: rejoining, hosts that were killed, and what becomes of it in the sum."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from podium_attendance.people import Attendee, attendees
from podium_attendance.tables import Base, Person, arrive, depart, forget, reconcile, stays

START = datetime(2030, 5, 1, 12, tzinfo=UTC)
REJOIN = timedelta(seconds=60)
ADA = Person("math", "ada", "Ada", "student")
BEN = Person("math", "ben", "Ben", "student")


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def summed_up(session: Session, now: datetime) -> dict[str, Attendee]:
    session.flush()
    return {each.participant_id: each for each in attendees(stays(session, "math"), now)}


def test_who_is_there_is_counted_until_now(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    ada = summed_up(session, after(90.9))["ada"]
    assert (ada.seconds, ada.present_since, ada.last_left_at, ada.stays) == (90, START, None, 1)


def test_who_comes_back_soon_was_not_away(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    depart(session, "math", "ada", after(100))
    arrive(session, ADA, after(160), REJOIN)
    depart(session, "math", "ada", after(200))
    ada = summed_up(session, after(300))["ada"]
    assert (ada.seconds, ada.stays, ada.last_left_at) == (200, 1, after(200))


def test_who_comes_back_late_has_two_stays(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    depart(session, "math", "ada", after(100))
    arrive(session, ADA._replace(display_name="Ada L."), after(161), REJOIN)
    ada = summed_up(session, after(200))["ada"]
    assert (ada.seconds, ada.stays, ada.first_joined_at, ada.present_since) == (139, 2, START, after(161))
    assert ada.display_name == "Ada L."


def test_joining_twice_without_leaving_is_one_stay(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    arrive(session, ADA, after(500), REJOIN)
    assert summed_up(session, after(600))["ada"].stays == 1


def test_leaving_without_having_come_does_nothing(session: Session) -> None:
    depart(session, "math", "ada", START)
    assert summed_up(session, START) == {}


def test_stays_of_other_sessions_are_their_own(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    arrive(session, ADA._replace(session_id="art"), after(10), REJOIN)
    depart(session, "art", "ada", after(20))
    assert summed_up(session, after(30))["ada"].present_since == START


def test_after_a_host_was_killed_stays_end_when_people_were_last_seen(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    arrive(session, BEN, START, REJOIN)
    reconcile(session, [ADA, BEN], after(30), REJOIN, watched=True)
    reconcile(session, [], after(5000), REJOIN, watched=False)
    people = summed_up(session, after(6000))
    assert {each.last_left_at for each in people.values()} == {after(30)}
    assert {each.seconds for each in people.values()} == {30}


def test_who_comes_back_soon_after_the_host_was_killed_goes_on_with_the_same_stay(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    reconcile(session, [ADA], after(30), REJOIN, watched=True)
    reconcile(session, [], after(50), REJOIN, watched=False)
    arrive(session, ADA, after(55), REJOIN)
    ada = summed_up(session, after(100))["ada"]
    assert (ada.seconds, ada.stays) == (100, 1)


def test_old_stays_are_forgotten_and_open_ones_are_not(session: Session) -> None:
    for person in (ADA, BEN, ADA._replace(participant_id="cleo")):
        arrive(session, person, START, REJOIN)
    depart(session, "math", "ada", after(10))
    depart(session, "math", "cleo", after(30))
    forget(session, after(20))
    assert list(summed_up(session, after(40))) == ["ben", "cleo"]


def test_what_no_hook_told_is_found_by_looking(session: Session) -> None:
    arrive(session, ADA, START, REJOIN)
    reconcile(session, [BEN], after(30), REJOIN, watched=True)
    people = summed_up(session, after(40))
    assert people["ada"].last_left_at == after(30)
    assert people["ben"].present_since == after(30)
