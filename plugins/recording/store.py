# SPDX-License-Identifier: Apache-2.0
"""The statements about recordings, for the database's thread. A state never goes back, unless one is made anew."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from podium.core import TrackKind, TrackSource
from podium.plugins.recording.tables import keys
from podium.plugins.recording.tables import recordings as table

RecordingState = Literal["RECORDING", "PROCESSING", "AVAILABLE", "FAILED"]
TracksState = Literal["none", "wanted", "making", "available", "failed"]
RUNNING: tuple[RecordingState, ...] = ("RECORDING",)
UNFINISHED: tuple[RecordingState, ...] = ("RECORDING", "PROCESSING")
FINAL: tuple[RecordingState, ...] = ("AVAILABLE", "FAILED")


class KeptTrack(msgspec.Struct, frozen=True, kw_only=True):
    """What one participant published, as a file of its own; `begins` and `duration` in seconds of the film."""

    file: str
    participant_id: str
    display_name: str
    source: TrackSource
    kind: TrackKind
    codec: str
    begins: float
    duration: float
    size: int
    crc32c: int


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One recording as it is kept; the meaning of each field is in `tables`."""

    id: str
    session_id: str
    series_id: str
    title: str
    state: RecordingState = "RECORDING"
    paused: bool = False
    started_at: datetime
    started_by: str | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    available_at: datetime | None = None
    place: str
    host: str
    seen_at: datetime
    duration: float | None = None
    size: int | None = None
    crc32c: int | None = None
    object: str | None = None
    percent: int = 0
    behind: float = 0.0
    step: str = ""
    problem_code: str | None = None
    problem: str | None = None
    tracks: TracksState = "none"
    track_list: tuple[KeptTrack, ...] = ()
    told: bool = False
    delete_at: datetime | None = None
    captured: bool = True


def new_id() -> str:
    """Sixteen letters and digits that nobody can guess."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(16))


def link_key(session: Session) -> bytes:
    """What links are signed with, made by whoever asks first."""
    wanted = sa.select(keys.c.link_key).where(keys.c.id == 1)
    found = session.scalar(wanted)
    if found is None:
        try:
            with session.begin_nested():
                session.execute(sa.insert(keys).values(id=1, link_key=secrets.token_bytes(32)))
        except sa.exc.IntegrityError:
            pass  # another host was faster
        found = session.scalar(wanted)
    assert found is not None
    return bytes(found)


# Reading


def get(session: Session, recording_id: str) -> Recording | None:
    """None when there is no such recording."""
    row = session.execute(sa.select(table).where(table.c.id == recording_id)).one_or_none()
    return None if row is None else _recording(row)


def running(session: Session, session_id: str) -> Recording | None:
    """The one of this class that goes on, if any."""
    wanted = sa.select(table).where(table.c.session_id == session_id, table.c.state == "RECORDING")
    row = session.execute(wanted.order_by(table.c.started_at.desc()).limit(1)).one_or_none()
    return None if row is None else _recording(row)


def last(session: Session, session_id: str) -> Recording | None:
    """The newest one of this class."""
    wanted = sa.select(table).where(table.c.session_id == session_id)
    row = session.execute(wanted.order_by(table.c.started_at.desc()).limit(1)).one_or_none()
    return None if row is None else _recording(row)


def page(
    session: Session, session_id: str | None, before: str | None, limit: int, now: datetime
) -> tuple[list[Recording], bool]:
    """The newest first, those of a class or of all classes of a series, and whether there are more."""
    wanted = sa.select(table).where(sa.or_(table.c.delete_at.is_(None), table.c.delete_at > now))
    if session_id is not None:
        wanted = wanted.where(sa.or_(table.c.session_id == session_id, table.c.series_id == session_id))
    if before is not None:
        other = sa.select(table.c.started_at, table.c.id).where(table.c.id == before).subquery()
        earlier = sa.or_(
            table.c.started_at < sa.select(other.c.started_at).scalar_subquery(),
            sa.and_(
                table.c.started_at == sa.select(other.c.started_at).scalar_subquery(),
                table.c.id < sa.select(other.c.id).scalar_subquery(),
            ),
        )
        wanted = wanted.where(earlier)
    rows = session.execute(wanted.order_by(table.c.started_at.desc(), table.c.id.desc()).limit(limit + 1)).all()
    return [_recording(row) for row in rows[:limit]], len(rows) > limit


def untold(session: Session, limit: int = 100) -> list[Recording]:
    """Those that have come to an end of which no host has told."""
    wanted = sa.select(table).where(table.c.told.is_(False), table.c.state.in_(FINAL))
    return [_recording(row) for row in session.execute(wanted.order_by(table.c.started_at).limit(limit))]


def in_states(session: Session, states: Collection[RecordingState]) -> list[Recording]:
    rows = session.execute(sa.select(table).where(table.c.state.in_(states)).order_by(table.c.started_at))
    return [_recording(row) for row in rows]


# Writing


def add(session: Session, recording: Recording) -> None:
    """A new one."""
    values = msgspec.structs.asdict(recording)
    session.execute(sa.insert(table).values(values | {"track_list": _packed(recording.track_list)}))


def seen(session: Session, recording_id: str, host: str, now: datetime) -> bool:
    """Capture goes on, by this host. False when the recording has ended meanwhile."""
    return _update(session, recording_id, RUNNING, seen_at=now, host=host)


def paused(session: Session, recording_id: str, now: datetime, paused: bool) -> bool:
    """False when it does not go on any more."""
    return _update(session, recording_id, RUNNING, paused=paused, seen_at=now)


def end(session: Session, recording_id: str, now: datetime, reason: str, *, seen_at: datetime | None = None) -> bool:
    """From RECORDING to PROCESSING; with `seen_at` only if capture has not been seen since. Whether it was done."""
    also = () if seen_at is None else (table.c.seen_at == seen_at,)
    values = {"state": "PROCESSING", "ended_at": now, "end_reason": reason, "paused": False}
    return _update(session, recording_id, RUNNING, *also, **values)


def progress(session: Session, recording_id: str, percent: int, behind: float, step: str) -> None:
    """How far the film is."""
    _update(session, recording_id, UNFINISHED, percent=percent, behind=behind, step=step)


def problem(session: Session, recording_id: str, code: str | None, message: str | None) -> None:
    """Why it does not go on at the moment; None: it does."""
    _update(session, recording_id, UNFINISHED, problem_code=code, problem=message)


def available(
    session: Session, recording_id: str, now: datetime, duration: float, size: int, crc32c: int, name: str
) -> bool:
    """The film is stored as the object of this name."""
    values: dict[str, Any] = {"state": "AVAILABLE", "available_at": now, "duration": duration, "size": size}
    values |= {"crc32c": crc32c, "object": name, "percent": 100, "behind": 0.0}
    return _update(session, recording_id, UNFINISHED[1:], problem_code=None, problem=None, **values)


def failed(session: Session, recording_id: str, now: datetime, code: str, message: str) -> bool:
    """There will be no film, unless it is made anew."""
    values = {"state": "FAILED", "problem_code": code, "problem": message, "paused": False}
    ended = sa.func.coalesce(table.c.ended_at, sa.bindparam("ended", now, type_=table.c.ended_at.type))
    return _update(session, recording_id, UNFINISHED, ended_at=ended, **values)


def restarted(session: Session, recording_id: str) -> bool:
    """It is made anew from what was captured. False while it is recorded."""
    values: dict[str, Any] = {"state": "PROCESSING", "percent": 0, "behind": 0.0, "step": "", "told": False}
    states: tuple[RecordingState, ...] = ("PROCESSING", *FINAL)
    return _update(session, recording_id, states, problem_code=None, problem=None, **values)


def told(session: Session, recording_id: str) -> bool:
    """Whether it is for the caller to tell how it ended: for one of them all it is."""
    return _update(session, recording_id, FINAL, table.c.told.is_(False), told=True)


def want_tracks(session: Session, recording_id: str) -> None:
    """Separate tracks are wanted, as soon as there is a film."""
    wanted = (table.c.id == recording_id, table.c.tracks.in_(("none", "failed")))
    session.execute(sa.update(table).where(*wanted).values(tracks="wanted"))


def tracks(
    session: Session, recording_id: str, state: TracksState, track_list: Collection[KeptTrack] | None = None
) -> None:
    """How it stands with separate tracks."""
    also = {} if track_list is None else {"track_list": _packed(tuple(track_list))}
    session.execute(sa.update(table).where(table.c.id == recording_id).values(tracks=state, **also))


def captured_gone(session: Session, recording_id: str) -> None:
    """The packets were deleted: nothing can be made anew."""
    session.execute(sa.update(table).where(table.c.id == recording_id).values(captured=False))


def delete_at(session: Session, recording_id: str, when: datetime | None) -> None:
    session.execute(sa.update(table).where(table.c.id == recording_id).values(delete_at=when))


def delete(session: Session, recording_id: str) -> None:
    """All that is known of it."""
    session.execute(sa.delete(table).where(table.c.id == recording_id))


def _update(
    session: Session,
    recording_id: str,
    states: Collection[RecordingState],
    *conditions: sa.ColumnElement[bool],
    **values: Any,
) -> bool:
    wanted = (table.c.id == recording_id, table.c.state.in_(states), *conditions)
    done = session.execute(sa.update(table).where(*wanted).values(values).returning(table.c.id))
    return done.first() is not None


def _packed(track_list: tuple[KeptTrack, ...]) -> str:
    return msgspec.json.encode(track_list).decode()


def _recording(row: Any) -> Recording:
    fields = dict(row._mapping)  # SQLAlchemy's public name for it
    kept = msgspec.json.decode(fields.pop("track_list"), type=tuple[KeptTrack, ...])
    return Recording(**fields, track_list=kept)
