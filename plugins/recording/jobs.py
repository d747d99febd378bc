# SPDX-License-Identifier: Apache-2.0
"""What is to be done for recordings: rows with leases. Functions for one transaction each, for the database's thread.

A job is claimed for LEASE by one holder, who renews it while it works and stops when it cannot. Of the jobs of one
recording one is done at a time, and deletion before all else. A job that is done has no row any more.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from podium.plugins.recording.tables import jobs as table

LEASE = timedelta(seconds=30)
LONGEST_ERROR = 2000

JobKind = Literal["film", "rebuild", "tracks", "tidy", "removal"]
"""To make the film; to make it anew; separate tracks; to delete what the film was put together from; to delete all."""
_ORDER: tuple[JobKind, ...] = ("removal", "rebuild", "film", "tidy", "tracks")
"""Which of several for one recording comes first."""


class Job(NamedTuple):
    """One that the caller holds."""

    id: int
    recording_id: str
    kind: JobKind
    attempts: int


def add(session: Session, recording_id: str, kind: JobKind, place: str, now: datetime) -> bool:
    """To be done as soon as possible. Whether it is new; one that is there already is tried at once."""
    fresh: dict[str, Any] = {"next_attempt_at": now, "attempts": 0, "failing_since": None, "last_error": None}
    mine = (table.c.recording_id == recording_id, table.c.kind == kind)
    if session.execute(sa.update(table).where(*mine).values(fresh).returning(table.c.id)).first() is not None:
        return False
    session.execute(sa.insert(table).values(recording_id=recording_id, kind=kind, place=place, **fresh))
    return True


def claim(
    session: Session,
    holder: str,
    place: str,
    now: datetime,
    most: int,
    kinds: Collection[JobKind] = _ORDER,
    running: Collection[int] = (),
) -> list[Job]:
    """Up to so many that are due, for this holder alone; not what it does already, whatever its clock says."""
    due = sa.select(table.c.recording_id).where(
        table.c.place == place,
        table.c.kind.in_(kinds),
        table.c.next_attempt_at <= now,
        sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now),
    )
    ordered = due.order_by(table.c.next_attempt_at, table.c.id).limit(4 * most)
    wanted = dict.fromkeys(session.scalars(ordered))
    chosen = [row for rows in _locked(session, list(wanted)) if (row := _first(rows, kinds, now, running)) is not None]
    chosen.sort(key=lambda row: (row.next_attempt_at, row.id))
    return _leased(session, chosen[:most], holder, now)


def claim_one(
    session: Session, holder: str, recording_id: str, kind: JobKind, now: datetime, *, due: bool = False
) -> Job | None:
    """This one; None when there is none, or when somebody works on the recording. With `due` not before its time."""
    for rows in _locked(session, [recording_id]):
        if not any(_is_held(row, now) for row in rows):
            found = [row for row in rows if row.kind == kind and (not due or row.next_attempt_at <= now)]
            return next(iter(_leased(session, found, holder, now)), None)
    return None


def _locked(session: Session, recording_ids: Sequence[str]) -> Iterable[list[Any]]:
    """All jobs of each of these recordings; none of a recording whose jobs somebody else looks at just now."""
    mine = table.c.recording_id.in_(recording_ids)
    rows = session.execute(
        sa.select(table).where(mine).order_by(table.c.recording_id, table.c.id).with_for_update(skip_locked=True)
    ).all()
    counted = sa.select(table.c.recording_id, sa.func.count()).where(mine).group_by(table.c.recording_id)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
    for recording_id, group in groupby(rows, key=lambda row: row.recording_id):
        if len(found := list(group)) == counts.get(recording_id):
            yield found


def _first(rows: list[Any], kinds: Collection[JobKind], now: datetime, running: Collection[int]) -> Any:
    """Which one of a recording's jobs may be begun."""
    if any(_is_held(row, now) or row.id in running for row in rows):
        return None
    if any(row.kind == "removal" for row in rows):
        rows = [row for row in rows if row.kind == "removal"]
    due = [row for row in rows if row.kind in kinds and row.next_attempt_at <= now]
    return min(due, key=lambda row: _ORDER.index(row.kind), default=None)


def _is_held(row: Any, now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until > now


def _leased(session: Session, rows: Sequence[Any], holder: str, now: datetime) -> list[Job]:
    if rows:
        values = {"lease_holder": holder, "lease_until": now + LEASE}
        session.execute(sa.update(table).where(table.c.id.in_([row.id for row in rows])).values(values))
    return [Job(row.id, row.recording_id, row.kind, row.attempts) for row in rows]


def renew(session: Session, job_id: int, holder: str, now: datetime) -> bool:
    """False when it is not the holder's any more, or not to be done."""
    return _change(session, job_id, holder, lease_until=now + LEASE)


def is_held(session: Session, job_id: int, holder: str) -> bool:
    """Whether it is still the holder's."""
    return session.scalar(sa.select(table.c.id).where(_mine(job_id, holder))) is not None


def is_to_be_removed(session: Session, recording_id: str) -> bool:
    """Whether somebody wants the recording deleted."""
    wanted = sa.select(table.c.id).where(table.c.recording_id == recording_id, table.c.kind == "removal")
    return session.scalar(wanted) is not None


def failing(session: Session, job_id: int, holder: str, error: str, since: datetime) -> bool:
    """The holder goes on, but something does not succeed."""
    earlier = sa.func.coalesce(table.c.failing_since, sa.bindparam("since", since, type_=table.c.failing_since.type))
    return _change(session, job_id, holder, failing_since=earlier, last_error=error[:LONGEST_ERROR])


def recovered(session: Session, job_id: int, holder: str) -> bool:
    """What failed has succeeded."""
    return _change(session, job_id, holder, failing_since=None, attempts=0, last_error=None)


def postpone(session: Session, job: Job, holder: str, error: str, now: datetime, pause: timedelta) -> bool:
    """It is tried again after a pause, by whomever."""
    failing(session, job.id, holder, error, now)
    return _change(session, job.id, holder, attempts=table.c.attempts + 1, next_attempt_at=now + pause, **_FREE)


def release(session: Session, job_id: int, holder: str) -> bool:
    """Somebody else may go on with it at once."""
    return _change(session, job_id, holder, **_FREE)


def done(session: Session, job_id: int, holder: str) -> bool:
    """It need not be done any more. False when it is not the holder's: what the transaction did must be undone."""
    gone = session.execute(sa.delete(table).where(_mine(job_id, holder)).returning(table.c.id))
    return gone.first() is not None


def become(session: Session, job: Job, holder: str, kind: JobKind) -> bool:
    """It is this kind of job from now on, in the place of another one."""
    other = (table.c.recording_id == job.recording_id, table.c.kind == kind, table.c.id != job.id)
    session.execute(sa.delete(table).where(*other))
    return _change(session, job.id, holder, kind=kind)


def drop(session: Session, recording_id: str) -> None:
    """Nothing is to be done for it any more."""
    session.execute(sa.delete(table).where(table.c.recording_id == recording_id))


class Looked(NamedTuple):
    """Whether there is something to claim, and who else works here."""

    due: bool
    others: list[str]


def look(session: Session, holder: str, place: str, now: datetime, kinds: Collection[JobKind]) -> Looked:
    """Costs less than claiming: nothing is written."""
    here = (table.c.place == place, table.c.kind.in_(kinds))
    is_free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    due = session.execute(sa.select(table.c.id).where(*here, is_free, table.c.next_attempt_at <= now).limit(1)).first()
    held = sa.select(table.c.lease_holder).where(*here, table.c.lease_until > now, table.c.lease_holder != holder)
    return Looked(due is not None, list(session.scalars(held.distinct())))


def failing_since(session: Session, job_id: int) -> datetime | None:
    """When the failures began that have gone on since."""
    since: datetime | None = session.scalar(sa.select(table.c.failing_since).where(table.c.id == job_id))
    return since


def free(session: Session, gone: Collection[str]) -> None:
    """Give back what these had claimed."""
    session.execute(sa.update(table).where(table.c.lease_holder.in_(gone)).values(_FREE))


_FREE: dict[str, Any] = {"lease_until": None, "lease_holder": None}


def _change(session: Session, job_id: int, holder: str, **values: Any) -> bool:
    changed = session.execute(sa.update(table).where(_mine(job_id, holder)).values(values).returning(table.c.id))
    return changed.first() is not None


def _mine(job_id: int, holder: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.id == job_id, table.c.lease_holder == holder)
