# SPDX-License-Identifier: Apache-2.0
"""An invitation as mail (iMIP, RFC 6047), in the layout that Outlook, Gmail and Apple Mail accept:

    mixed[ alternative[ plain, html, text/calendar; method=REQUEST ], attachment invite.ics ]

The same invitation is the same message to the byte, Message-ID, Date and boundaries included. So when nobody knows
whether a message was accepted before the host was killed, sending it again is sending a duplicate that servers and
mail programs know for one.
"""

import hashlib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime

from podium.core import PodiumError
from podium.plugins.calendar.body import Body, Occasion, body_of
from podium.plugins.calendar.checking import check
from podium.plugins.calendar.events import Entry, Method, calendar_of
from podium.plugins.calendar.names import is_address, one_line, with_ascii_domain

FILE = "invite.ics"


class MailError(PodiumError):
    """No mail can be made of this; trying again will not help."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person; `sending` counts how often it was asked for, so that asking again makes another mail."""

    entry: Entry
    method: Method
    occasion: Occasion
    sender: str
    sender_name: str
    sending: int = 1

    @property
    def message_id(self) -> str:
        """The same whenever this letter is made."""
        return f"<{_digest(self, 'id')}@{encoded(self.sender).rpartition('@')[2]}>"


def encoded(address: str) -> str:
    """An address whose domain is ASCII, as mail servers want it. Raises MailError."""
    plain = with_ascii_domain(address)
    if not is_address(plain) or not plain.rpartition("@")[2].isascii():
        raise MailError("address_invalid", f"{one_line(address)[:80]!r} is no e-mail address")
    return plain


def ics_of(letter: Letter) -> bytes:
    """The calendar object, checked. Raises CalendarError."""
    data: bytes = calendar_of(letter.method, letter.entry).to_ical()
    check(data, letter.method)
    return data


def message_of(letter: Letter) -> EmailMessage:
    """The whole mail. Raises MailError or CalendarError."""
    message = EmailMessage(policy=_policy(letter))
    body, data = body_of(letter.entry, letter.occasion), ics_of(letter)
    _head(message, letter, body)
    # Everything is ASCII on the way: not every server takes 8 bits.
    message.set_content(body.plain, charset="utf-8", cte="quoted-printable")
    message.add_alternative(body.html, subtype="html", charset="utf-8", cte="quoted-printable")
    message.add_alternative(
        data.decode(), subtype="calendar", charset="utf-8", cte="base64", params={"method": letter.method}
    )
    # Exchange reads the alternative, Apple Mail and older programs open the attachment.
    message.add_attachment(
        data, maintype="application", subtype="ics", filename=FILE, params={"method": letter.method, "name": FILE}
    )
    _fix_boundaries(message, letter)
    return message


def _policy(letter: Letter) -> "EmailPolicy[EmailMessage]":
    """A name before the `@` that is not ASCII needs headers in UTF-8 (RFC 6532)."""
    return SMTP if encoded(letter.entry.person.email).isascii() else SMTPUTF8


def _head(message: EmailMessage, letter: Letter, body: Body) -> None:
    entry = letter.entry
    instructor = entry.session.instructor
    shown = " - ".join(filter(None, (one_line(instructor.name), one_line(letter.sender_name))))
    message["From"] = _address(shown, encoded(letter.sender))
    message["To"] = _address(one_line(entry.person.name), encoded(entry.person.email))
    if is_address(instructor.email) and instructor.email.isascii():
        message["Reply-To"] = _address(one_line(instructor.name), instructor.email)
    message["Subject"] = body.subject
    message["Date"] = format_datetime(entry.stamp)
    message["Message-ID"] = letter.message_id
    # No vacation notes in answer (RFC 3834). Invitations are no mailing list, so there are no List-* fields.
    message["Auto-Submitted"] = "auto-generated"


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)


def _fix_boundaries(message: EmailMessage, letter: Letter) -> None:
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_podium_{_digest(letter, str(number))}")


def _digest(letter: Letter, what: str) -> str:
    entry = letter.entry
    names = (entry.session.session_id, entry.person.email.casefold(), str(entry.sequence), letter.method)
    return hashlib.sha256("\0".join((what, *names, str(letter.sending))).encode()).hexdigest()[:40]
