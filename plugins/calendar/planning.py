# SPDX-License-Identifier: Apache-2.0
"""Which mails a change of a session makes due, from what each person was told before. No clock, no database.

Somebody is told when what concerns them changed, not with each edit: when a student is added to a class, the others get
no mail. Who is invited no more, or of a session that is off, gets a cancellation, if they may have had an invitation.
A newer mail takes the place of those that have not been sent.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from podium.core import Person, SessionView
from podium.plugins.calendar.body import Occasion
from podium.plugins.calendar.names import normal

State = Literal["pending", "sending", "sent", "failed", "superseded"]
Sent = Literal["REQUEST", "CANCEL"]


class Known(NamedTuple):
    """A row of the outbox."""

    id: int
    recipient: str
    method: str
    sequence: int
    fingerprint: str
    state: str
    maybe_delivered: bool
    person: Person


@dataclass(frozen=True, slots=True)
class Due:
    """A mail to be sent."""

    person: Person
    method: Sent
    occasion: Occasion
    fingerprint: str

    @property
    def recipient(self) -> str:
        return normal(self.person.email)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows that need not be sent any more, and mails that take their place."""

    superseded: tuple[int, ...]
    due: tuple[Due, ...]


def sequence_of(session: SessionView) -> int:
    """SEQUENCE rises with each edit; that of a new session is 0."""
    return max(0, session.version - 1)


def people_of(session: SessionView) -> dict[str, Person]:
    """Everybody who should have the session in their calendar, by address."""
    found: dict[str, Person] = {}
    for person in (session.instructor, *session.participants):
        found.setdefault(normal(person.email), person)
    return found


def plan(session: SessionView, known: Sequence[Known]) -> Plan:
    """What to do; `known` are the rows of this session, the oldest first."""
    rows: dict[str, list[Known]] = {}
    for row in known:
        rows.setdefault(row.recipient, []).append(row)
    wanted = {} if session.cancelled else people_of(session)
    superseded: list[int] = []
    due: list[Due] = []
    for recipient in wanted | dict.fromkeys(rows):
        history = rows.get(recipient, [])
        next_one = _next(session, wanted.get(recipient), history)
        if next_one is not None or _is_dropped(wanted.get(recipient), history):
            superseded += [row.id for row in history if row.state == "pending"]
        if next_one is not None:
            due.append(next_one)
    return Plan(tuple(superseded), tuple(due))


def _next(session: SessionView, person: Person | None, history: Sequence[Known]) -> Due | None:
    last = next((row for row in reversed(history) if row.state != "superseded"), None)
    told = _is_told(history)
    if person is not None:
        fingerprint = fingerprint_of(session, person)
        if last is not None and last.method == "REQUEST" and last.fingerprint == fingerprint:
            return None
        return Due(person, "REQUEST", "change" if told else "invitation", fingerprint)
    if not told or (last is not None and last.method == "CANCEL"):
        return None
    return Due(history[-1].person, "CANCEL", "cancellation", "")


def _is_told(history: Iterable[Known]) -> bool:
    """Whether they may have the session in their calendar now."""
    told = False
    for row in history:
        if row.maybe_delivered:
            told = row.method == "REQUEST"
    return told


def _is_dropped(person: Person | None, history: Sequence[Known]) -> bool:
    """Whether an invitation that waits is for nothing."""
    return person is None and any(row.method == "REQUEST" and row.state == "pending" for row in history)


def fingerprint_of(session: SessionView, person: Person) -> str:
    """Of all that an invitation tells this person."""
    told: Mapping[str, object] = {
        "title": session.title,
        "description": session.description,
        "instructor": session.instructor.name,
        "starts_at": session.starts_at,
        "duration": session.duration,
        "time_zone": session.time_zone,
        "recurrence": session.recurrence,
        "exceptions": sorted(_exceptions(session)),
        "person": (person.participant_id, person.name, person.role),
    }
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()


def _exceptions(session: SessionView) -> Iterator[tuple[str, str, str, bool]]:
    for each in session.exceptions:
        times = (each.original_starts_at, each.starts_at, each.ends_at)
        original, begin, end = (time.isoformat() for time in times)
        yield original, begin, end, each.cancelled
