# SPDX-License-Identifier: Apache-2.0
"""The statements, for the database's thread. An end that was written first stays."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from podium.plugins.screenshare.rules import Rules
from podium.plugins.screenshare.share import Ending, Reason, Share
from podium.plugins.screenshare.tables import ALLOWED, RULES, SHARES


class Kept(NamedTuple):
    """What is known of a class when its room opens; without `rules` of its `own` those of its series, or None."""

    rules: Rules | None
    own: bool
    allowed: dict[str, str]
    running: tuple[Share, ...]


def read_kept(session: Session, names: tuple[str, ...]) -> Kept:
    """What is kept of a class, whose id is the first of `names`; the other is that of its series, if it has one."""
    allowed = select(ALLOWED.c.participant_id, ALLOWED.c.display_name).where(ALLOWED.c.session_id == names[0])
    shares = select(SHARES).where(SHARES.c.session_id == names[0], SHARES.c.ended_at.is_(None))
    own = read_rules(session, names[:1])
    return Kept(
        rules=own or read_rules(session, names),
        own=own is not None,
        allowed={row.participant_id: row.display_name for row in session.execute(allowed)},
        running=tuple(_share(row) for row in session.execute(shares.order_by(SHARES.c.started_at))),
    )


def read_rules(session: Session, names: tuple[str, ...]) -> Rules | None:
    """Those of the first name that has any."""
    rows = session.execute(select(RULES).where(RULES.c.session_id.in_(names)))
    found = {row.session_id: msgspec.convert(_rule_fields(row), Rules) for row in rows}
    return next((found[name] for name in names if name in found), None)


def change_rules(
    session: Session,
    session_id: str,
    rules: Rules,
    at: datetime,
    by: str | None,
    cleared: Iterable[str],
    endings: Iterable[Ending],
) -> None:
    """New rules of a session; in the classes `cleared` nobody is allowed in person any more, and shares end."""
    session.execute(delete(RULES).where(RULES.c.session_id == session_id))
    values = {"session_id": session_id, **msgspec.structs.asdict(rules), "changed_at": at, "changed_by": by}
    session.execute(insert(RULES).values(values))
    session.execute(delete(ALLOWED).where(ALLOWED.c.session_id.in_(tuple(cleared))))
    end(session, endings)


def allow(session: Session, session_id: str, participant_id: str, name: str, at: datetime, by: str | None) -> None:
    """Keep that somebody may share in one class."""
    disallow(session, session_id, participant_id, ())
    values = {"session_id": session_id, "participant_id": participant_id, "display_name": name}
    session.execute(insert(ALLOWED).values({**values, "allowed_at": at, "allowed_by": by}))


def disallow(session: Session, session_id: str, participant_id: str, endings: Iterable[Ending]) -> None:
    """Take permission back, with the share that ends by it."""
    wanted = (ALLOWED.c.session_id == session_id, ALLOWED.c.participant_id == participant_id)
    session.execute(delete(ALLOWED).where(*wanted))
    end(session, endings)


def begin(session: Session, share: Share, endings: Iterable[Ending]) -> None:
    """A new share, or one that goes on with or without sound; others end for it."""
    end(session, endings)
    running = update(SHARES).where(SHARES.c.id == share.id).values(audio=share.audio).returning(SHARES.c.id)
    if session.execute(running).first() is None:
        values = {name: getattr(share, name) for name in Share.__slots__}
        session.execute(insert(SHARES).values(values))


def end(session: Session, endings: Iterable[Ending]) -> None:
    for ending in endings:
        _end(session, SHARES.c.id == ending.share.id, ending.ended_at, ending.ended_by, ending.reason)


def end_all(session: Session, session_id: str, at: datetime, reason: Reason) -> None:
    """Whatever of a session had begun by then and not ended."""
    _end(session, (SHARES.c.session_id == session_id) & (SHARES.c.started_at <= at), at, None, reason)


def end_stale(session: Session, before: datetime, at: datetime, open_rooms: Iterable[str]) -> None:
    """Shares of rooms that nobody has opened again since the host was killed."""
    stale = (SHARES.c.started_at < before) & SHARES.c.session_id.not_in(tuple(open_rooms))
    _end(session, stale, at, None, "lost")


def _end(session: Session, which: object, at: datetime, by: str | None, reason: Reason) -> None:
    statement = update(SHARES).where(which, SHARES.c.ended_at.is_(None))  # type: ignore[arg-type]  # any condition
    session.execute(statement.values(ended_at=at, ended_by=by, reason=reason))


def _rule_fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in Rules.__struct_fields__}


def _share(row: object) -> Share:
    return Share(**{name: getattr(row, name) for name in Share.__slots__})
