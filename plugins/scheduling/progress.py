# SPDX-License-Identifier: Apache-2.0
"""What time and presence do to classes, in the database: which are due, how they go on, when the next one is.

The times come from the settings of now and are not stored, so a changed JOIN_WINDOW_MINUTES holds for all classes.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from podium.core import SessionView
from podium.plugins.scheduling.admission import Door
from podium.plugins.scheduling.lifecycle import OVER, RUNNING, Course, Rules, Step, advance, next_look
from podium.plugins.scheduling.reading import view
from podium.plugins.scheduling.tables import CLASSES, SESSIONS
from podium.plugins.scheduling.writing import take_number

BATCH = 100
"""Classes in one transaction."""

Selected = TypeVar("Selected", bound=tuple[Any, ...])


class Progress(NamedTuple):
    """A class that went on, as it is now."""

    view: SessionView
    steps: tuple[Step, ...]


def due(session: Session, now: datetime, occupied: Collection[str], rules: Rules) -> list[str]:
    """Ids of classes that time changes now, or somebody's presence."""
    return list(session.scalars(due_query(now, occupied, rules)))


def due_query(now: datetime, occupied: Collection[str], rules: Rules) -> Select[tuple[str]]:
    found = select(CLASSES.c.id).where(or_(*_conditions(now, occupied, rules)))
    return _in_time(found).limit(BATCH)


def _in_time(query: Select[Selected]) -> Select[Selected]:
    return query.order_by(CLASSES.c.starts_at, CLASSES.c.id)


def _conditions(now: datetime, occupied: Collection[str], rules: Rules) -> list[ColumnElement[bool]]:
    state = CLASSES.c.state
    closing = now - rules.grace
    conditions = [
        and_(state == "scheduled", CLASSES.c.starts_at <= now + rules.window),
        and_(state == "scheduled", CLASSES.c.ends_at <= closing),
        and_(state.in_(RUNNING), CLASSES.c.ends_at <= closing),
        and_(state.in_(RUNNING), CLASSES.c.warned.is_(False), CLASSES.c.ends_at <= closing + rules.warning),
    ]
    if occupied:
        conditions.append(and_(state == "open", CLASSES.c.id.in_(sorted(occupied))))
    return conditions


def go_on(
    session: Session, ids: Collection[str], now: datetime, occupied: Collection[str], rules: Rules
) -> list[Progress]:
    """Let these classes go on. Not edits: versions stay."""
    gone_on: list[Progress] = []
    number = take_number(session)  # before looking: whoever wrote meanwhile has been waited for
    for row in session.execute(_in_time(select(CLASSES).where(CLASSES.c.id.in_(list(ids))))).all():
        before = Course(row.state, row.starts_at, row.ends_at, row.warned)
        after, steps = advance(before, now, occupied=row.id in occupied, rules=rules)
        if after == before:
            continue
        if gone_on:
            number = take_number(session)
        session.execute(update(CLASSES).where(CLASSES.c.id == row.id).values(state=after.state, warned=after.warned))
        session.execute(update(SESSIONS).where(SESSIONS.c.id == row.session_id).values(change_number=number))
        gone_on.append(Progress(view(session, row.session_id, row.id), steps))
    return gone_on


def next_due(session: Session, rules: Rules) -> datetime | None:
    """When the next class is due by time; None when none is left."""
    looks = [
        next_look(Course(row.state, row.starts_at, row.ends_at, row.warned), rules)
        for query in (
            _first(CLASSES.c.state == "scheduled", CLASSES.c.starts_at),
            _first(and_(CLASSES.c.state == "open", CLASSES.c.warned.is_(False)), CLASSES.c.ends_at),
            _first(and_(CLASSES.c.state == "live", CLASSES.c.warned.is_(False)), CLASSES.c.ends_at),
            _first(and_(CLASSES.c.state.in_(RUNNING), CLASSES.c.warned), CLASSES.c.ends_at),
        )
        for row in session.execute(query)
    ]
    return min((look for look in looks if look is not None), default=None)


def _first(condition: ColumnElement[bool], order: Any) -> Any:
    return select(CLASSES).where(condition).order_by(order).limit(1)


def over_in(session: Session, rooms: Collection[str]) -> dict[str, str]:
    """Those among some rooms whose class is over, with its state."""
    query = select(CLASSES.c.id, CLASSES.c.state).where(CLASSES.c.id.in_(sorted(rooms)), CLASSES.c.state.in_(OVER))
    return {row.id: row.state for row in session.execute(query)} if rooms else {}


def running_doors(session: Session) -> dict[str, Door]:
    """The classes that are open or live, by id."""
    query = select(CLASSES, SESSIONS.c.capacity).join(SESSIONS, SESSIONS.c.id == CLASSES.c.session_id)
    return {
        row.id: Door(row.id, row.state, row.starts_at, row.ends_at, row.capacity)
        for row in session.execute(query.where(CLASSES.c.state.in_(RUNNING)))
    }
