# SPDX-License-Identifier: Apache-2.0
"""What people answer: a calendar object with METHOD REPLY (RFC 5546 section 3.2.3), by itself or in a mail.

It comes from anybody who knows the address, so it is bounded, read leniently, and anything else than a reply is refused
with ReplyError and nothing but that. A reply says what its sender claims; it is shown, and lets nobody in.
"""

import email
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from email.message import Message
from typing import Any

import msgspec
from icalendar import Calendar, Component

from podium.core import PodiumError
from podium.plugins.calendar.events import session_id_of
from podium.plugins.calendar.names import is_address, normal

LARGEST_CALENDAR = 128 * 1024
LARGEST_MAIL = 1024 * 1024
MOST_COMPONENTS = 100
MOST_PARTS = 50
STATUSES = ("ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION", "DELEGATED")
LARGEST_SEQUENCE = 2**31 - 1

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ReplyError(PodiumError):
    """This is no reply to an invitation of ours."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; `recurrence_id` is a class of a series (`20261123T080000Z`), empty for the whole session."""

    session_id: str
    recipient: str
    status: str
    sequence: int
    stamp: datetime
    recurrence_id: str = ""


def replies_untrusted(data: bytes) -> tuple[Reply, ...]:
    """The answers in a calendar object. Raises ReplyError."""
    if len(data) > LARGEST_CALENDAR:
        raise _no(f"a reply has at most {LARGEST_CALENDAR} bytes")
    try:
        calendar = Calendar.from_ical(data)
        if not isinstance(calendar, Calendar):
            raise _no("it has to be one VCALENDAR")
        return tuple(_answers(calendar))
    except ReplyError:
        raise
    except Exception as error:  # whatever a parser of foreign text stumbles over
        raise _no("it cannot be read as a calendar object") from error


def replies_in_mail_untrusted(data: bytes) -> tuple[Reply, ...]:
    """The answers in a mail. Raises ReplyError."""
    if len(data) > LARGEST_MAIL:
        raise _no(f"a mail with a reply has at most {LARGEST_MAIL} bytes")
    try:
        parts = list(_calendar_parts(email.message_from_bytes(data)))
    except Exception as error:  # likewise
        raise _no("it cannot be read as a mail") from error
    if not parts:
        raise _no("the mail has no part text/calendar")
    return replies_untrusted(parts[0])


def _calendar_parts(message: Message) -> Iterator[bytes]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        if part.get_content_type() in ("text/calendar", "application/ics") and not part.is_multipart():
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield content


def _answers(calendar: Calendar) -> Iterator[Reply]:
    method = str(calendar.get("METHOD", "")).upper()
    if method != "REPLY":
        raise _no(f"its METHOD is {method[:32] or 'missing'}, not REPLY")
    events = [component for component in calendar.subcomponents[:MOST_COMPONENTS] if component.name == "VEVENT"]
    if not events:
        raise _no("it has no VEVENT")
    for event in events:
        yield _answer(event)


def _answer(event: Component) -> Reply:
    session_id = session_id_of(str(event.get("UID", "")))
    if session_id is None or not _SESSION_ID.fullmatch(session_id):
        raise _no("its UID is not of an invitation from here")
    attendees = event.get("ATTENDEE", [])
    attendee = (attendees if isinstance(attendees, list) else [attendees])[:1]
    if not attendee:
        raise _no("it has no ATTENDEE")
    address = str(attendee[0])
    status = str(attendee[0].params.get("PARTSTAT", "")).upper()
    if address[:7].lower() != "mailto:" or not is_address(address[7:].strip()) or status not in STATUSES:
        raise _no("ATTENDEE has to be a mailto address with a PARTSTAT")
    return Reply(
        session_id=session_id,
        recipient=normal(address[7:]),
        status=status,
        sequence=min(max(int(event.get("SEQUENCE", 0)), 0), LARGEST_SEQUENCE),
        stamp=_moment(event.get("DTSTAMP")) or datetime(1970, 1, 1, tzinfo=UTC),
        recurrence_id=_recurrence(event),
    )


def _recurrence(event: Component) -> str:
    if "RECURRENCE-ID" not in event:
        return ""
    moment = _moment(event["RECURRENCE-ID"])
    if moment is None:
        raise _no("its RECURRENCE-ID is no time")
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _moment(value: Any) -> datetime | None:
    """The instant of a property; a time without a zone counts as UTC."""
    found = getattr(value, "dt", None)
    if isinstance(found, datetime):
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.combine(found, time(), UTC) if isinstance(found, date) else None


def _no(why: str) -> ReplyError:
    return ReplyError("reply_invalid", f"this is no reply to an invitation: {why}", "calendar")
