# SPDX-License-Identifier: Apache-2.0
"""Forgetting what is long over: sessions, the mails about them and the answers to these, a little at a time.

A session goes when nothing is left that is about it, and in one transaction with the last of that, so that no mail is
ever without its session. Its row is locked before: one that is changed meanwhile is left alone.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
import trio
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from podium.core import Database, DatabaseError
from podium.plugins.calendar.tables import invitations, replies, sessions

EVERY = 3600.0
"""Seconds from one look to the next."""
PAUSE = 0.1
"""Seconds between two transactions, for others who want to write."""
SESSIONS = 20
ROWS = 500
"""Mails, and as many answers, deleted in one transaction."""


async def prune(
    database: Database, log: structlog.stdlib.BoundLogger, now: Callable[[], datetime], keep: timedelta
) -> None:
    """Delete what has been over for so long, until cancelled."""
    while True:
        try:
            while await database.run(prune_some, now() - keep):
                await trio.sleep(PAUSE)
        except (DatabaseError, SQLAlchemyError) as error:
            log.warning("old invitations cannot be deleted", problem=str(error).splitlines()[0])
        await trio.sleep(EVERY)


def prune_some(session: Session, before: datetime, most_sessions: int = SESSIONS, most_rows: int = ROWS) -> bool:
    """Delete a little of what is about sessions whose last class ended before a time; whether there may be more."""
    names: list[str] = list(session.scalars(oldest(before, most_sessions)))
    if not names:
        return False
    if _delete_mails(session, names, most_rows) or _delete_answers(session, names, most_rows):
        return True
    session.execute(sa.delete(sessions).where(sessions.c.session_id.in_(names)))
    return len(names) == most_sessions


def oldest(before: datetime, most: int) -> sa.Select[Any]:
    """The statement for the names of sessions that ended before a time, locked, without those that somebody changes."""
    query = sa.select(sessions.c.session_id).where(sessions.c.ends_at < before).order_by(sessions.c.ends_at)
    return query.limit(most).with_for_update(skip_locked=True)


def _delete_mails(session: Session, names: list[str], most: int) -> bool:
    """Whether some may be left."""
    mine = sa.select(invitations.c.id).where(invitations.c.session_id.in_(names)).limit(most)
    ids = list(session.scalars(mine))
    session.execute(sa.delete(invitations).where(invitations.c.id.in_(ids)))
    return len(ids) == most


def _delete_answers(session: Session, names: list[str], most: int) -> bool:
    """Whether some may be left."""
    key = (replies.c.session_id, replies.c.recipient, replies.c.recurrence_id)
    found = session.execute(sa.select(*key).where(replies.c.session_id.in_(names)).limit(most)).all()
    session.execute(sa.delete(replies).where(sa.tuple_(*key).in_([tuple(row) for row in found])))
    return len(found) == most
