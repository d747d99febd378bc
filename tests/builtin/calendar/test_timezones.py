# SPDX-License-Identifier: Apache-2.0
"""VTIMEZONE against the IANA database, read by dateutil, which knows nothing of how it was made."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz  # type: ignore[import-untyped]  # it has no types
from icalendar import Calendar

from podium.plugins.calendar.timezones import vtimezone

ZONES = (
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Chatham",
)


def text_of(zone: str, first: datetime, last: datetime) -> str:
    calendar = Calendar()
    calendar.add_component(vtimezone(ZoneInfo(zone), first, last))
    return str(calendar.to_ical().decode()).replace("\r\n ", "")


def day(year: int, month: int = 1, number: int = 1) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [1996, 2010, 2018, 2022, 2026])
def test_a_reader_finds_the_offset_of_every_hour(zone: str, year: int) -> None:
    first, last = day(year, 2), day(year + 2, 4)
    read = tz.tzical(io.StringIO(text_of(zone, first, last))).get(zone)
    assert read is not None
    at = first
    while at < last:
        wall = at.astimezone(ZoneInfo(zone))
        expected = wall.utcoffset()
        assert expected is not None
        twice = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
        if not twice:  # dateutil and VTIMEZONE cannot tell these apart
            assert wall.replace(tzinfo=read).utcoffset() == expected, at
        at += timedelta(hours=7)


def test_summer_in_berlin_begins_at_two_and_ends_at_three() -> None:
    lines = text_of("Europe/Berlin", day(2026, 3), day(2026, 11)).splitlines()
    begin, end = lines.index("BEGIN:DAYLIGHT"), lines.index("END:DAYLIGHT")
    assert "DTSTART:20250330T020000" in lines[begin:end]
    assert "TZOFFSETFROM:+0100" in lines[begin:end]
    assert "TZOFFSETTO:+0200" in lines[begin:end]
    begin, end = lines.index("BEGIN:STANDARD"), lines.index("END:STANDARD")
    assert "DTSTART:20251026T030000" in lines[begin:end]
    assert "TZNAME:CET" in lines[begin:end]


@pytest.mark.parametrize(
    ("zone", "rules"),
    [
        ("America/New_York", {"2SU;BYMONTH=3", "1SU;BYMONTH=11"}),
        ("Europe/Berlin", {"-1SU;BYMONTH=3", "-1SU;BYMONTH=10"}),
        ("Australia/Sydney", {"1SU;BYMONTH=4", "1SU;BYMONTH=10"}),
        ("Asia/Kolkata", set()),
    ],
)
def test_what_happens_each_year_is_a_rule_and_short(zone: str, rules: set[str]) -> None:
    text = text_of(zone, day(2026, 3), day(2026, 6))
    assert {line.partition("BYDAY=")[2] for line in text.splitlines() if line.startswith("RRULE")} == rules
    assert "RDATE" not in text
    assert len(text) < 600


def test_what_follows_no_yearly_pattern_is_listed() -> None:
    text = text_of("Africa/Casablanca", day(2026, 3), day(2026, 6))
    assert "RRULE" not in text
    assert "RDATE:20260215T030000,20270207T030000" in text


def test_a_rule_that_was_given_up_does_not_go_on() -> None:
    text = text_of("America/Sao_Paulo", day(2018, 6), day(2021, 6))
    assert "RRULE" not in text  # there is no daylight saving since 2019


def test_a_zone_without_changes_has_one_offset() -> None:
    assert text_of("Asia/Kolkata", day(2026), day(2027)).count("BEGIN:STANDARD") == 1
