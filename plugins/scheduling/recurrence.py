# SPDX-License-Identifier: Apache-2.0
"""Weekly rules (RRULE, RFC 5545 section 3.3.10): reading, checking, writing them in one form, expanding them.

A rule counts weeks on the wall clock of the session's time zone; each local time is then one instant (`zones.instant`).
A time in the gap of a clock change is moved, not dropped: RFC 5545 says both, and a class should not vanish. A rule
has an end, so that all its classes can be known: COUNT or UNTIL, 366 classes and five years at most.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil import rrule  # type: ignore[import-untyped]  # the stubs are a distribution of their own

from podium.core import OperationError
from podium.plugins.scheduling.errors import invalid
from podium.plugins.scheduling.zones import instant

MAX_CLASSES = 366
HORIZON = timedelta(days=5 * 366)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_UNTIL = re.compile(r"(?P<date>\d{8})(?:T(?P<time>\d{6})(?P<utc>Z?))?")


class Planned(NamedTuple):
    """One class as the rule has it: on the wall clock, and as an instant."""

    local: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """A weekly rule. `days` are 0 for Monday to 6; `until` is an instant, the last one allowed."""

    interval: int = 1
    days: tuple[int, ...] = ()
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0

    @property
    def text(self) -> str:
        """In the one form that is kept and sent: UNTIL in UTC, as it has to be beside a start with a time zone."""
        parts = ["FREQ=WEEKLY"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%dT%H%M%SZ}")
        parts.append("BYDAY=" + ",".join(DAYS[day] for day in self.days))
        if self.week_start:
            parts.append(f"WKST={DAYS[self.week_start]}")
        return ";".join(parts)


def parse_rule(text: str, start: datetime, zone: ZoneInfo) -> Rule:
    """The rule of a session that starts at this local time. Raises OperationError for the field `recurrence`."""
    parts = _parts(text)
    if parts.get("FREQ") != "WEEKLY":
        raise _wrong("a session recurs weekly: FREQ=WEEKLY")
    rule = Rule(
        interval=_number(parts, "INTERVAL") or 1,
        days=tuple(sorted(set(_days(parts["BYDAY"])))) if "BYDAY" in parts else (start.weekday(),),
        count=_number(parts, "COUNT"),
        until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        week_start=next(_days(parts["WKST"])) if "WKST" in parts else 0,
    )
    if (rule.count is None) == (rule.until is None):
        raise _wrong("a series needs an end, COUNT or UNTIL, and not both")
    if start.weekday() not in rule.days:
        raise _wrong(f"the first class is on {DAYS[start.weekday()]}, which BYDAY has to contain")
    return rule


def expand(rule: Rule | None, start: datetime, zone: ZoneInfo) -> tuple[Planned, ...]:
    """All classes in order; without a rule there is one. Raises OperationError where there are none or too many."""
    if rule is None:
        return (Planned(start, instant(start, zone)),)
    found = tuple(_walk(rule, start, zone))
    if not found:
        raise _wrong("UNTIL is before the first class")
    return found


def _walk(rule: Rule, start: datetime, zone: ZoneInfo) -> Iterator[Planned]:
    weeks = rrule.rrule(
        rrule.WEEKLY, dtstart=start, interval=rule.interval, wkst=rule.week_start, byweekday=rule.days, count=rule.count
    )
    for number, local in enumerate(weeks, start=1):
        starts_at = instant(local, zone)
        if rule.until is not None and starts_at > rule.until:
            return
        if number > MAX_CLASSES or local - start > HORIZON:
            raise _wrong(f"a series has at most {MAX_CLASSES} classes within five years; split it")
        yield Planned(local, starts_at)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _PARTS:
            raise _wrong(f"{part[:40]!r} is not understood; a rule is made of {', '.join(_PARTS)}")
        if name in parts:
            raise _wrong(f"{name} is given twice")
        parts[name] = value
    return parts


def _number(parts: dict[str, str], name: str) -> int | None:
    if name not in parts:
        return None
    if not _NUMBER.fullmatch(parts[name]):
        raise _wrong(f"{name} is a whole number from 1")
    return int(parts[name])


def _days(text: str) -> Iterator[int]:
    for day in text.split(","):
        if day not in DAYS:
            raise _wrong(f"{day[:8]!r} is no day; there are {', '.join(DAYS)}")
        yield DAYS.index(day)


def _until(text: str, zone: ZoneInfo) -> datetime:
    """An instant: as given in UTC, as local time, or as the end of a local day."""
    match = _UNTIL.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        day = datetime.strptime(match["date"], "%Y%m%d")
        if match["time"] is None:
            return instant(datetime.combine(day, time(23, 59, 59)), zone)
        moment = datetime.combine(day, datetime.strptime(match["time"], "%H%M%S").time())
        return moment.replace(tzinfo=UTC) if match["utc"] else instant(moment, zone)
    except (ValueError, OverflowError):
        raise _wrong("UNTIL is a date or a time in UTC, such as 20270131 or 20270131T090000Z") from None


def _wrong(message: str) -> OperationError:
    return invalid("recurrence", f"recurrence: {message}", "recurrence_invalid")
