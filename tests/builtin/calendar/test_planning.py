# SPDX-License-Identifier: Apache-2.0
"""Who is told what, and when nobody is."""

from typing import Any

import msgspec
import pytest

from podium.core import Person, SessionView
from podium.plugins.calendar.planning import Due, Known, Plan, plan, sequence_of
from tests.builtin.calendar.samples import ADA, BEN, ZOE, edited, moved, session_at

SESSION = session_at("2026-11-23T09:00")
CAT = Person(name="Cat", email="cat@example.org", participant_id="cat")


class Outbox:
    """The rows of one session, written as a database would."""

    def __init__(self) -> None:
        self.rows: list[Known] = []

    def change(self, session: SessionView) -> list[str]:
        """Plan and write; what is due, as `REQUEST invitation ben`."""
        made: Plan = plan(session, self.rows)
        for number in made.superseded:
            self.rows[number] = self.rows[number]._replace(state="superseded")
        for due in made.due:
            self.rows.append(self._row(due, sequence_of(session)))
        return [f"{due.method} {due.occasion} {due.person.participant_id}" for due in made.due]

    def _row(self, due: Due, sequence: int) -> Known:
        number = len(self.rows)
        return Known(number, due.recipient, due.method, sequence, due.fingerprint, "pending", False, due.person)

    def send(self, state: str = "sent") -> None:
        """Everything that waits is tried."""
        maybe = state in ("sent", "sending")
        self.rows = [
            row._replace(state=state, maybe_delivered=maybe) if row.state == "pending" else row for row in self.rows
        ]

    def waiting(self) -> list[str]:
        return [
            f"{row.method} {row.sequence} {row.person.participant_id}" for row in self.rows if row.state == "pending"
        ]


@pytest.fixture
def outbox() -> Outbox:
    """All three have been invited."""
    outbox = Outbox()
    assert outbox.change(SESSION) == ["REQUEST invitation ada", "REQUEST invitation ben", "REQUEST invitation zoe"]
    return outbox


def test_reading_a_change_again_adds_nothing(outbox: Outbox) -> None:
    assert outbox.change(SESSION) == []
    outbox.send()
    assert outbox.change(SESSION) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Algebra II"},
        {"description": "Bring a pencil."},
        {"duration": 90},
        {"time_zone": "Europe/Vienna"},
        {"recurrence": "FREQ=WEEKLY;COUNT=2;BYDAY=MO"},
        {"starts_at": SESSION.starts_at.replace(hour=11)},
        {"exceptions": (moved(SESSION.starts_at, SESSION.starts_at.replace(hour=11)),)},
        {"instructor": msgspec.structs.replace(ADA, name="Augusta Ada King")},
    ],
)
def test_everybody_hears_of_what_calendars_show(outbox: Outbox, fields: dict[str, Any]) -> None:
    outbox.send()
    told = outbox.change(edited(SESSION, **fields))
    assert [line.split()[:2] for line in told] == [["REQUEST", "change"]] * 3
    assert outbox.waiting() == ["REQUEST 1 ada", "REQUEST 1 ben", "REQUEST 1 zoe"]


@pytest.mark.parametrize("fields", [{"capacity": 3}, {"recording": False}, {"state": "live"}])
def test_nobody_hears_of_what_calendars_do_not_show(outbox: Outbox, fields: dict[str, Any]) -> None:
    outbox.send()
    assert outbox.change(edited(SESSION, **fields)) == []


def test_who_is_added_is_invited_and_the_others_get_no_mail(outbox: Outbox) -> None:
    outbox.send()
    assert outbox.change(edited(SESSION, participants=(BEN, ZOE, CAT))) == ["REQUEST invitation cat"]


def test_who_is_taken_out_gets_a_cancellation(outbox: Outbox) -> None:
    outbox.send()
    assert outbox.change(edited(SESSION, participants=(BEN,))) == ["CANCEL cancellation zoe"]
    assert outbox.change(edited(edited(SESSION, participants=(BEN,)))) == []


def test_who_comes_back_is_invited_again(outbox: Outbox) -> None:
    outbox.send()
    without = edited(SESSION, participants=(BEN,))
    outbox.change(without)
    outbox.send()
    assert outbox.change(edited(without, participants=(BEN, ZOE))) == ["REQUEST invitation zoe"]


def test_who_comes_back_before_the_cancellation_went_out_gets_an_invitation_instead(outbox: Outbox) -> None:
    outbox.send()
    without = edited(SESSION, participants=(BEN,))
    outbox.change(without)
    outbox.change(edited(without, participants=(BEN, ZOE)))
    assert outbox.waiting() == ["REQUEST 2 zoe"]


def test_a_cancelled_session_is_cancelled_for_all(outbox: Outbox) -> None:
    outbox.send()
    assert len(outbox.change(edited(SESSION, cancelled=True))) == 3
    assert outbox.waiting() == ["CANCEL 1 ada", "CANCEL 1 ben", "CANCEL 1 zoe"]


def test_what_was_never_sent_needs_no_cancellation(outbox: Outbox) -> None:
    assert outbox.change(edited(SESSION, cancelled=True)) == []
    assert outbox.waiting() == []


@pytest.mark.parametrize(("state", "lines"), [("failed", 0), ("sending", 3)])
def test_who_may_have_it_is_told_and_who_cannot_is_not(outbox: Outbox, state: str, lines: int) -> None:
    outbox.send(state)
    assert len(outbox.change(edited(SESSION, cancelled=True))) == lines


def test_a_newer_mail_takes_the_place_of_one_that_waits(outbox: Outbox) -> None:
    assert outbox.change(edited(SESSION, title="Algebra II")) == [
        "REQUEST invitation ada",
        "REQUEST invitation ben",
        "REQUEST invitation zoe",
    ]
    assert outbox.waiting() == ["REQUEST 1 ada", "REQUEST 1 ben", "REQUEST 1 zoe"]


def test_a_change_that_is_taken_back_before_it_is_sent_is_told_all_the_same(outbox: Outbox) -> None:
    outbox.send()
    second = edited(SESSION, title="Algebra II")
    outbox.change(second)
    assert len(outbox.change(edited(second, title=SESSION.title))) == 3
    assert outbox.waiting() == ["REQUEST 2 ada", "REQUEST 2 ben", "REQUEST 2 zoe"]


def test_another_address_of_somebody_is_somebody_else(outbox: Outbox) -> None:
    outbox.send()
    moved_to = msgspec.structs.replace(BEN, email="benjamin@example.org")
    told = outbox.change(edited(SESSION, participants=(moved_to, ZOE)))
    assert told == ["REQUEST invitation ben", "CANCEL cancellation ben"]


def test_upper_case_in_an_address_makes_nobody_else(outbox: Outbox) -> None:
    outbox.send()
    louder = msgspec.structs.replace(BEN, email="BEN@example.ORG")
    assert outbox.change(edited(SESSION, participants=(louder, ZOE))) == []
