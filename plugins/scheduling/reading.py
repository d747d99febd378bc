# SPDX-License-Identifier: Apache-2.0
"""From rows to sessions: plain functions for the database's thread, each with a small fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session

from podium.core import Occurrence, Person, SessionView
from podium.plugins.scheduling.admission import Door
from podium.plugins.scheduling.lifecycle import ACTIVE
from podium.plugins.scheduling.tables import CLASSES, PEOPLE, SESSIONS

BOTH = select(SESSIONS, CLASSES).join(CLASSES, CLASSES.c.session_id == SESSIONS.c.id)
"""A session with one of its classes in each row."""


class Found(NamedTuple):
    """What an id names: a session, and the class meant; `is_class` when it names one class of a series."""

    session: Row[Any]
    course: Row[Any]
    is_class: bool

    @property
    def session_id(self) -> str:
        return str(self.session.id)

    @property
    def door(self) -> Door:
        course = self.course
        return Door(course.id, course.state, course.starts_at, course.ends_at, self.session.capacity)


def find(session: Session, name: str) -> Found | None:
    """The session or class of this id; of a series, the class that is on or comes next, else the last."""
    row = session.execute(select(SESSIONS).where(SESSIONS.c.id == name)).one_or_none()
    if row is not None:
        about = select(CLASSES).where(CLASSES.c.id.in_(current_classes([name])))
        return Found(row, session.execute(about).one(), False)
    course = session.execute(select(CLASSES).where(CLASSES.c.id == name)).one_or_none()
    if course is None:
        return None
    row = session.execute(select(SESSIONS).where(SESSIONS.c.id == course.session_id)).one()
    return Found(row, course, True)


def known(session: Session, name: str) -> SessionView | None:
    """The session or class of this id, as other plugins see it."""
    found = find(session, name)
    return view(session, found.session_id, str(found.course.id)) if found is not None else None


def current_classes(session_ids: Iterable[str]) -> Select[tuple[str]]:
    """The id of one class for each session: the first that is not over, else the last."""
    active = CLASSES.c.state.in_(ACTIVE)
    order = [case((active, 0), else_=1), case((active, CLASSES.c.starts_at)), CLASSES.c.starts_at.desc()]
    rank = func.row_number().over(partition_by=CLASSES.c.session_id, order_by=order).label("rank")
    ranked = select(CLASSES.c.id, rank).where(CLASSES.c.session_id.in_(list(session_ids))).subquery()
    return select(ranked.c.id).where(ranked.c.rank == 1)


def view(session: Session, session_id: str, room_id: str | None = None) -> SessionView:
    """One session that exists, about one of its classes or the current one."""
    which = CLASSES.c.id.in_(current_classes([session_id])) if room_id is None else CLASSES.c.id == room_id
    return assemble(session, session.execute(BOTH.where(which)).all())[0]


def assemble(session: Session, rows: Sequence[Row[Any]]) -> list[SessionView]:
    """Views of rows of `BOTH`, in their order; two statements for whatever number."""
    ids = sorted({row._mapping[SESSIONS.c.id] for row in rows})
    people: dict[str, list[Person]] = defaultdict(list)
    for row in session.execute(people_of(ids)):
        people[row.session_id].append(person(row))
    exceptions: dict[str, list[Occurrence]] = defaultdict(list)
    moved = select(CLASSES).where(CLASSES.c.session_id.in_(ids), CLASSES.c.exception)
    for row in session.execute(moved.order_by(CLASSES.c.session_id, CLASSES.c.starts_at)):
        exceptions[row.session_id].append(occurrence(row._mapping))
    return [_view(row._mapping, people, exceptions) for row in rows]


def people_of(session_ids: Sequence[str]) -> Select[Any]:
    """The people of sessions, instructors first."""
    return select(PEOPLE).where(PEOPLE.c.session_id.in_(session_ids)).order_by(PEOPLE.c.session_id, PEOPLE.c.position)


def person(row: Row[Any]) -> Person:
    return Person(
        name=row.name,
        email=row.email,
        role=row.role,
        participant_id=row.participant_id,
        language=row.language,
        time_zone=row.time_zone,
    )


def occurrence(row: Any) -> Occurrence:
    """Of a mapping that has the columns of `CLASSES`."""

    def of(name: str) -> Any:
        return row[CLASSES.c[name]]

    return Occurrence(
        room_id=of("id"),
        starts_at=of("starts_at"),
        ends_at=of("ends_at"),
        original_starts_at=of("original_starts_at"),
        state=of("state"),
    )


def _view(row: Any, people: dict[str, list[Person]], exceptions: dict[str, list[Occurrence]]) -> SessionView:
    def of(name: str) -> Any:
        return row[SESSIONS.c[name]]

    instructor, *others = people[of("id")]
    return SessionView(
        session_id=of("id"),
        title=of("title"),
        description=of("description"),
        instructor=instructor,
        participants=tuple(others),
        starts_at=of("starts_at"),
        duration=of("duration"),
        time_zone=of("time_zone"),
        capacity=of("capacity"),
        state=row[CLASSES.c.state],
        cancelled=of("cancelled"),
        version=of("version"),
        recurrence=of("recurrence"),
        exceptions=tuple(exceptions[of("id")]) if of("recurrence") is not None else (),
        occurrence=occurrence(row),
        recording=of("recording"),
        updated_at=of("updated_at"),
        change_number=of("change_number"),
    )
