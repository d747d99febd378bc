# SPDX-License-Identifier: Apache-2.0
"""What can be asked of scheduling, and what it answers.

`session_id` names a session; where it says "or a class", the id of one class of a series does as well. Times in answers
are UTC; a start is given as date and time in the session's own time zone.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podium.core import IceServer, PersonRole, SessionState, SessionView

SessionId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="A session.")]
SessionOrClass = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="A session, or a class of a series.")]
ParticipantId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
Start = Annotated[
    str, Meta(max_length=32, description="Date and time in `time_zone`, without an offset: `2027-01-11T09:00`.")
]
Instant = Annotated[datetime, Meta(tz=True)]
TimeZone = Annotated[str, Meta(max_length=64, description="IANA name, such as `Europe/Berlin`.")]
Minutes = Annotated[int, Meta(ge=-1_000_000, le=1_000_000, description="Minutes, from 5 to 720.")]
Capacity = Annotated[int, Meta(ge=1, le=100_000, description="People in a class at most; instructors come on top.")]
Recurrence = Annotated[
    str,
    Meta(max_length=200, description="Weekly rule (RFC 5545): `FREQ=WEEKLY;BYDAY=MO,TH;COUNT=20`, UNTIL for COUNT."),
]
Title = Annotated[str, Meta(max_length=400)]
STORABLE = r"^[^\x00\ud800-\udfff]*$"
"""Text that PostgreSQL can keep or compare."""
Description = Annotated[str, Meta(max_length=20_000, pattern=STORABLE)]
Email = Annotated[str, Meta(max_length=254, pattern=STORABLE)]
Version = Annotated[int, Meta(ge=1, description="The version that was read; another one is a conflict.")]
Invitation = Annotated[
    str, Meta(max_length=128, description="The secret in a personal link. Not needed with a join token.")
]


class Invitee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who teaches or is invited."""

    name: Annotated[str, Meta(max_length=200)]
    email: Annotated[str, Meta(max_length=400)]
    role: PersonRole = "student"
    participant_id: Annotated[
        ParticipantId | None, Meta(description="Who they are in rooms; that of the same address before, or made up.")
    ] = None
    language: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] | None,
        Meta(description="Their language (BCP 47)."),
    ] = None
    time_zone: Annotated[TimeZone | None, Meta(description="Where they read times.")] = None


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""


class ScheduleSession(_Request, frozen=True, kw_only=True):
    """A new session."""

    title: Title
    instructor: Invitee
    start: Start
    time_zone: TimeZone
    duration: Minutes
    session_id: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,48}$")] | None,
        Meta(description="An id of your own, so that asking twice makes one session; made up when absent."),
    ] = None
    description: Description = ""
    participants: Annotated[tuple[Invitee, ...], Meta(max_length=2000)] = ()
    capacity: Capacity | None = None
    recurrence: Recurrence | None = None
    recording: bool = True
    force: Annotated[bool, Meta(description="Even if the instructor has another class at the time.")] = False


class GetSession(_Request, frozen=True, kw_only=True):
    """One session."""

    session_id: SessionOrClass


class UpdateSession(_Request, frozen=True, kw_only=True):
    """What should change; what is absent stays. Of one class of a series, `start` and `duration` can."""

    session_id: SessionOrClass
    version: Version
    title: Title | None = None
    description: Description | None = None
    instructor: Invitee | None = None
    participants: Annotated[
        Annotated[tuple[Invitee, ...], Meta(max_length=2000)] | None,
        Meta(description="All that are invited from now on; the links of others end."),
    ] = None
    start: Start | None = None
    time_zone: TimeZone | None = None
    duration: Minutes | None = None
    capacity: Capacity | None = None
    recurrence: Annotated[Recurrence | None, Meta(description="A new rule; an empty one leaves one class.")] = None
    recording: bool | None = None
    force: bool = False


class CancelSession(_Request, frozen=True, kw_only=True):
    """What to cancel: a session with all that lies ahead of it, or one class."""

    session_id: SessionOrClass
    version: Annotated[Version | None, Meta(description="The version that was read, if that matters.")] = None


class EndSession(_Request, frozen=True, kw_only=True):
    """Which class to end now; of a series, the one that is on."""

    session_id: SessionOrClass


class ListSessions(_Request, frozen=True, kw_only=True):
    """Which classes, in the order of their starts. A series is listed once for each class."""

    starts_from: Annotated[Annotated[datetime, Meta(tz=True)] | None, Meta(description="That start then or later.")] = (
        None
    )
    starts_before: Annotated[Annotated[datetime, Meta(tz=True)] | None, Meta(description="That start earlier.")] = None
    instructor: Annotated[Email | None, Meta(description="That this address teaches.")] = None
    participant: Annotated[Email | None, Meta(description="To which this address is invited.")] = None
    state: SessionState | None = None
    session_id: Annotated[SessionId | None, Meta(description="All classes of one session.")] = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[
        Annotated[str, Meta(max_length=200)] | None, Meta(description="`next_cursor` of the page before.")
    ] = None


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions, each with the class that is listed as its `occurrence`; `next_cursor` is None on the last page."""

    sessions: tuple[SessionView, ...]
    next_cursor: str | None


class ListSessionChanges(_Request, frozen=True, kw_only=True):
    """What has changed after a change number, 0 for everything."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class SessionChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions as they are now, in the order of their last changes.

    Ask again with `last`: nothing will ever appear with this number or a lower one. `more`: it is worth it right now.
    """

    sessions: tuple[SessionView, ...]
    last: int
    more: bool


class GetInvitation(_Request, frozen=True, kw_only=True):
    """Whose link to which session."""

    session_id: SessionId
    participant_id: ParticipantId


class SessionInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """A personal link: whoever has it is that person. `path` is a page on this host."""

    session_id: str
    participant_id: str
    invitation: str
    path: str


class ScheduledSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session as it is now, with the link of each person."""

    session: SessionView
    invitations: tuple[SessionInvitation, ...]


class JoinSession(_Request, frozen=True, kw_only=True):
    """Who wants in: by the secret of a link, or, where a service asks, by the id of a person."""

    session_id: SessionOrClass
    invitation: Invitation | None = None
    participant_id: Annotated[ParticipantId | None, Meta(description="For services only.")] = None


class SessionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """All it takes to be in a class. `expires_in` is in seconds, paths are on this host."""

    session_id: Annotated[str, Meta(description="The class, and its room.")]
    participant_id: str
    display_name: str
    role: PersonRole
    token: str
    expires_in: int
    path: Annotated[str, Meta(description="The page of the room.")]
    signaling_path: str
    ice_servers: tuple[IceServer, ...]
    permissions: Annotated[tuple[str, ...], Meta(description="Operations on this session that the role may call.")]


class LeaveSession(_Request, frozen=True, kw_only=True):
    """Which class to leave: that of one's join token."""

    session_id: SessionId


class SessionLeft(msgspec.Struct, frozen=True, kw_only=True):
    """Out; `was_inside` is False for somebody who was not in the room."""

    session_id: str
    was_inside: bool


class GetSessionStatus(_Request, frozen=True, kw_only=True):
    """For whom: by the secret of a link or by one's join token."""

    session_id: SessionOrClass
    invitation: Invitation | None = None


class WatchSession(_Request, frozen=True, kw_only=True):
    """What is known; the answer comes when it is no longer true, or after half a minute."""

    session_id: SessionOrClass
    version: int
    state: SessionState
    occurrence: Annotated[str, Meta(max_length=64, description="`occurrence` of the status that is known.")]
    invitation: Invitation | None = None


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A class as one person sees it. Times are UTC; `server_now` tells how wrong the browser's clock is.

    `can_join` says what `JoinSession` would answer at `server_now`; `refusal` is its code, None when it would let in.
    """

    session_id: str
    occurrence: Annotated[str, Meta(description="The id of the class: the current or next one of a series.")]
    title: str
    description: str
    instructor: Annotated[str, Meta(description="The name.")]
    role: str
    display_name: str | None
    state: SessionState
    version: int
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    opens_at: Annotated[datetime, Meta(description="When this person may enter.")]
    opens_in: Annotated[int, Meta(description="Seconds until then, rounded up; 0 from then on.")]
    server_now: datetime
    can_join: bool
    refusal: Literal["too_early", "session_full", "session_cancelled", "session_over"] | None
