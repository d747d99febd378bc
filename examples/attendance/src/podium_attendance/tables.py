# SPDX-License-Identifier: Apache-2.0
"""The table of stays, and the transactions on it: plain functions, which Podium runs in a thread.

A stay is open while its `left_at` is empty. `seen_at` is the last moment at which somebody is known to have been there:
where the host was killed, that is when the stay ended.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from podium.core import NAMING_CONVENTION, UtcDateTime
from sqlalchemy import Index, MetaData, Select, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Names for indexes and constraints, so that a migration can change them."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Stay(Base):
    """Somebody was in the room of a session."""

    __tablename__ = "attendance_stays"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    participant_id: Mapped[str]
    display_name: Mapped[str]
    role: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime())
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime())
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)

    __table_args__ = (Index(None, "session_id", "participant_id"),)


class Person(NamedTuple):
    """Somebody in a room."""

    session_id: str
    participant_id: str
    display_name: str
    role: str

    @property
    def key(self) -> tuple[str, str]:
        """Who it is, whatever they call themselves."""
        return self.session_id, self.participant_id


def arrive(session: Session, person: Person, now: datetime, rejoin: timedelta) -> None:
    """Begin a stay, or go on with one that ended less than `rejoin` ago."""
    theirs = select(Stay).where(Stay.session_id == person.session_id, Stay.participant_id == person.participant_id)
    stay = session.scalar(theirs.order_by(Stay.joined_at.desc(), Stay.id.desc()).limit(1))
    if stay is None or (stay.left_at is not None and now - stay.left_at > rejoin):
        session.add(Stay(**person._asdict(), joined_at=now, seen_at=now))
        return
    stay.display_name, stay.role, stay.seen_at, stay.left_at = person.display_name, person.role, now, None


def depart(session: Session, session_id: str, participant_id: str, now: datetime) -> None:
    """End the stay of somebody who has left."""
    for stay in session.scalars(_open().where(Stay.session_id == session_id, Stay.participant_id == participant_id)):
        stay.seen_at = stay.left_at = now


def reconcile(session: Session, present: Iterable[Person], now: datetime, rejoin: timedelta, watched: bool) -> None:
    """Make the table say what is so: those who are present have an open stay, and nobody else.

    Whoever is missing left just now, if the host was `watched` since the last time, and when last seen otherwise.
    """
    here = {person.key: person for person in present}
    for stay in session.scalars(_open()):
        if here.pop((stay.session_id, stay.participant_id), None) is not None:
            stay.seen_at = now
        else:
            stay.left_at = now if watched else stay.seen_at
    for person in here.values():
        arrive(session, person, now, rejoin)


def forget(session: Session, before: datetime) -> None:
    """Delete the stays that ended before a time."""
    session.execute(delete(Stay).where(Stay.left_at < before))


def stays(session: Session, session_id: str, participant_id: str | None = None) -> Sequence[Stay]:
    """All stays in a session, or one person's, in the order in which they began."""
    statement = select(Stay).where(Stay.session_id == session_id).order_by(Stay.joined_at, Stay.id)
    if participant_id is not None:
        statement = statement.where(Stay.participant_id == participant_id)
    return session.scalars(statement).all()


def _open() -> Select[Stay]:
    return select(Stay).where(Stay.left_at.is_(None))
