# SPDX-License-Identifier: Apache-2.0
"""Changes of sessions: plain functions for the database's thread, each one transaction.

All of them begin by taking a change number. Its row stays locked until the commit, so writers take turns on PostgreSQL
as they do on SQLite: what a writer has checked (the version, overlaps, a free id) stays true until it is done, and a
number that can be seen is never followed by a lower one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.orm import Session

from podium.core import SessionView
from podium.plugins.scheduling.errors import conflict, unknown
from podium.plugins.scheduling.invitations import new_salt
from podium.plugins.scheduling.lifecycle import ACTIVE
from podium.plugins.scheduling.overlaps import Busy, first_overlap
from podium.plugins.scheduling.reading import Found, find, view
from podium.plugins.scheduling.recurrence import Planned
from podium.plugins.scheduling.tables import CLASSES, INSTALLATION, PEOPLE, SESSIONS
from podium.plugins.scheduling.validation import Invited, Plan
from podium.plugins.scheduling.zones import written


@dataclass(frozen=True, slots=True)
class Draft:
    """A session that has passed every check that needs no database."""

    session_id: str
    title: str
    description: str
    people: Sequence[Invited]
    plan: Plan
    capacity: int
    recording: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A session after a change, and the rooms in which nobody should be any more."""

    view: SessionView
    vacated: tuple[str, ...] = field(default=())


def take_number(session: Session) -> int:
    """The next change number; whoever else writes waits for our commit."""
    counted = update(INSTALLATION).values(change_number=INSTALLATION.c.change_number + 1)
    number: int = session.execute(counted.returning(INSTALLATION.c.change_number)).scalar_one()
    return number


def invitation_key(session: Session) -> str:
    return str(session.execute(select(INSTALLATION.c.invitation_key)).scalar_one())


def schedule(session: Session, draft: Draft, now: datetime, force: bool) -> Outcome:
    """Keep a new session. Raises OperationError `session_exists`, `session_overlap` or of its rule."""
    number = take_number(session)
    if find(session, draft.session_id) is not None:
        raise conflict("session_exists", f"there is a session {draft.session_id!r} already", "session_id")
    plan, email = draft.plan, draft.people[0].email_key
    planned = plan.classes()
    if not force:
        check_overlaps(session, email, draft.session_id, [_busy(each.starts_at, plan) for each in planned])
    session.execute(
        insert(SESSIONS).values(
            id=draft.session_id,
            title=draft.title,
            description=draft.description,
            instructor_email=email,
            **when(plan),
            capacity=draft.capacity,
            recording=draft.recording,
            cancelled=False,
            version=1,
            change_number=number,
            created_at=now,
            updated_at=now,
        )
    )
    write_people(session, draft.session_id, draft.people)
    add_classes(session, draft.session_id, email, plan, planned)
    return Outcome(view(session, draft.session_id))


def when(plan: Plan) -> dict[str, Any]:
    """The columns of a session that say when it is."""
    return {
        "local_start": written(plan.start),
        "starts_at": plan.starts_at,
        "duration": plan.duration,
        "time_zone": plan.zone.key,
        "recurrence": plan.rule.text if plan.rule is not None else None,
    }


def add_classes(session: Session, session_id: str, email: str, plan: Plan, planned: Sequence[Planned]) -> None:
    rows = [
        {
            "id": plan.room_of(session_id, each),
            "session_id": session_id,
            "original_starts_at": each.starts_at,
            "starts_at": each.starts_at,
            "ends_at": each.starts_at + plan.length,
            "state": "scheduled",
            "warned": False,
            "exception": False,
            "instructor_email": email,
        }
        for each in planned
    ]
    if rows:
        session.execute(insert(CLASSES), rows)


def write_people(session: Session, session_id: str, people: Sequence[Invited]) -> None:
    """Replace the people of a session; who stays keeps their salt, and so their link."""
    rows = session.execute(select(PEOPLE.c.participant_id, PEOPLE.c.salt).where(PEOPLE.c.session_id == session_id))
    salts = {row.participant_id: row.salt for row in rows}
    session.execute(delete(PEOPLE).where(PEOPLE.c.session_id == session_id))
    session.execute(
        insert(PEOPLE),
        [
            {
                "session_id": session_id,
                "participant_id": person.participant_id,
                "position": position,
                "name": person.name,
                "email": person.email,
                "email_key": key,
                "role": person.role,
                "language": person.language,
                "time_zone": person.time_zone,
                "salt": salts.get(person.participant_id) or new_salt(),
            }
            for position, (person, key) in enumerate(people)
        ],
    )


def check_overlaps(session: Session, email: str, session_id: str, planned: Sequence[Busy], but: str = "") -> None:
    """Raise OperationError when the instructor teaches another class at one of these times.

    `but` is a class that is being moved itself; without it, all classes of this session are left out.
    """
    if not planned:
        return
    own = CLASSES.c.id != but if but else CLASSES.c.session_id != session_id
    query = (
        select(CLASSES.c.starts_at, CLASSES.c.ends_at, CLASSES.c.session_id, SESSIONS.c.title, SESSIONS.c.time_zone)
        .join(SESSIONS, SESSIONS.c.id == CLASSES.c.session_id)
        .where(CLASSES.c.instructor_email == email, CLASSES.c.state.in_(ACTIVE), own)
        .where(CLASSES.c.starts_at < max(each.ends_at for each in planned))
        .where(CLASSES.c.ends_at > min(each.starts_at for each in planned))
    )
    taken = [Busy(row.starts_at, row.ends_at, row.session_id, row.title) for row in session.execute(query)]
    if (clash := first_overlap(planned, taken)) is not None:
        mine, other = clash
        message = (
            f"the instructor teaches {other.title!r} ({other.session_id}) at that time: the class at "
            f"{mine.starts_at:%Y-%m-%d %H:%M} UTC overlaps the one from {other.starts_at:%H:%M} to "
            f"{other.ends_at:%H:%M}; say `force` to have both"
        )
        raise conflict("session_overlap", message, "start")


def _busy(starts_at: datetime, plan: Plan) -> Busy:
    return Busy(starts_at, starts_at + plan.length)


def found_for_edit(session: Session, name: str, version: int | None) -> Found:
    """What is to be changed. Raises OperationError when it is unknown, cancelled or has another version."""
    found = find(session, name)
    if found is None:
        raise unknown(name)
    current = found.session.version
    if version is not None and version != current:
        message = f"the session is at version {current} and you changed version {version}; read it again"
        raise conflict("version_conflict", message, "version")
    if found.session.cancelled:
        raise conflict("session_cancelled", "this session has been cancelled and stays so", "session_id")
    return found


def touch(session: Session, session_id: str, number: int, now: datetime, **values: Any) -> None:
    """An edit: a new version."""
    session.execute(
        update(SESSIONS)
        .where(SESSIONS.c.id == session_id)
        .values(version=SESSIONS.c.version + 1, change_number=number, updated_at=now, **values)
    )


def cancel(session: Session, name: str, version: int | None, now: datetime) -> Outcome:
    """Cancel a session with all its classes that are not over, or one class of a series."""
    number = take_number(session)
    found = found_for_edit(session, name, version)
    if found.is_class:
        return _cancel_class(session, found, number, now)
    active = classes_of(session, found.session_id, active=True)
    if not active:
        raise conflict("session_over", "this session is over", "session_id")
    off = update(CLASSES).where(CLASSES.c.session_id == found.session_id, CLASSES.c.state.in_(ACTIVE))
    session.execute(off.values(state="cancelled"))
    touch(session, found.session_id, number, now, cancelled=True)
    return Outcome(view(session, found.session_id, active[0].id), tuple(row.id for row in active))


def _cancel_class(session: Session, found: Found, number: int, now: datetime) -> Outcome:
    check_active(found.course)
    off = update(CLASSES).where(CLASSES.c.id == found.course.id).values(state="cancelled", exception=True)
    session.execute(off)
    touch(session, found.session_id, number, now)
    return Outcome(view(session, found.session_id, found.course.id), (found.course.id,))


def end(session: Session, name: str) -> Outcome:
    """End the class that is on. Not an edit: the version stays."""
    number = take_number(session)
    found = find(session, name)
    if found is None:
        raise unknown(name)
    check_active(found.course)
    if found.course.state == "scheduled":
        raise conflict("too_early", "this class has not opened yet; cancel it if it should not be", "session_id")
    session.execute(update(CLASSES).where(CLASSES.c.id == found.course.id).values(state="ended"))
    session.execute(update(SESSIONS).where(SESSIONS.c.id == found.session_id).values(change_number=number))
    return Outcome(view(session, found.session_id, found.course.id), (found.course.id,))


def check_active(course: Row[Any]) -> None:
    """Raise OperationError for a class that is over or off."""
    if course.state == "cancelled":
        raise conflict("session_cancelled", "this class has been cancelled", "session_id")
    if course.state == "ended":
        raise conflict("session_over", "this class is over", "session_id")


def classes_of(session: Session, session_id: str, *, active: bool = False) -> Sequence[Row[Any]]:
    """In the order of time."""
    query = select(CLASSES).where(CLASSES.c.session_id == session_id).order_by(CLASSES.c.starts_at)
    return session.execute(query.where(CLASSES.c.state.in_(ACTIVE)) if active else query).all()
