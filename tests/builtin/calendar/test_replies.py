# SPDX-License-Identifier: Apache-2.0
"""Reading replies: as mail programs write them, and nothing but ReplyError for anything else."""

import random
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.calendar.replies import (
    LARGEST_CALENDAR,
    LARGEST_MAIL,
    ReplyError,
    replies_in_mail_untrusted,
    replies_untrusted,
)

GOOGLE = b"""BEGIN:VCALENDAR\r
PRODID:-//Google Inc//Google Calendar 70.9054//EN\r
VERSION:2.0\r
CALSCALE:GREGORIAN\r
METHOD:REPLY\r
BEGIN:VEVENT\r
DTSTART:20261123T080000Z\r
DTEND:20261123T090000Z\r
DTSTAMP:20261120T101112Z\r
ORGANIZER;CN=Ada Lovelace:mailto:classes@example.org\r
UID:algebra@podium\r
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Ben;X-\r
 NUM-GUESTS=0:mailto:Ben@Example.org\r
SEQUENCE:2\r
STATUS:CONFIRMED\r
SUMMARY:Algebra\r
END:VEVENT\r
END:VCALENDAR\r
"""


def mail_with(calendar: bytes, subtype: str = "calendar") -> bytes:
    message = EmailMessage()
    message["From"] = "ben@example.org"
    message["Subject"] = "Accepted: Algebra"
    message.set_content("Ben has accepted.")
    message.add_alternative(calendar.decode(), subtype=subtype, params={"method": "REPLY"})
    return message.as_bytes()


def test_an_answer_to_the_whole_session() -> None:
    (reply,) = replies_untrusted(GOOGLE)
    assert (reply.session_id, reply.recipient, reply.status) == ("algebra", "ben@example.org", "ACCEPTED")
    assert (reply.sequence, reply.recurrence_id) == (2, "")
    assert reply.stamp == datetime(2026, 11, 20, 10, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize("recurrence", [b";TZID=Europe/Berlin:20261130T090000", b":20261130T080000Z"])
def test_an_answer_for_one_class_of_a_series(recurrence: bytes) -> None:
    data = GOOGLE.replace(b"SEQUENCE", b"RECURRENCE-ID" + recurrence + b"\r\nSEQUENCE")
    assert replies_untrusted(data)[0].recurrence_id == "20261130T080000Z"


def test_an_answer_in_a_mail() -> None:
    assert replies_in_mail_untrusted(mail_with(GOOGLE)) == replies_untrusted(GOOGLE)
    outlook = mail_with(GOOGLE).replace(b"text/calendar", b"application/ics")
    assert replies_in_mail_untrusted(outlook) == replies_untrusted(GOOGLE)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (b"METHOD:REPLY", b"METHOD:REQUEST", "METHOD is REQUEST"),
        (b"METHOD:REPLY\r\n", b"", "METHOD is missing"),
        (b"algebra@podium", b"algebra@elsewhere", "not of an invitation from here"),
        (b"algebra@podium", b"al/../gebra@podium", "not of an invitation from here"),
        (b"algebra@podium", b"@podium", "not of an invitation from here"),
        (b"PARTSTAT=ACCEPTED", b"PARTSTAT=MAYBE", "PARTSTAT"),
        (b"mailto:Ben@Example.org", b"https://example.org", "mailto"),
        (b"mailto:Ben@Example.org", b"mailto:ben@example.org,eve@example.org", "mailto"),
        (b"ATTENDEE", b"X-ATTENDEE", "no ATTENDEE"),
        (b"VEVENT", b"VTODO", "no VEVENT"),
        (b"SEQUENCE:2", b"SEQUENCE:two", "cannot be read"),
        (b"SEQUENCE", b"RECURRENCE-ID:soon\r\nSEQUENCE", "cannot be read"),
        (b"BEGIN:VCALENDAR\r\n", b"", "cannot be read"),
    ],
)
def test_anything_else_is_no_reply(before: bytes, after: bytes, problem: str) -> None:
    assert before in GOOGLE
    with pytest.raises(ReplyError, match=problem):
        replies_untrusted(GOOGLE.replace(before, after))


def test_what_is_too_large_is_not_even_read() -> None:
    with pytest.raises(ReplyError, match="at most"):
        replies_untrusted(GOOGLE + b" " * LARGEST_CALENDAR)
    with pytest.raises(ReplyError, match="at most"):
        replies_in_mail_untrusted(b"a" * (LARGEST_MAIL + 1))


def test_a_mail_without_a_calendar_is_no_reply() -> None:
    with pytest.raises(ReplyError, match="text/calendar"):
        replies_in_mail_untrusted(b"Subject: Lunch?\r\n\r\nAt noon.\r\n")


def test_parts_within_parts_do_no_harm() -> None:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3000))
    with pytest.raises(ReplyError):
        replies_in_mail_untrusted(head)


@given(data=st.binary(max_size=500))
def test_any_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for read in (replies_untrusted, replies_in_mail_untrusted):
        with pytest.raises(ReplyError):
            read(data)


@given(seed=st.integers(), in_mail=st.booleans())
def test_a_damaged_reply_is_a_reply_or_refused(seed: int, in_mail: bool) -> None:
    dice = random.Random(seed)
    data = bytearray(mail_with(GOOGLE) if in_mail else GOOGLE)
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(len(data))
        data[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
    try:
        found = (replies_in_mail_untrusted if in_mail else replies_untrusted)(bytes(data))
    except ReplyError:
        return
    for reply in found:
        assert reply.session_id.isascii()
        assert reply.recipient.isprintable()
        assert 0 <= reply.sequence < 2**31
        assert reply.stamp.utcoffset() is not None
