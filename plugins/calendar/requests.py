# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the calendar, and what it answers. People are named by their e-mail addresses."""

from typing import Annotated

import msgspec
from msgspec import Meta

from podium.plugins.calendar.answers import InvitationStatus

SessionId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="A session, or a class of a series.")]
Address = Annotated[str, Meta(max_length=320)]


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""


class SendCalendarInvitation(_Request, frozen=True, kw_only=True):
    """Whose newest mail to send: one that waits is tried at once, one that was sent or has failed is sent again."""

    session_id: SessionId
    recipients: Annotated[
        tuple[Address, ...], Meta(max_length=2000, description="Addresses; empty for everybody.")
    ] = ()


class InvitationsDue(msgspec.Struct, frozen=True, kw_only=True):
    """To whom mail is on its way."""

    session_id: str
    recipients: tuple[str, ...]


class ListInvitations(_Request, frozen=True, kw_only=True):
    """How the invitations to a session stand, by address."""

    session_id: SessionId
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    after: Annotated[Address, Meta(description="`next_after` of the page before.")] = ""


class InvitationPage(msgspec.Struct, frozen=True, kw_only=True):
    """People in the order of their addresses; `next_after` is None on the last page."""

    invitations: tuple[InvitationStatus, ...]
    next_after: str | None


class GetInvitationStatus(_Request, frozen=True, kw_only=True):
    """How the invitation of one person stands."""

    session_id: SessionId
    recipient: Address


class ReceiveCalendarReply(_Request, frozen=True, kw_only=True):
    """A calendar object with METHOD REPLY, such as a mail service posts."""

    calendar: Annotated[str, Meta(max_length=128 * 1024, description="The text of the part `text/calendar`.")]


class TakenReply(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answer to which session was kept, and how their invitation stands now."""

    session_id: str
    invitation: InvitationStatus


class CalendarReplyTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The answers in the object."""

    replies: tuple[TakenReply, ...]


class CreateCalendarFeed(_Request, frozen=True, kw_only=True):
    """For whom: a service names somebody of the session, people in it get their own."""

    session_id: SessionId
    recipient: Annotated[Address | None, Meta(description="For services: whose feed.")] = None
    revoke_others: Annotated[bool, Meta(description="End the addresses that this person got before.")] = False


class CalendarFeed(msgspec.Struct, frozen=True, kw_only=True):
    """Secret addresses of all classes of one person. They can be subscribed to, and are not told again."""

    url: str
    webcal_url: str
    session_url: Annotated[str, Meta(description="A file of this one session.")]
