# SPDX-License-Identifier: Apache-2.0
"""A session as iCalendar components (RFC 5545): one VEVENT, further ones for the classes of a series that were moved.

Each invitation is for one person, who is its only ATTENDEE: the link in it is personal, and nobody is told the e-mail
addresses of the others. ORGANIZER is the address that the mail comes from, with the instructor's name: mail programs
trust an invitation only then, and that is where replies have to go.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vRecur, vText

from podium.core import Person, SessionView
from podium.plugins.calendar.names import lines, one_line
from podium.plugins.calendar.occurrences import Class, classes, local
from podium.plugins.calendar.texts import texts_for
from podium.plugins.calendar.timezones import vtimezone

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
PRODUCT = "-//Podium//Calendar//EN"
ROLES = {"instructor": "CHAIR", "observer": "OPT-PARTICIPANT"}
UTC_ZONES = ("UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/Zulu", "Zulu", "Etc/UCT", "UCT", "Etc/Universal", "Universal")


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in somebody's calendar. `link` is theirs; None in a cancellation."""

    session: SessionView
    person: Person
    sequence: int
    stamp: datetime
    organizer: str
    link: str | None = None
    alarm: int = 0
    """Minutes before the start, 0 for none."""


def uid_of(session_id: str) -> str:
    """The same for all that is ever sent about a session."""
    return f"{session_id}@podium"


def session_id_of(uid: str) -> str | None:
    """The session that a UID of ours is about."""
    session_id, at, _domain = uid.strip().rpartition("@podium")
    return session_id if at else None


def calendar_of(method: Method, *entries: Entry, name: str | None = None) -> Calendar:
    """A calendar object with all these sessions and the time zones that they need; `name` is what a feed is called."""
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    if name is not None:
        calendar.add("NAME", name)
        calendar.add("X-WR-CALNAME", name)
        calendar.add("REFRESH-INTERVAL", timedelta(minutes=30), parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", "PT30M")
    spans: dict[str, list[datetime]] = {}
    components = []
    for entry in entries:
        found = classes(entry.session)
        if entry.session.time_zone not in UTC_ZONES:
            spans.setdefault(entry.session.time_zone, []).extend(_instants(found))
        components += _components(entry, method, found)
    for zone, instants in spans.items():
        calendar.add_component(vtimezone(ZoneInfo(zone), min(instants), max(instants)))
    for component in components:
        calendar.add_component(component)
    return calendar


def _instants(found: tuple[Class, ...]) -> list[datetime]:
    return [at for each in found for at in (each.starts_at, each.ends_at, each.planned)]


def _components(entry: Entry, method: Method, found: tuple[Class, ...]) -> list[Event]:
    times = _Times(entry.session)
    master = _event(entry, method)
    times.put(master, entry.session.starts_at, entry.session.ends_at)
    if entry.session.recurrence is None:
        return [master]
    master.add("RRULE", vRecur.from_ical(_rule(entry.session, found, times)))
    if method == "CANCEL" or entry.session.cancelled:
        return [master]
    for each in found:
        if each.is_cancelled:
            master.add("EXDATE", [times.wall(each.planned_local)])
    shown = [each for each in found if not each.is_cancelled and _is_exception(each, times.zone)]
    return [master, *(_moved(entry, method, times, each) for each in shown)]


def _is_exception(each: Class, zone: ZoneInfo) -> bool:
    """Whether it has to be told by itself: moved, or of those that programs do not agree on near a clock change."""
    return each.is_moved or each.in_gap(zone) or each.spans_change(zone)


def _rule(session: SessionView, found: tuple[Class, ...], times: "_Times") -> str:
    """The session's rule; RFC 5545 section 3.3.10 says both that a time which does not exist counts and that it does
    not, so where there is one the rule ends by date, and the class is told like one that was moved."""
    assert session.recurrence is not None
    if not any(each.in_gap(times.zone) for each in found):
        return session.recurrence
    parts = [part for part in session.recurrence.split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    return ";".join([*parts, f"UNTIL={found[-1].planned:%Y%m%dT%H%M%SZ}"])


def _moved(entry: Entry, method: Method, times: "_Times", moved: Class) -> Event:
    event = _event(entry, method)
    event.add("RECURRENCE-ID", times.wall(moved.planned_local))
    times.put(event, moved.starts_at, moved.ends_at)
    return event


def _event(entry: Entry, method: Method) -> Event:
    """All but the times."""
    session, texts = entry.session, texts_for(entry.person.language)
    is_off = method == "CANCEL" or session.cancelled
    event = Event()
    event.add("UID", uid_of(session.session_id))
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.stamp)
    event.add("LAST-MODIFIED", session.updated_at)
    event.add("SUMMARY", one_line(session.title))
    event.add("ORGANIZER", _address(entry.organizer, session.instructor.name))
    if method != "PUBLISH":  # RFC 5546 section 3.2.1: nobody is asked to attend
        event.add("ATTENDEE", _attendee(entry, method))
    event.add("STATUS", "CANCELLED" if is_off else "CONFIRMED")
    event.add("TRANSP", "OPAQUE")
    description = lines(session.description)
    if entry.link is not None and not is_off:
        event.add("LOCATION", entry.link)
        event.add("URL", entry.link)
        description = f"{description}\n\n{texts.join}: {entry.link}".strip()
    if description:
        event.add("DESCRIPTION", description)
    if entry.alarm and not is_off:
        event.add_component(_alarm(entry))
    return event


def _address(email: str, name: str) -> vCalAddress:
    """Without what programs read in different ways in a parameter: quotes, and backslashes, which some unescape."""
    address = vCalAddress(f"mailto:{email}")
    if shown := one_line(name).replace('"', "'").replace("\\", "/"):
        address.params["CN"] = vText(shown)
    return address


def _attendee(entry: Entry, method: Method) -> vCalAddress:
    person = entry.person
    is_instructor = person.participant_id == entry.session.instructor.participant_id
    attendee = _address(person.email, person.name)
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText(ROLES.get("instructor" if is_instructor else person.role, "REQ-PARTICIPANT"))
    if method == "REQUEST":
        attendee.params["PARTSTAT"] = vText("ACCEPTED" if is_instructor else "NEEDS-ACTION")
        attendee.params["RSVP"] = vText("FALSE" if is_instructor else "TRUE")
    return attendee


def _alarm(entry: Entry) -> Alarm:
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", timedelta(minutes=-entry.alarm))
    alarm.add("DESCRIPTION", one_line(entry.session.title))
    return alarm


class _Times:
    """Instants as the calendar shows them: in the session's zone, so that 09:00 stays 09:00."""

    def __init__(self, session: SessionView) -> None:
        self.zone = ZoneInfo("UTC" if session.time_zone in UTC_ZONES else session.time_zone)

    def put(self, event: Event, starts_at: datetime, ends_at: datetime) -> None:
        """The second of two equal times of day can be told in UTC only, and then both are."""
        shown = [self.wall(local(moment, self.zone)) for moment in (starts_at, ends_at)]
        if [moment.astimezone(UTC) for moment in shown] != [starts_at, ends_at]:
            shown = [starts_at.astimezone(UTC), ends_at.astimezone(UTC)]
        event.add("DTSTART", shown[0])
        event.add("DTEND", shown[1])

    def wall(self, time: datetime) -> datetime:
        return time.replace(tzinfo=self.zone)
