# SPDX-License-Identifier: Apache-2.0
"""Calendar objects: they pass the strict check, parse back to what the session says, and expand to its classes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from podium.core import Person, SessionView
from podium.plugins.calendar.checking import CalendarError, check, problems_of
from podium.plugins.calendar.events import Method, calendar_of, session_id_of, uid_of
from podium.plugins.calendar.occurrences import classes
from tests.builtin.calendar.samples import ADA, BEN, LINK, SENDER, edited, entry_of, moved, session_at

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata")
FOREVER = (datetime(2000, 1, 1), datetime(2100, 1, 1))


def ics(session: SessionView, person: Person = BEN, method: Method = "REQUEST", **fields: Any) -> bytes:
    data: bytes = calendar_of(method, entry_of(session, person, **fields)).to_ical()
    check(data, method)
    return data


def read(data: bytes) -> Any:
    """The calendar object. Its properties are of many types, and each test knows which."""
    return Calendar.from_ical(data)


def instants(data: bytes) -> list[tuple[datetime, datetime]]:
    """When the classes take place, as an independent library expands them."""
    found = recurring_ical_events.of(read(data)).between(*FOREVER)
    return sorted((event.start.astimezone(UTC), event.end.astimezone(UTC)) for event in found)


def expected(session: SessionView) -> list[tuple[datetime, datetime]]:
    return sorted((each.starts_at, each.ends_at) for each in classes(session) if not each.is_cancelled)


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]  # a date and a time


def test_an_invitation_says_what_the_session_says() -> None:
    (event,) = read(ics(session_at("2026-11-23T09:00"))).events
    assert event["UID"] == uid_of("algebra") == "algebra@podium"
    assert event["SEQUENCE"] == 0
    assert event["SUMMARY"] == "Algebra"
    assert event["DTSTART"].to_ical() == b"20261123T090000"
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTEND"].to_ical() == b"20261123T100000"
    assert event["DTSTAMP"].dt == utc(2026, 1, 2, 3, 4, 5)
    assert event["STATUS"] == "CONFIRMED"
    assert str(event["LOCATION"]) == str(event["URL"]) == LINK
    assert event["DESCRIPTION"] == f"Bring paper.\n\nJoin: {LINK}"
    assert event["ORGANIZER"] == f"mailto:{SENDER}"
    assert event["ORGANIZER"].params["CN"] == "Ada Lovelace"


def test_only_the_recipient_is_an_attendee_and_is_asked_to_answer() -> None:
    (event,) = read(ics(session_at("2026-11-23T09:00"))).events
    attendee = event["ATTENDEE"]
    assert attendee == "mailto:ben@example.org"
    assert dict(attendee.params) == {
        "CN": "Ben",
        "CUTYPE": "INDIVIDUAL",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
    }
    assert b"zoe" not in ics(session_at("2026-11-23T09:00")).lower()


def test_who_teaches_comes_in_any_case() -> None:
    (event,) = read(ics(session_at("2026-11-23T09:00"), ADA)).events
    params = event["ATTENDEE"].params
    assert (params["ROLE"], params["PARTSTAT"], params["RSVP"]) == ("CHAIR", "ACCEPTED", "FALSE")


def test_a_change_has_a_higher_sequence_and_the_same_uid() -> None:
    before = session_at("2026-11-23T09:00")
    first, second = (read(ics(each)).events[0] for each in (before, edited(before, title="Algebra II")))
    assert second["UID"] == first["UID"]
    assert second["SEQUENCE"] > first["SEQUENCE"]


def test_a_cancellation_takes_it_out_of_the_calendar() -> None:
    calendar = read(ics(session_at("2026-11-23T09:00", recurrence="FREQ=WEEKLY;COUNT=3"), method="CANCEL", link=None))
    (event,) = calendar.events
    assert (calendar["METHOD"], event["STATUS"], event["UID"]) == ("CANCEL", "CANCELLED", "algebra@podium")
    assert "LOCATION" not in event
    assert not event.alarms.times


def test_calendars_remind_ten_minutes_before() -> None:
    (event,) = read(ics(session_at("2026-11-23T09:00"))).events
    (alarm,) = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(minutes=-10))
    (event,) = read(ics(session_at("2026-11-23T09:00"), alarm=0)).events
    assert not event.walk("VALARM")


def test_a_session_in_utc_needs_no_zone() -> None:
    data = ics(session_at("2026-11-23T09:00", "UTC"))
    assert b"DTSTART:20261123T090000Z" in data
    assert b"VTIMEZONE" not in data


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;COUNT=60;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2;COUNT=80;BYDAY=MO,TH"])
@pytest.mark.parametrize("time", ["09:00", "00:15", "23:30"])
def test_a_series_expands_to_its_classes_across_changes_of_the_clocks(zone: str, rule: str, time: str) -> None:
    session = session_at(f"2026-09-07T{time}", zone, recurrence=rule)
    assert instants(ics(session)) == expected(session)
    local = {each.starts_at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for each in classes(session)}
    assert local == {time}


@pytest.mark.parametrize("zone", ZONES)
def test_until_is_an_instant(zone: str) -> None:
    start = session_at("2026-09-07T09:00", zone)
    until = start.starts_at + timedelta(weeks=30, hours=2)
    session = session_at("2026-09-07T09:00", zone, recurrence=f"FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%SZ};BYDAY=MO")
    assert len(classes(session)) == 31
    assert instants(ics(session)) == expected(session)


@pytest.mark.parametrize(
    ("zone", "first", "weekday"),
    [
        ("America/New_York", "2026-02-22T02:30", "SU"),
        ("Europe/Berlin", "2026-03-15T02:30", "SU"),
        ("Australia/Sydney", "2026-09-20T02:30", "SU"),
        ("America/New_York", "2026-10-18T01:30", "SU"),
        ("Europe/Berlin", "2026-10-11T02:30", "SU"),
        ("Australia/Sydney", "2026-03-22T02:30", "SU"),
    ],
)
def test_a_time_of_day_that_a_change_skips_or_repeats_is_one_class(zone: str, first: str, weekday: str) -> None:
    session = session_at(first, zone, recurrence=f"FREQ=WEEKLY;COUNT=6;BYDAY={weekday}")
    assert len(expected(session)) == 6
    assert instants(ics(session)) == expected(session)


def test_the_second_of_two_equal_times_of_day_is_told_in_utc() -> None:
    session = session_at("2026-10-25T02:30", starts_at=utc(2026, 10, 25, 1, 30))
    assert instants(ics(session)) == [(utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 2, 30))]


@pytest.mark.parametrize("zone", ZONES)
def test_classes_that_were_moved_or_cancelled_are_exceptions(zone: str) -> None:
    plain = session_at("2026-09-07T09:00", zone, recurrence="FREQ=WEEKLY;COUNT=40;BYDAY=MO")
    planned = [each.planned for each in classes(plain)]
    exceptions = (
        moved(planned[2], planned[2] + timedelta(hours=3)),
        moved(planned[9], planned[9], state="cancelled"),
        moved(planned[30], planned[30] + timedelta(days=2, minutes=30), planned[30] + timedelta(days=2, hours=3)),
        moved(planned[39], planned[39], state="cancelled"),
    )
    session = edited(plain, exceptions=exceptions)
    data = ics(session)
    assert instants(data) == expected(session)
    assert len(expected(session)) == 38
    events = read(data).events
    assert sum("RECURRENCE-ID" in event for event in events) == 2
    assert {str(event["UID"]) for event in events} == {"algebra@podium"}
    assert {event["SEQUENCE"] for event in events} == {1}


def test_a_cancelled_class_is_no_class_in_a_gap_of_the_clock_either() -> None:
    plain = session_at("2026-03-22T02:30", recurrence="FREQ=WEEKLY;COUNT=3;BYDAY=SU")
    gap = classes(plain)[1].planned
    session = edited(plain, exceptions=(moved(gap, gap, state="cancelled"),))
    assert instants(ics(session)) == expected(session)
    assert len(expected(session)) == 2


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=15)
@given(hours=st.integers(0, 24 * 700), data=st.data())
def test_any_series_expands_to_its_classes(zone: str, hours: int, data: st.DataObject) -> None:
    start = (datetime(2026, 1, 1) + timedelta(hours=hours, minutes=data.draw(st.sampled_from([0, 15, 30])))).isoformat()
    days = data.draw(st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])))
    days.add(datetime.fromisoformat(start).strftime("%a").upper()[:2])
    rule = f"FREQ=WEEKLY;COUNT={data.draw(st.integers(1, 30))};BYDAY={','.join(sorted(days))}"
    session = session_at(start, zone, recurrence=rule)
    if classes(session)[0].in_gap(ZoneInfo(zone)):
        return
    assert instants(ics(session)) == expected(session)


@given(title=st.text(), description=st.text(max_size=300), name=st.text())
def test_any_text_gives_a_valid_object_in_which_it_stays_text(title: str, description: str, name: str) -> None:
    session = session_at("2026-11-23T09:00", title=title, description=description)
    data: bytes = calendar_of(
        "REQUEST", entry_of(session, Person(name=name, email=BEN.email, participant_id="b"))
    ).to_ical()
    assert not list(problems_of(data, "REQUEST"))
    (event,) = read(data).events
    assert event["ATTENDEE"] == "mailto:ben@example.org"


def test_a_feed_has_many_sessions_a_name_and_nobody_else() -> None:
    entries = [
        entry_of(session_at("2026-11-23T09:00")),
        entry_of(session_at("2026-11-24T09:00", "Asia/Kolkata", session_id="logic")),
        entry_of(session_at("2026-11-25T09:00", session_id="poetry")),
    ]
    data: bytes = calendar_of("PUBLISH", *entries, name="Podium").to_ical()
    check(data, "PUBLISH")
    calendar = read(data)
    assert (calendar["METHOD"], calendar["X-WR-CALNAME"]) == ("PUBLISH", "Podium")
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin", "Asia/Kolkata"]
    assert [session_id_of(str(event["UID"])) for event in calendar.events] == ["algebra", "logic", "poetry"]
    assert b"ATTENDEE" not in data


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (b"\r\n", b"\n", "CR LF"),
        (b"METHOD:REQUEST", b"METHOD:REPLY", "METHOD REQUEST"),
        (b"UID:algebra@podium\r\n", b"", "one UID"),
        (b"TZID:Europe/Berlin\r\n", b"TZID:Europe/Vienna\r\n", "no VTIMEZONE Europe/Berlin"),
        (b"DTEND;TZID=Europe/Berlin:20261123T100000", b"DTEND;TZID=Europe/Berlin:20261123T080000", "DTEND is after"),
        (b"mailto:classes@example.org", b"https://example.org", "mailto"),
        (b"SUMMARY:Algebra", b"SUMMARY:" + b"A" * 80, "75 octets"),
        (b"SUMMARY:Algebra", b"SUMMARY:\x00", "control character"),
        (b"SUMMARY:Algebra", b"SUMMARY:\xff", "UTF-8"),
        (b"DTSTART;TZID=Europe/Berlin:20261123T090000", b"DTSTART;TZID=Europe/Berlin:noon", "DTSTART"),
        (b"END:VCALENDAR\r\n", b"", "cannot be read"),
    ],
)
def test_the_check_finds_what_a_strict_program_would(before: bytes, after: bytes, problem: str) -> None:
    data = ics(session_at("2026-11-23T09:00"))
    assert before in data
    with pytest.raises(CalendarError, match=problem):
        check(data.replace(before, after), "REQUEST")
