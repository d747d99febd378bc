# SPDX-License-Identifier: Apache-2.0
"""From what somebody asked for to what a session is: every check that needs no database, each error with its field."""

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from podium.core import Person, PersonRole
from podium.plugins.scheduling.errors import invalid
from podium.plugins.scheduling.recurrence import Planned, Rule, expand, parse_rule
from podium.plugins.scheduling.requests import Invitee
from podium.plugins.scheduling.zones import checked_zone, instant, written

SHORTEST, LONGEST = 5, 12 * 60
"""Minutes."""
FARTHEST = timedelta(days=5 * 366)

_START = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:00)?")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([^\W_]([^\W_]|-)*\.)+[^\W\d_]([^\W_]|-)*")


@dataclass(frozen=True, slots=True)
class Plan:
    """When a session is. `start` is on the wall clock of `zone`, `duration` in minutes."""

    start: datetime
    zone: ZoneInfo
    duration: int
    rule: Rule | None

    @property
    def starts_at(self) -> datetime:
        return instant(self.start, self.zone)

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.duration)

    def classes(self) -> tuple[Planned, ...]:
        """In order. Raises OperationError for a rule with no or too many classes."""
        return expand(self.rule, self.start, self.zone)

    def room_of(self, session_id: str, planned: Planned) -> str:
        """The id of a class and its room: the session's own, or that with the time that the rule gives."""
        return session_id if self.rule is None else f"{session_id}-{planned.local:%Y%m%dT%H%M}"


class Invited(NamedTuple):
    """A person of a session, with the key by which an address is compared."""

    person: Person
    email_key: str


def checked_plan(start: str, time_zone: str, duration: int, recurrence: str | None) -> Plan:
    """When a session is; whether that lies ahead is `check_future`'s business. Raises OperationError."""
    zone = checked_zone(time_zone)
    local = checked_start(start)
    rule = parse_rule(recurrence, local, zone) if recurrence else None
    return Plan(local, zone, checked_duration(duration), rule)


def checked_start(text: str) -> datetime:
    """A time of day, naive. Raises OperationError."""
    try:
        if not _START.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text)
    except ValueError:
        right = "date and time in `time_zone`, without an offset, such as 2027-01-11T09:00"
        raise invalid("start", f"start is {right}", "start_invalid") from None


def check_future(start: datetime, zone: ZoneInfo, now: datetime) -> None:
    """Raise OperationError for what is past, or farther ahead than anybody plans."""
    if not now.year <= start.year + 1 <= now.year + 7:  # before arithmetic at the ends of the calendar
        raise invalid("start", _ahead(start, zone, now), "start_past" if start.year < now.year else "start_too_far")
    starts_at = instant(start, zone)
    if starts_at <= now:
        raise invalid("start", _ahead(start, zone, now), "start_past")
    if starts_at - now > FARTHEST:
        raise invalid("start", _ahead(start, zone, now), "start_too_far")


def _ahead(start: datetime, zone: ZoneInfo, now: datetime) -> str:
    there = written(now.astimezone(zone).replace(tzinfo=None))
    return f"start is in the future and within five years; {written(start)} is not, it is {there} in {zone.key} now"


def checked_duration(minutes: int) -> int:
    if not SHORTEST <= minutes <= LONGEST:
        raise invalid("duration", f"duration is {SHORTEST} to {LONGEST} minutes, not {minutes}", "duration_invalid")
    return minutes


def checked_title(text: str) -> str:
    title = text.strip()
    if not 1 <= len(title) <= 200 or not title.isprintable():
        raise invalid("title", "title is 1 to 200 printable characters on one line", "title_invalid")
    return title


def checked_people(instructor: Invitee, participants: Iterable[Invitee], known: Iterable[Person] = ()) -> list[Invited]:
    """The instructor and everybody invited; who was known by their address keeps their id.

    Raises OperationError naming the field, such as `participants[2].email`.
    """
    ids = {_key(person.email): person.participant_id for person in known}
    emails: dict[str, str] = {}
    taken: dict[str, str] = {}
    people = []
    for field, invitee, role in _everybody(instructor, participants):
        key = _checked_email(invitee.email, f"{field}.email")
        if (other := emails.setdefault(key, field)) != field:
            raise invalid(f"{field}.email", f"{invitee.email} is {other} already", "email_twice")
        participant_id = invitee.participant_id or ids.get(key) or secrets.token_urlsafe(12)
        if (other := taken.setdefault(participant_id, field)) != field:
            raise invalid(f"{field}.participant_id", f"{participant_id} is {other} already", "participant_id_twice")
        if invitee.time_zone is not None:
            checked_zone(invitee.time_zone, f"{field}.time_zone")
        person = Person(
            name=_checked_name(invitee.name, f"{field}.name"),
            email=invitee.email,
            role=role,
            participant_id=participant_id,
            language=invitee.language,
            time_zone=invitee.time_zone,
        )
        people.append(Invited(person, key))
    return people


def _everybody(instructor: Invitee, participants: Iterable[Invitee]) -> Iterator[tuple[str, Invitee, PersonRole]]:
    yield "instructor", instructor, "instructor"
    for number, each in enumerate(participants):
        yield f"participants[{number}]", each, each.role


def _checked_name(text: str, field: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise invalid(field, "a name is 1 to 64 printable characters", "name_invalid")
    return name


def _checked_email(text: str, field: str) -> str:
    """The key of an address: nobody has a second mailbox that differs by case alone."""
    local, _, domain = text.rpartition("@")
    fits = len(text) <= 254 and len(local) <= 64 and all(len(label) <= 63 for label in domain.split("."))
    if not (fits and _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise invalid(field, f"{text[:80]!r} is no e-mail address such as ada@example.org", "email_invalid")
    return _key(text)


def _key(email: str) -> str:
    return email.lower()
