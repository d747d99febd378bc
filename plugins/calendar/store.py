# SPDX-License-Identifier: Apache-2.0
"""Reading changes into the outbox: functions that run in one transaction each, in a thread of the database's.

The cursor is moved in the transaction that adds the mails of what was read, under a lock of its row: after a kill the
changes are either read or not, and two hosts read one after the other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from podium.core import Person, SessionView
from podium.plugins.calendar.occurrences import ends_at
from podium.plugins.calendar.planning import Due, Known, Plan, plan, sequence_of
from podium.plugins.calendar.tables import cursor, invitations, sessions


class Read(NamedTuple):
    """What reading a page of changes has added to the outbox."""

    last: int
    added: int
    unread: tuple[str, ...] = ()
    """Sessions that make no sense here: a zone that this machine does not know, a rule that cannot be expanded."""


def position(session: Session) -> int:
    """The change number up to which everything has been read."""
    return int(session.scalar(sa.select(cursor.c.change_number)) or 0)


def take_in(session: Session, views: Sequence[SessionView], last: int, now: datetime) -> Read:
    """Add what a page of changes makes due. One that was read before adds nothing."""
    before = int(session.scalar(sa.select(cursor.c.change_number).with_for_update()) or 0)
    added, unread = 0, []
    for view in views:
        if view.change_number > before:
            try:
                over = ends_at(view)
            except (ValueError, KeyError, OverflowError):
                unread.append(view.session_id)
                continue
            added += _take_in_one(session, view, over, now)
    if last > before:
        session.execute(sa.update(cursor).values(change_number=last))
    return Read(max(last, before), added, tuple(unread))


def _take_in_one(session: Session, view: SessionView, over: datetime, now: datetime) -> int:
    _keep(session, view, over)
    if over <= now:  # nobody plans by what is past
        return 0
    known = [_known(row) for row in session.execute(_rows_of(view.session_id))]
    return carry_out(session, view, plan(view, known), known, now)


def _keep(session: Session, view: SessionView, over: datetime) -> None:
    values = {
        "change_number": view.change_number,
        "ends_at": over,
        "view": msgspec.json.encode(view).decode(),
    }
    mine = sessions.c.session_id == view.session_id
    if _count(session, sa.update(sessions).where(mine).values(values)) == 0:
        session.execute(sa.insert(sessions).values(session_id=view.session_id, **values))


def _rows_of(session_id: str) -> sa.Select[Any]:
    return sa.select(invitations).where(invitations.c.session_id == session_id).order_by(invitations.c.id)


def _known(row: Any) -> Known:
    return Known(
        id=row.id,
        recipient=row.recipient,
        method=row.method,
        sequence=row.sequence,
        fingerprint=row.fingerprint,
        state=row.state,
        maybe_delivered=row.maybe_delivered,
        person=person_of(row.person),
    )


def carry_out(session: Session, view: SessionView, what: Plan, known: Iterable[Known], now: datetime) -> int:
    """Write a plan down; how many mails became due."""
    for some in _in_parts(what.superseded):
        waits = sa.and_(invitations.c.id.in_(some), invitations.c.state == "pending")
        session.execute(sa.update(invitations).where(waits).values(state="superseded", lease_until=None))
    sequence = sequence_of(view)
    there = {(row.recipient, row.method): row.id for row in known if row.sequence == sequence}
    new = [due for due in what.due if (due.recipient, due.method) not in there]
    if new:
        session.execute(sa.insert(invitations), [_row(view.session_id, due, sequence, now) for due in new])
    for due in what.due:
        if (number := there.get((due.recipient, due.method))) is not None:
            again = sa.and_(invitations.c.id == number, invitations.c.state.in_(("superseded", "pending")))
            session.execute(sa.update(invitations).where(again).values(_content(due) | _fresh(now)))
    return len(what.due)


def _row(session_id: str, due: Due, sequence: int, now: datetime) -> dict[str, Any]:
    key = {"session_id": session_id, "recipient": due.recipient, "method": due.method, "sequence": sequence}
    return key | _content(due) | _fresh(now) | {"maybe_delivered": False, "sending": 1, "created_at": now}


def _content(due: Due) -> dict[str, Any]:
    person = msgspec.json.encode(due.person).decode()
    return {"person": person, "occasion": due.occasion, "fingerprint": due.fingerprint}


def _fresh(now: datetime) -> dict[str, Any]:
    """What a row has that nobody has tried to send yet."""
    return {
        "state": "pending",
        "attempts": 0,
        "stamp": now.replace(microsecond=0),
        "next_attempt_at": now,
        "lease_until": None,
        "lease_holder": None,
        "last_error": None,
    }


def again(session: Session, session_id: str, recipients: Iterable[str] | None, now: datetime) -> list[str]:
    """Have the newest mail of each of these people sent now, a further time if it was sent; who they are.

    Without `recipients` these are all whose newest mail there is. One that is being sent stays as it is.
    """
    last = sa.select(sa.func.max(invitations.c.id)).where(
        invitations.c.session_id == session_id, invitations.c.state != "superseded"
    )
    if recipients is not None:
        last = last.where(invitations.c.recipient.in_(list(recipients)))
    rows = session.execute(
        sa.select(invitations.c.id, invitations.c.recipient, invitations.c.state)
        .where(invitations.c.id.in_(last.group_by(invitations.c.recipient)))
        .order_by(invitations.c.recipient)
    ).all()
    for row in rows:
        values: dict[str, Any] = {"next_attempt_at": now} if row.state == "pending" else _fresh(now)
        if row.state in ("sent", "failed"):
            values["sending"] = invitations.c.sending + 1
        fits = sa.and_(invitations.c.id == row.id, invitations.c.state == row.state, invitations.c.state != "sending")
        session.execute(sa.update(invitations).where(fits).values(values))
    return [row.recipient for row in rows]


def view_of(session: Session, session_id: str) -> SessionView | None:
    """A session as it was last seen."""
    text = session.scalar(sa.select(sessions.c.view).where(sessions.c.session_id == session_id))
    return None if text is None else msgspec.json.decode(text, type=SessionView)


def person_of(text: str) -> Person:
    return msgspec.json.decode(text, type=Person)


def _in_parts(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    """SQLite takes so many parameters in one statement."""
    return (ids[begin : begin + size] for begin in range(0, len(ids), size))


def _count(session: Session, statement: sa.Update) -> int:
    result = session.execute(statement)
    assert isinstance(result, sa.CursorResult)
    return result.rowcount
