# SPDX-License-Identifier: Apache-2.0
"""Reading and writing what is kept: plain functions for the database's thread, each one transaction.

One process has a room, and there one task at a time changes it (`room.RoomState.lock`), so a row is written whole.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, and_, delete, insert, select, update
from sqlalchemy.orm import Session

from podium.core import TrackSource
from podium.plugins.moderation.people import Ban, Person, Settings
from podium.plugins.moderation.tables import BANS, PEOPLE, ROOMS

SOURCES: tuple[TrackSource, ...] = ("microphone", "camera", "screen")
STALE = timedelta(days=1)
"""How old `used_at` may become before it is written again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is kept of one class. `series` is what holds for all classes of its session."""

    settings: Settings
    series: Settings
    people: tuple[Person, ...]
    bans: tuple[Ban, ...]
    stale: bool = False
    """Whether `touch` should say that all of this is used."""


def load(session: Session, room_id: str, series_id: str | None, now: datetime) -> Kept:
    """Read a class. Without a `series_id`, the one that was known before counts."""
    settings = _settings(session, room_id)
    series_id = series_id or settings.series_id or room_id
    people = session.execute(select(PEOPLE).where(PEOPLE.c.session_id == room_id))
    scopes = (room_id, series_id)
    bans = session.execute(select(BANS).where(BANS.c.session_id.in_(scopes))).all()
    times = [row.used_at for row in bans]
    times += session.scalars(select(ROOMS.c.used_at).where(ROOMS.c.session_id.in_(scopes)))
    return Kept(
        Settings(
            locked=settings.locked,
            waiting_room=settings.waiting_room,
            spotlight_id=settings.spotlight_id,
            spotlight_source=settings.spotlight_source,
            series_id=series_id,
        ),
        _settings(session, series_id),
        tuple(map(_person, people)),
        tuple(Ban(participant_id=row.participant_id, display_name=row.display_name, reason=row.reason) for row in bans),
        min(times, default=now) < now - STALE,
    )


def touch(session: Session, room_id: str, series_id: str, now: datetime) -> None:
    """A class is used, and with it what holds for its whole session: it is not old."""
    for table in (ROOMS, BANS):
        session.execute(update(table).where(table.c.session_id.in_((room_id, series_id))).values(used_at=now))


def _settings(session: Session, session_id: str) -> Settings:
    row = session.execute(select(ROOMS).where(ROOMS.c.session_id == session_id)).one_or_none()
    if row is None:
        return Settings()
    return Settings(
        locked=row.locked,
        waiting_room=row.waiting_room,
        spotlight_id=row.spotlight_id,
        spotlight_source=row.spotlight_source,
        series_id=row.series_id,
    )


def _person(row: Row[Any]) -> Person:
    return Person(
        participant_id=row.participant_id,
        display_name=row.display_name,
        role=row.role,
        entered=row.entered,
        admitted=row.admitted,
        promoted=row.promoted,
        kicked=row.kicked,
        refused=row.refused,
        reason=row.reason,
        muted=frozenset(source for source in SOURCES if getattr(row, f"{source}_muted")),
        waiting_since=row.waiting_since,
        hand_at=row.hand_at,
    )


def keep(session: Session, room_id: str, settings: Settings, people: Collection[Person], now: datetime) -> None:
    """Write a class and some of its people as they are from now on."""
    keep_settings(session, room_id, settings, now)
    for person in people:
        _put(session, PEOPLE, _is(PEOPLE, room_id, person.participant_id), _columns(person))


def keep_settings(session: Session, session_id: str, settings: Settings, now: datetime) -> None:
    values = {
        "locked": settings.locked,
        "waiting_room": settings.waiting_room,
        "spotlight_id": settings.spotlight_id,
        "spotlight_source": settings.spotlight_source,
        "series_id": settings.series_id,
        "used_at": now,
    }
    _put(session, ROOMS, {"session_id": session_id}, values)


def keep_waiting_room(session: Session, series_id: str, enabled: bool, now: datetime) -> None:
    """Say for all classes of a session whether people wait."""
    fresh = Settings(waiting_room=enabled, series_id=series_id)
    values = {"waiting_room": enabled, "used_at": now}
    if not session.execute(update(ROOMS).where(ROOMS.c.session_id == series_id).values(values)).rowcount:  # type: ignore[attr-defined]  # of a CursorResult
        keep_settings(session, series_id, fresh, now)


def ban(
    session: Session, room_id: str, settings: Settings, person: Person, scope: str, banned: Ban, now: datetime
) -> None:
    """Write a ban, and what becomes of the person in the class."""
    keep(session, room_id, settings, [person], now)
    values = {"display_name": banned.display_name, "reason": banned.reason, "used_at": now}
    _put(session, BANS, _is(BANS, scope, banned.participant_id), values)


def readmit(
    session: Session, room_id: str, settings: Settings, people: Collection[Person], participant_id: str, now: datetime
) -> None:
    """Write that somebody may come again, to the class and to its whole session."""
    keep(session, room_id, settings, people, now)
    scopes = BANS.c.session_id.in_((room_id, settings.series_id or room_id))
    session.execute(delete(BANS).where(scopes, BANS.c.participant_id == participant_id))


def forget_people(session: Session, room_id: str, participant_ids: Collection[str]) -> None:
    session.execute(delete(PEOPLE).where(PEOPLE.c.session_id == room_id, PEOPLE.c.participant_id.in_(participant_ids)))


def forget_room(session: Session, room_id: str) -> None:
    """A class is over for good: what belongs to it goes; bans stay, and so does what holds for a whole series."""
    session.execute(delete(PEOPLE).where(PEOPLE.c.session_id == room_id))
    session.execute(delete(ROOMS).where(ROOMS.c.session_id == room_id))


def prune(session: Session, before: datetime, bans_before: datetime, but: Iterable[str], most: int) -> bool:
    """Delete classes that nobody has used since a time, except some, and old bans; whether there may be more."""
    old = select(ROOMS.c.session_id).where(ROOMS.c.used_at < before).order_by(ROOMS.c.used_at).limit(most)
    names = [name for name in session.scalars(old) if name not in set(but)]
    session.execute(delete(PEOPLE).where(PEOPLE.c.session_id.in_(names)))
    session.execute(delete(ROOMS).where(ROOMS.c.session_id.in_(names)))
    session.execute(delete(BANS).where(BANS.c.used_at < bans_before))
    return len(names) == most


def _columns(person: Person) -> dict[str, Any]:
    return {
        "display_name": person.display_name,
        "role": person.role,
        "entered": person.entered,
        "admitted": person.admitted,
        "promoted": person.promoted,
        "kicked": person.kicked,
        "refused": person.refused,
        "reason": person.reason,
        "waiting_since": person.waiting_since,
        "hand_at": person.hand_at,
        **{f"{source}_muted": source in person.muted for source in SOURCES},
    }


def _is(table: Table, session_id: str, participant_id: str) -> dict[str, str]:
    return {"session_id": session_id, "participant_id": participant_id}


def _put(session: Session, table: Table, key: dict[str, str], values: dict[str, Any]) -> None:
    """Update the row of this key, or make it."""
    here = and_(*(table.c[name] == value for name, value in key.items()))
    if not session.execute(update(table).where(here).values(values)).rowcount:  # type: ignore[attr-defined]  # of a CursorResult
        session.execute(insert(table).values(**key, **values))
