# SPDX-License-Identifier: Apache-2.0
"""Who asks: somebody with a personal link, somebody in the room, or a service; and what they may do with a session.

To strangers a session that does not exist and a link that does not fit look the same.
"""

import re
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from podium.core import Caller, OperationError, PersonRole
from podium.plugins.scheduling.errors import forbidden
from podium.plugins.scheduling.invitations import Invitations, claimed_id_untrusted
from podium.plugins.scheduling.reading import Found, find
from podium.plugins.scheduling.tables import PEOPLE

STAFF = ("service", "administrator")
WRITE = "sessions:write"
READ = "sessions:read"
CLASS_SUFFIX = re.compile(r"-\d{8}T\d{4}$")
"""How the id of a class of a series ends; no session's id does."""


class Visitor(NamedTuple):
    """Somebody, with the session and class they ask for; staff has no id of its own."""

    found: Found
    instructor: str
    role: PersonRole
    participant_id: str | None
    display_name: str | None


def visit(
    session: Session,
    name: str,
    caller: Caller,
    invitation: str | None,
    participant_id: str | None,
    invitations: Invitations,
) -> Visitor:
    """Find out who asks. Raises OperationError `session_unknown` for everybody who should know nothing."""
    found = find(session, name)
    if found is None:
        raise stranger()
    claimed = participant_id if invitation is None else claimed_id_untrusted(invitation)
    rows = {row.participant_id: row for row in session.execute(_people(found.session_id, claimed))}
    instructor: str = min(rows.values(), key=lambda row: row.position).name
    if invitation is not None:
        row = rows.get(claimed or "")
        if row is None or not invitations.fits_untrusted(invitation, found.session_id, row.participant_id, row.salt):
            raise stranger()
        return _visitor(found, instructor, row)
    if participant_id is not None and caller.role in STAFF:
        if participant_id not in rows:
            raise OperationError(
                "not_found", "participant_unknown", f"{participant_id} is not invited to this session", "participant_id"
            )
        return _visitor(found, instructor, rows[participant_id])
    if caller.role in STAFF:
        return Visitor(found, instructor, "student", None, None)
    if not is_in(caller, found.session_id):
        raise stranger()
    role: Any = caller.role
    return Visitor(found, instructor, role, caller.subject, caller.display_name)


def _people(session_id: str, claimed: str | None) -> Select[Any]:
    """The session's instructor and whoever somebody says to be: strangers make us read no more."""
    asked = or_(PEOPLE.c.position == 0, PEOPLE.c.participant_id == (claimed or ""))
    return select(PEOPLE).where(PEOPLE.c.session_id == session_id, asked)


def _visitor(found: Found, instructor: str, row: Row[Any]) -> Visitor:
    return Visitor(found, instructor, row.role, row.participant_id, row.name)


def stranger() -> OperationError:
    what = "there is no such session, or the invitation is not valid for it any more; ask for a new link"
    return OperationError("not_found", "session_unknown", what, "session_id")


def is_in(caller: Caller, session_id: str) -> bool:
    """Whether a join token is for this session or one of its classes."""
    return caller.in_room and session_of(caller.session_id or "", session_id) == session_id


def session_of(name: str, session_id: str) -> str:
    """The session of an id, if it is `session_id` or a class of it."""
    return session_id if name == session_id or CLASS_SUFFIX.sub("", name) == session_id else name


def check_may(caller: Caller, session_id: str, *, roles: tuple[str, ...], grants: tuple[str, ...]) -> None:
    """Raise OperationError unless staff, or somebody with a grant, or with one of these roles in this session."""
    if caller.role in STAFF or not caller.grants.isdisjoint(grants):
        return
    if caller.role not in roles or not is_in(caller, session_id):
        raise forbidden("this session is not yours")
