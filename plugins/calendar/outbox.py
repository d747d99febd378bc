# SPDX-License-Identifier: Apache-2.0
"""Sending out of the outbox: claiming rows, and writing down what became of each. Functions for one transaction each.

A row is claimed for a time (lease), by one host. Before the text of a mail is handed to the server the row says
`sending`, afterwards `sent`. A host that is killed in between leaves a row of which nobody can know: SMTP has no way to
ask. It is sent again, as the same message to the byte, since a lost invitation is worse than a second copy.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from podium.core import Person, SessionView
from podium.plugins.calendar.store import person_of, view_of
from podium.plugins.calendar.tables import invitations as table

LEASE = timedelta(minutes=5)
"""For which a host has a row to itself, unless it is known to be gone; longer than any try may take."""
WAITING = ("pending", "sending")


class Claimed(NamedTuple):
    """A mail that this host may send now. `was_sending`: another host was killed while it did."""

    id: int
    view: SessionView
    person: Person
    method: str
    occasion: str
    sequence: int
    sending: int
    attempts: int
    stamp: datetime
    created_at: datetime
    was_sending: bool


class Counts(NamedTuple):
    """Mails that wait, and those that cannot be delivered."""

    waiting: int
    failed: int


def claim(session: Session, holder: str, now: datetime, most: int) -> list[Claimed]:
    """Up to so many mails that are due, for this host alone."""
    free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    due = sa.select(table).where(table.c.state.in_(WAITING), table.c.next_attempt_at <= now, free)
    rows = session.execute(
        due.order_by(table.c.next_attempt_at, table.c.id).limit(most).with_for_update(skip_locked=True)
    ).all()
    ids = [row.id for row in rows]
    if ids:
        values = {"lease_holder": holder, "lease_until": now + LEASE}
        session.execute(sa.update(table).where(table.c.id.in_(ids)).values(values))
    views: dict[str, SessionView] = {}
    for name in {row.session_id for row in rows}:
        view = view_of(session, name)
        assert view is not None  # it is kept in the transaction that adds the row
        views[name] = view
    return [_claimed(row, views[row.session_id]) for row in rows]


def _claimed(row: Any, view: SessionView) -> Claimed:
    return Claimed(
        id=row.id,
        view=view,
        person=person_of(row.person),
        method=row.method,
        occasion=row.occasion,
        sequence=row.sequence,
        sending=row.sending,
        attempts=row.attempts,
        stamp=row.stamp,
        created_at=row.created_at,
        was_sending=row.state == "sending",
    )


def begin(session: Session, number: int, holder: str, message_id: str, now: datetime) -> bool:
    """Say that a mail is about to be handed over; False when it must not be: it is no longer ours or wanted."""
    mine = _mine(number, holder)
    row = session.execute(sa.select(table).where(mine, table.c.lease_until > now).with_for_update()).one_or_none()
    if row is None or row.state not in WAITING:
        return False
    if _has_newer(session, row):
        session.execute(sa.update(table).where(mine).values(state="superseded", lease_until=None))
        return False
    values = {"state": "sending", "maybe_delivered": True, "message_id": message_id, "lease_until": now + LEASE}
    session.execute(sa.update(table).where(mine).values(values))
    return True


def delivered(session: Session, number: int, holder: str, now: datetime) -> None:
    """A server has taken it."""
    values = {"state": "sent", "sent_at": now, "attempts": table.c.attempts + 1, "last_error": None}
    session.execute(sa.update(table).where(_mine(number, holder)).values(values | _FREE))


def failed(session: Session, number: int, holder: str, error: str) -> None:
    """It can never be delivered."""
    values = {
        "state": "failed",
        "attempts": table.c.attempts + 1,
        "last_error": error,
        "maybe_delivered": table.c.sent_at.is_not(None),
    }
    session.execute(sa.update(table).where(_mine(number, holder)).values(values | _FREE))


def postponed(session: Session, number: int, holder: str, error: str, until: datetime, *, maybe: bool) -> None:
    """It was not delivered, or nobody knows (`maybe`): try again."""
    values: dict[str, Any] = {"state": "pending", "attempts": table.c.attempts + 1, "last_error": error}
    if not maybe:
        values["maybe_delivered"] = table.c.sent_at.is_not(None)
    mine = sa.and_(_mine(number, holder), table.c.state.in_(WAITING))
    session.execute(sa.update(table).where(mine).values(values | {"next_attempt_at": until} | _FREE))


def release(session: Session, numbers: Iterable[int], holder: str) -> None:
    """Give back what was claimed and not tried."""
    mine = sa.and_(table.c.id.in_(list(numbers)), table.c.lease_holder == holder, table.c.state == "pending")
    session.execute(sa.update(table).where(mine).values(_FREE))


def holders(session: Session, now: datetime) -> list[str]:
    """Who has claimed mails that wait."""
    held = sa.and_(table.c.state.in_(WAITING), table.c.lease_until > now)
    return list(session.scalars(sa.select(table.c.lease_holder).where(held).distinct()))


def free(session: Session, gone: Iterable[str]) -> None:
    """Give back what these had claimed. What they were sending still says so."""
    theirs = sa.and_(table.c.state.in_(WAITING), table.c.lease_holder.in_(list(gone)))
    session.execute(sa.update(table).where(theirs).values(_FREE))


_FREE: dict[str, Any] = {"lease_until": None, "lease_holder": None}


def next_due(session: Session) -> datetime | None:
    """When the next mail can be tried; None when none waits."""
    free_at = sa.case(
        (table.c.lease_until > table.c.next_attempt_at, table.c.lease_until), else_=table.c.next_attempt_at
    )
    earliest = sa.func.min(free_at, type_=table.c.lease_until.type)
    found: datetime | None = session.scalar(sa.select(earliest).where(table.c.state.in_(WAITING)))
    return found


def counts(session: Session) -> Counts:
    rows = session.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return Counts(sum(found.get(state, 0) for state in WAITING), found.get("failed", 0))


def _mine(number: int, holder: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.id == number, table.c.lease_holder == holder)


def _has_newer(session: Session, row: Any) -> bool:
    newer = aliased(table)
    same = sa.and_(newer.c.session_id == row.session_id, newer.c.recipient == row.recipient)
    statement = sa.select(newer.c.id).where(same, newer.c.id > row.id, newer.c.state != "superseded").limit(1)
    return session.execute(statement).first() is not None
