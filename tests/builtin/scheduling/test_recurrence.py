# SPDX-License-Identifier: Apache-2.0
"""Weekly rules over clock changes, against an oracle that walks the days and knows no `fold`."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from podium.core import PodiumError
from podium.plugins.scheduling.recurrence import DAYS, MAX_CLASSES, Rule, expand, parse_rule
from podium.plugins.scheduling.zones import instant, local_time

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 5, 9)  # a Monday, before the clocks change

zones = st.sampled_from(ZONES).map(ZoneInfo)
starts = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31)).map(
    lambda each: each.replace(second=0, microsecond=0)
)


def oracle_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The earliest instant at which clocks show this; if none does, as if the gap had not come."""
    noon = datetime(local.year, local.month, local.day, 12, tzinfo=UTC)
    offsets = [(noon + timedelta(days=days)).astimezone(zone).utcoffset() for days in (-2, 2)]
    assert all(offset is not None for offset in offsets)
    instants = sorted((local - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None)
    shown = [each for each in instants if each.astimezone(zone).replace(tzinfo=None) == local]
    before = offsets[0]
    assert before is not None
    return shown[0] if shown else (local - before).replace(tzinfo=UTC)


def oracle_days(rule: Rule, start: datetime, count: int) -> list[date]:
    """Day by day: in a week that counts, on a day that counts."""
    first_week = start.date() - timedelta(days=(start.weekday() - rule.week_start) % 7)
    days: list[date] = []
    day = start.date()
    while len(days) < count:
        week = (day - first_week).days // 7
        if week % rule.interval == 0 and day.weekday() in rule.days:
            days.append(day)
        day += timedelta(days=1)
    return days


@st.composite
def series(draw: st.DrawFn) -> tuple[Rule, datetime, ZoneInfo]:
    start = draw(starts)
    days = draw(st.sets(st.integers(0, 6))) | {start.weekday()}
    rule = Rule(
        interval=draw(st.integers(1, 4)),
        days=tuple(sorted(days)),
        count=draw(st.integers(1, 60)),
        week_start=draw(st.integers(0, 6)),
    )
    return rule, start, draw(zones)


@given(series())
def test_a_series_has_the_instants_of_an_independent_count(given_series: tuple[Rule, datetime, ZoneInfo]) -> None:
    rule, start, zone = given_series
    assert rule.count is not None
    expected = [datetime.combine(day, start.time()) for day in oracle_days(rule, start, rule.count)]
    planned = expand(rule, start, zone)
    assert [each.local for each in planned] == expected
    assert [each.starts_at for each in planned] == [oracle_instant(local, zone) for local in expected]


@given(series())
def test_the_text_of_a_rule_says_the_same_again(given_series: tuple[Rule, datetime, ZoneInfo]) -> None:
    rule, start, zone = given_series
    assert parse_rule(rule.text, start, zone) == rule


@given(series())
def test_an_end_in_utc_and_a_count_agree(given_series: tuple[Rule, datetime, ZoneInfo]) -> None:
    rule, start, zone = given_series
    planned = expand(rule, start, zone)
    until = Rule(rule.interval, rule.days, None, planned[-1].starts_at, rule.week_start)
    assert expand(parse_rule(until.text, start, zone), start, zone) == planned


@given(series())
def test_calendars_find_the_same_classes(given_series: tuple[Rule, datetime, ZoneInfo]) -> None:
    rule, start, zone = given_series
    planned = expand(rule, start, zone)
    if any(local_time(each.starts_at, zone) != each.local for each in planned):
        return  # in the gap of a clock change libraries differ
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:test",
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART;TZID={zone.key}:{start:%Y%m%dT%H%M%S}",
        "DURATION:PT1H",
        f"RRULE:{rule.text}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    calendar = Calendar.from_ical("\r\n".join(lines) + "\r\n")
    found = recurring_ical_events.of(calendar).between(start - timedelta(days=2), planned[-1].local + timedelta(days=2))
    assert sorted(each.start.astimezone(UTC) for each in found) == [each.starts_at for each in planned]


@given(starts, zones)
def test_every_local_time_is_one_instant(local: datetime, zone: ZoneInfo) -> None:
    assert instant(local, zone) == oracle_instant(local, zone)


def test_a_class_at_nine_in_berlin_stays_at_nine() -> None:
    planned = expand(parse_rule("FREQ=WEEKLY;COUNT=6", START, BERLIN), START, BERLIN)
    assert {each.starts_at.astimezone(BERLIN).hour for each in planned} == {9}
    assert [each.starts_at.hour for each in planned] == [7, 7, 7, 8, 8, 8]


def test_a_time_that_does_not_exist_is_read_with_the_offset_before_the_gap() -> None:
    skipped = datetime(2027, 3, 28, 2, 30)
    assert instant(skipped, BERLIN) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    planned = expand(
        parse_rule("FREQ=WEEKLY;COUNT=3", datetime(2027, 3, 21, 2, 30), BERLIN), datetime(2027, 3, 21, 2, 30), BERLIN
    )
    assert [each.starts_at.astimezone(BERLIN).strftime("%H:%M") for each in planned] == ["02:30", "03:30", "02:30"]


def test_of_a_time_that_occurs_twice_the_first_is_meant() -> None:
    assert instant(datetime(2026, 10, 25, 2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_until_that_is_a_day_includes_that_day() -> None:
    rule = parse_rule("FREQ=WEEKLY;UNTIL=20261019", START, BERLIN)
    assert rule.text == "FREQ=WEEKLY;UNTIL=20261019T215959Z;BYDAY=MO"
    assert len(expand(rule, START, BERLIN)) == 3


def test_a_rule_may_come_with_its_name_and_in_small_letters() -> None:
    assert parse_rule("rrule:freq=weekly;byday=mo,th;count=4", START, BERLIN).text == "FREQ=WEEKLY;COUNT=4;BYDAY=MO,TH"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FREQ=DAILY;COUNT=3", "FREQ=WEEKLY"),
        ("COUNT=3", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY", "COUNT or UNTIL"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270101", "not both"),
        ("FREQ=WEEKLY;COUNT=3;BYDAY=TU", "the first class is on MO"),
        ("FREQ=WEEKLY;COUNT=3;BYDAY=1MO", "'1MO' is no day"),
        ("FREQ=WEEKLY;COUNT=0", "COUNT is a whole number from 1"),
        ("FREQ=WEEKLY;COUNT=-1", "COUNT is a whole number from 1"),
        ("FREQ=WEEKLY;COUNT=3;COUNT=4", "COUNT is given twice"),
        ("FREQ=WEEKLY;COUNT=3;BYHOUR=9", "'BYHOUR=9' is not understood"),
        ("FREQ=WEEKLY;UNTIL=soon", "UNTIL is a date"),
        ("FREQ=WEEKLY;UNTIL=20261345", "UNTIL is a date"),
        ("FREQ=WEEKLY;UNTIL=00010101", "UNTIL is before the first class"),
        ("FREQ=WEEKLY;UNTIL=99991231", "at most 366 classes within five years"),
        ("FREQ=WEEKLY;UNTIL=20260101", "UNTIL is before the first class"),
        ("FREQ=WEEKLY;COUNT=367", f"at most {MAX_CLASSES} classes"),
        ("FREQ=WEEKLY;COUNT=300;INTERVAL=9999", "within five years"),
        ("x" * 150, "is not understood"),
        ("", "is not understood"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(PodiumError, match=message) as caught:
        expand(parse_rule(text, START, BERLIN), START, BERLIN)
    assert (caught.value.code, caught.value.field) == ("recurrence_invalid", "recurrence")


def test_days_have_the_names_of_the_standard() -> None:
    assert DAYS[START.weekday()] == "MO"
