# SPDX-License-Identifier: Apache-2.0
"""All classes of a session, as instants: what its invitation has to expand to.

A rule counts days on the wall clock of the session's zone. A time of day that the clocks skip is an hour later that
day; of one that they show twice, the first is meant (RFC 5545 section 3.3.5, and Python's `fold=0`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # the stubs are a distribution of their own

from podium.core import SessionView

MOST = 1000
"""Classes of a series that are looked at; scheduling allows fewer."""


@dataclass(frozen=True, slots=True)
class Class:
    """One class of a session: when it takes place, and when its rule has it, on the wall clock and as an instant."""

    starts_at: datetime
    ends_at: datetime
    planned: datetime
    planned_local: datetime
    is_cancelled: bool = False

    @property
    def is_moved(self) -> bool:
        return self.starts_at != self.planned

    def spans_change(self, zone: ZoneInfo) -> bool:
        """Whether the clocks change in the middle of it, so that its length is another on the wall clock."""
        return local(self.ends_at, zone) - local(self.starts_at, zone) != self.ends_at - self.starts_at

    def in_gap(self, zone: ZoneInfo) -> bool:
        """Whether the planned time of day does not exist that day."""
        return local(self.planned, zone) != self.planned_local


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock shows, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def classes(session: SessionView) -> tuple[Class, ...]:
    """All classes in the order of the rule, the cancelled ones among them."""
    zone = ZoneInfo(session.time_zone)
    length = timedelta(minutes=session.duration)
    exceptions = {each.original_starts_at: each for each in session.exceptions}
    found = []
    for planned_local, planned in _planned(session, zone):
        exception = exceptions.get(planned)
        starts_at, ends_at = (exception.starts_at, exception.ends_at) if exception else (planned, planned + length)
        is_cancelled = session.cancelled or (exception is not None and exception.cancelled)
        found.append(Class(starts_at, ends_at, planned, planned_local, is_cancelled))
    return tuple(found)


def ends_at(session: SessionView) -> datetime:
    """When the last class is over."""
    return max(each.ends_at for each in classes(session))


def _planned(session: SessionView, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    start = local(session.starts_at, zone)
    yield start, session.starts_at
    if session.recurrence is None:
        return
    for time_of_day in islice(rrulestr(_floating(session.recurrence, zone), dtstart=start), 1, MOST):
        yield time_of_day, time_of_day.replace(tzinfo=zone).astimezone(UTC)


def _floating(rule: str, zone: ZoneInfo) -> str:
    """The rule with UNTIL on the wall clock, as the start is here."""
    parts = []
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name == "UNTIL" and value.endswith("Z"):
            until = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            part = f"UNTIL={local(until, zone):%Y%m%dT%H%M%S}"
        parts.append(part)
    return ";".join(parts)
