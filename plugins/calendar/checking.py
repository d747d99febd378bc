# SPDX-License-Identifier: Apache-2.0
"""Whether an iCalendar object is what mail programs accept: asked of each one before it is sent.

icalendar writes whatever it is given and reads leniently. This reads what was written and holds it against RFC 5545,
5546 and 6047 as far as they apply to sessions; a program that is strict then finds nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

from icalendar import Calendar

from podium.core import PodiumError

LINE = 75
"""Octets in a line without its end (RFC 5545 section 3.1)."""
ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "ORGANIZER", "STATUS", "SUMMARY")
_TZID = re.compile(r";TZID=\"?([^:;\"]+)\"?[;:]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class CalendarError(PodiumError):
    """What was made is no valid calendar object; `message` names all that is wrong."""


def check(data: bytes, method: str) -> None:
    """Raises CalendarError."""
    problems = list(problems_of(data, method))
    if problems:
        raise CalendarError("calendar_invalid", f"the calendar object is not valid: {'; '.join(problems)}")


def problems_of(data: bytes, method: str) -> Iterator[str]:
    """A line for each fault."""
    yield from _of_text(data)
    try:
        calendar = Calendar.from_ical(data)
    except ValueError as error:
        yield f"it cannot be read: {error}"
        return
    assert isinstance(calendar, Calendar)
    broken = [
        f"{component.name} {name}: {problem}" for component in calendar.walk() for name, problem in component.errors
    ]
    if broken:
        yield from broken
        return
    if (calendar.get("VERSION"), calendar.get("METHOD")) != ("2.0", method) or "PRODID" not in calendar:
        yield f"it needs VERSION 2.0, PRODID and METHOD {method}"
    events = calendar.events
    if not events and method != "PUBLISH":
        yield "there is no VEVENT"
    if method != "PUBLISH" and len({str(event.get("UID")) for event in events}) > 1:
        yield "one message is about one UID (RFC 6047 section 2.1)"
    for event in events:
        yield from _of_event(event, method)
    yield from _of_zones(data, calendar)


def _of_text(data: bytes) -> Iterator[str]:
    if not data.endswith(b"\r\n") or b"\n" in data.replace(b"\r\n", b""):
        yield "lines end with CR LF"
    if any(len(line) > LINE for line in data.split(b"\r\n")):
        yield f"a line is longer than {LINE} octets"
    try:
        if _CONTROL.search(data.decode()):
            yield "there is a control character"
    except UnicodeDecodeError:
        yield "it is not UTF-8"


def _of_event(event: Any, method: str) -> Iterator[str]:
    for name in ONCE:
        if name not in event or isinstance(event[name], list):
            yield f"VEVENT has one {name}"
            return
    if not str(event["ORGANIZER"]).startswith("mailto:"):
        yield "ORGANIZER is a mailto address"
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    wanted = 0 if method == "PUBLISH" else 1
    if not all(str(each).startswith("mailto:") for each in attendees) or len(attendees) != wanted:
        yield f"there are {wanted} ATTENDEE, each a mailto address"
    if event["DTEND"].dt <= event["DTSTART"].dt:
        yield "DTEND is after DTSTART"
    if event["DTSTAMP"].dt.utcoffset() is None or event["DTSTAMP"].params.get("TZID") is not None:
        yield "DTSTAMP is in UTC"
    if "RECURRENCE-ID" in event and "RRULE" in event:
        yield "a class that was moved has no RRULE"
    if event["STATUS"] == "CONFIRMED" and method == "CANCEL":
        yield "what is cancelled has STATUS CANCELLED"


def _of_zones(data: bytes, calendar: Calendar) -> Iterator[str]:
    unfolded = data.replace(b"\r\n ", b"").decode("utf-8", "replace")
    used = {match[1] for match in _TZID.finditer(unfolded)}
    defined = {str(zone.get("TZID")) for zone in calendar.walk("VTIMEZONE")}
    for missing in sorted(used - defined):
        yield f"there is no VTIMEZONE {missing}"
