# SPDX-License-Identifier: Apache-2.0
"""The statements of the trail: functions that run in one transaction each, in a thread of the database's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from podium.core import UtcDateTime
from podium.plugins.events.entries import Entry, time_of
from podium.plugins.events.tables import webrtc_events as table


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries, the newest first; `before` is the id of the last entry of the page before."""

    session_id: str | None
    kind: str | None
    participant_id: str | None
    since: datetime | None
    until: datetime | None
    before: str | None
    limit: int


def add(session: Session, entries: Sequence[Entry]) -> None:
    """Write entries. One that is there already stays: the answer to an earlier try may have been lost."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    session.execute(insert.on_conflict_do_nothing(), [msgspec.structs.asdict(entry) for entry in entries])


def find(session: Session, query: Query) -> list[Entry]:
    """The entries that fit, the newest first."""
    return [Entry(**row) for row in session.execute(selected(query)).mappings()]


def selected(query: Query) -> sa.Select[Any]:
    """The statement for a page; both orders that it may need are those of an index."""
    place = sa.tuple_(table.c.at, table.c.id)
    statement = sa.select(table).order_by(table.c.at.desc(), table.c.id.desc()).limit(query.limit)
    if query.session_id is not None:
        statement = statement.where(table.c.session_id == query.session_id)
    if query.kind is not None:
        statement = statement.where(table.c.kind == query.kind)
    if query.participant_id is not None:
        concerned = (table.c.actor_id == query.participant_id, table.c.subject_id == query.participant_id)
        statement = statement.where(sa.or_(*concerned))
    if query.since is not None:
        statement = statement.where(table.c.at >= query.since)
    if query.until is not None:
        statement = statement.where(table.c.at < query.until)
    if query.before is not None:
        last = sa.tuple_(sa.literal(time_of(query.before), UtcDateTime()), sa.literal(query.before))
        statement = statement.where(place < last)
    return statement


def prune(session: Session, before: datetime, most: int) -> int:
    """Delete up to so many of the oldest entries from before a time; how many they were."""
    oldest = sa.select(table.c.id).where(table.c.at < before).order_by(table.c.at, table.c.id).limit(most)
    ids = list(session.scalars(oldest))
    if ids:
        session.execute(sa.delete(table).where(table.c.id.in_(ids)))
    return len(ids)
