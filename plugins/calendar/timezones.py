# SPDX-License-Identifier: Apache-2.0
"""VTIMEZONE (RFC 5545 section 3.6.5) from the IANA database, for the years in which a session takes place.

An onset is written as the wall clock shows it just before the change: Berlin's summer begins at 02:00, not 03:00.
Changes that follow a yearly pattern become an RRULE, which Outlook needs to know a zone; others are listed as RDATE.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SEARCH_STEP = timedelta(days=7)
"""No zone changes its offset twice within a week."""
LONG_AGO = datetime(1970, 1, 1)
FURTHEST = 40
"""Years back in which the change before a session is looked for; without one the offset counts as old as that."""


class Change(NamedTuple):
    """A zone gets another offset, name or season at an instant; `onset` is local time by the offset before."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool

    @property
    def onset(self) -> datetime:
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        """Changes of one kind are told in one component."""
        return self.before, self.after, self.name, self.is_daylight


def vtimezone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """The component that is right from `first` to `last`."""
    component = Timezone()
    component.add("TZID", zone.key)
    years = range(first.year - 1, last.year + 2)
    changes = list(changes_between(zone, _new_year(years[0]), _new_year(years[-1] + 1)))
    if not changes or changes[0].at > first:
        changes.insert(0, _change_before(zone, changes[0].at if changes else first))
    kinds: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    for group in kinds.values():
        component.add_component(_observance(group, years))
    return component


def changes_between(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[Change]:
    """All changes of a zone in a time, in order."""
    here = first
    while here < last:
        there = min(here + SEARCH_STEP, last)
        if _state(zone, here) != _state(zone, there):
            yield _located(zone, here, there)
        here = there


def _located(zone: ZoneInfo, low: datetime, high: datetime) -> Change:
    """The change between two instants that differ, to the second."""
    before = _state(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _state(zone, middle) == before else (low, middle)
    after = _state(zone, high)
    return Change(high, before[0], after[0], after[1], after[2])


def _state(zone: ZoneInfo, at: datetime) -> tuple[timedelta, str, bool]:
    local = at.astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return offset, local.tzname() or zone.key, bool(local.dst())


def _change_before(zone: ZoneInfo, at: datetime) -> Change:
    """The change that brought what is in force just before an instant; long ago when there was none."""
    there = at - timedelta(seconds=1)
    now = _state(zone, there)
    end = there - timedelta(days=366 * FURTHEST)
    while there > end:
        here = there - SEARCH_STEP
        if _state(zone, here) != now:
            return _located(zone, here, there)
        there = here
    return Change((LONG_AGO - now[0]).replace(tzinfo=UTC), now[0], now[0], now[1], now[2])


def _new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def _observance(group: Sequence[Change], years: Sequence[int]) -> TimezoneStandard | TimezoneDaylight:
    first = group[0]
    component = TimezoneDaylight() if first.is_daylight else TimezoneStandard()
    component.add("TZOFFSETFROM", first.before)
    component.add("TZOFFSETTO", first.after)
    component.add("TZNAME", first.name)
    component.add("DTSTART", first.onset)
    if rule := _yearly([change.onset for change in group], years):
        component.add("RRULE", vRecur.from_ical(rule))
    elif len(group) > 1:
        component.add("RDATE", [change.onset for change in group[1:]])
    return component


def _yearly(onsets: Sequence[datetime], years: Sequence[int]) -> str | None:
    """`FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU` when there is one onset in each year and all fit."""
    if [onset.year for onset in onsets] != list(years):
        return None
    if len({(onset.month, onset.weekday(), onset.time()) for onset in onsets}) != 1:
        return None
    from_start = {(onset.day - 1) // 7 + 1 for onset in onsets}
    is_last = all((onset + timedelta(days=7)).month != onset.month for onset in onsets)
    if not is_last and len(from_start) != 1:
        return None
    week = -1 if is_last else from_start.pop()
    return f"FREQ=YEARLY;BYMONTH={onsets[0].month};BYDAY={week}{DAYS[onsets[0].weekday()]}"
