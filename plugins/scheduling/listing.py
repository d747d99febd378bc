# SPDX-License-Identifier: Apache-2.0
"""Pages of classes, and what has changed since: keyset paging on indexes, so a later page costs what the first does."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Select, String, literal, select, tuple_
from sqlalchemy.orm import Session

from podium.core import SessionView, UtcDateTime
from podium.plugins.scheduling.errors import invalid
from podium.plugins.scheduling.reading import BOTH, assemble, current_classes
from podium.plugins.scheduling.requests import ListSessionChanges, ListSessions, SessionChanges, SessionPage
from podium.plugins.scheduling.tables import CLASSES, PEOPLE, SESSIONS

_CURSOR = re.compile(r"(?P<micros>\d{1,17})~(?P<id>[A-Za-z0-9_-]{1,64})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Behind which class a page begins."""

    starts_at: datetime
    room_id: str


def page(session: Session, request: ListSessions) -> SessionPage:
    """Three statements. Raises OperationError for a cursor that is none."""
    rows = session.execute(page_query(request)).all()
    views = assemble(session, rows[: request.limit])
    more = len(rows) > request.limit
    return SessionPage(sessions=tuple(views), next_cursor=_cursor(views[-1]) if more else None)


def page_query(request: ListSessions) -> Select[tuple[object, ...]]:
    """One row more than a page has, to know whether there is another."""
    query = BOTH.order_by(CLASSES.c.starts_at, CLASSES.c.id).limit(request.limit + 1)
    if request.starts_from is not None:
        query = query.where(CLASSES.c.starts_at >= request.starts_from)
    if request.starts_before is not None:
        query = query.where(CLASSES.c.starts_at < request.starts_before)
    if request.instructor is not None:
        query = query.where(CLASSES.c.instructor_email == request.instructor.lower())
    if request.state is not None:
        query = query.where(CLASSES.c.state == request.state)
    if request.session_id is not None:
        query = query.where(CLASSES.c.session_id == request.session_id)
    if request.participant is not None:
        invited = select(PEOPLE.c.session_id).where(PEOPLE.c.email_key == request.participant.lower())
        query = query.where(CLASSES.c.session_id.in_(invited))
    if request.cursor is not None:
        place = read_cursor(request.cursor)
        behind = tuple_(literal(place.starts_at, UtcDateTime()), literal(place.room_id, String()))
        query = query.where(tuple_(CLASSES.c.starts_at, CLASSES.c.id) > behind)
    return query


def changes(session: Session, request: ListSessionChanges) -> SessionChanges:
    """Four statements. Numbers are given out under a lock that is held until the commit, so none appears late."""
    query = select(SESSIONS.c.id, SESSIONS.c.change_number).where(SESSIONS.c.change_number > request.after)
    found = session.execute(query.order_by(SESSIONS.c.change_number).limit(request.limit + 1)).all()
    shown = found[: request.limit]
    numbers = {row.id: row.change_number for row in shown}
    rows = session.execute(BOTH.where(CLASSES.c.id.in_(current_classes(numbers)))).all()
    views = sorted(assemble(session, rows), key=lambda view: numbers[view.session_id])
    last = shown[-1].change_number if shown else request.after
    return SessionChanges(sessions=tuple(views), last=last, more=len(found) > request.limit)


def _cursor(view: SessionView) -> str:
    passed = view.occurrence.starts_at - _EPOCH
    micros = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    return f"{micros}~{view.occurrence.room_id}"


def read_cursor(text: str) -> Place:
    """Where a page begins. Raises OperationError."""
    match = _CURSOR.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        seconds, micros = divmod(int(match["micros"]), 1_000_000)
        return Place(datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros), match["id"])
    except (ValueError, OverflowError, OSError):
        raise invalid("cursor", "cursor is `next_cursor` of an earlier page", "cursor_invalid") from None
