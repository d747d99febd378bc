# SPDX-License-Identifier: Apache-2.0
"""Personal feeds: all sessions of one person as a calendar to subscribe to, behind a secret address.

The secret has 256 random bits and is kept as a hash, so that a copy of the database opens no feed. The links to the
classes are made when the feed is read.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from podium.core import Person, PodiumError, SessionView
from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.checking import check
from podium.plugins.calendar.events import Entry, calendar_of
from podium.plugins.calendar.names import with_ascii_domain
from podium.plugins.calendar.planning import people_of, sequence_of
from podium.plugins.calendar.tables import feeds, invitations, sessions

MOST_FEEDS = 10
"""Addresses of one person; a further one ends the oldest."""
MOST_SESSIONS = 200
BACK = timedelta(days=60)
"""How long a feed shows sessions that are over."""

MakeLink = Callable[[str, Person], Awaitable[str]]


def create(session: Session, recipient: str, now: datetime, *, revoke_others: bool) -> str:
    """A new secret for somebody."""
    keep = 0 if revoke_others else MOST_FEEDS - 1
    mine = sa.select(feeds.c.secret_hash).where(feeds.c.recipient == recipient)
    old = session.scalars(mine.order_by(feeds.c.created_at.desc(), feeds.c.secret_hash).offset(keep)).all()
    if old:
        session.execute(sa.delete(feeds).where(feeds.c.secret_hash.in_(old)))
    secret = secrets.token_urlsafe(32)
    session.execute(sa.insert(feeds).values(secret_hash=_hash(secret), recipient=recipient, created_at=now))
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def owner_untrusted(session: Session, secret: str) -> str | None:
    """Whose secret it is."""
    return session.scalar(sa.select(feeds.c.recipient).where(feeds.c.secret_hash == _hash(secret)))


def sessions_of(session: Session, recipient: str, now: datetime, only: str | None = None) -> list[SessionView]:
    """What somebody should have in their calendar, the next to end first; or `only` one session."""
    told = sa.select(invitations.c.session_id).where(invitations.c.recipient == recipient)
    if only is not None:
        told = told.where(invitations.c.session_id == only)
    query = sa.select(sessions.c.view).where(sessions.c.session_id.in_(told), sessions.c.ends_at > now - BACK)
    found = session.scalars(query.order_by(sessions.c.ends_at.desc()).limit(MOST_SESSIONS)).all()
    views = [msgspec.json.decode(text, type=SessionView) for text in reversed(found)]
    return [view for view in views if not view.cancelled and recipient in people_of(view)]


async def feed_of(views: Sequence[SessionView], recipient: str, config: CalendarConfig, make_link: MakeLink) -> bytes:
    """The calendar object. Raises CalendarError. A session whose link cannot be made is shown without one."""
    entries = []
    for view in views:
        person = people_of(view)[recipient]
        try:
            link = await make_link(view.session_id, person)
        except PodiumError:  # what keeps it from being made, health_check says
            link = None
        entries.append(
            Entry(
                session=view,
                person=person,
                sequence=sequence_of(view),
                stamp=view.updated_at.replace(microsecond=0),
                organizer=with_ascii_domain(config.sender or view.instructor.email),
                link=link,
                alarm=config.alarm_minutes,
            )
        )
    return await trio.to_thread.run_sync(_written, entries, config.sender_name)


def _written(entries: Sequence[Entry], name: str) -> bytes:
    data: bytes = calendar_of("PUBLISH", *entries, name=name).to_ical()
    check(data, "PUBLISH")
    return data
