# SPDX-License-Identifier: Apache-2.0
"""What plugins tell one another about scheduled classes: who, when, and in which state.

The core keeps no sessions. A plugin that does says so by `context.sessions.changed`, and others (calendar, recording)
hear it as the hook `session_changed` without importing it; what they ask by `context.sessions.get`, it answers as the
hook `session_wanted`. All times are aware and UTC; `time_zone` says in which zone the class keeps its time of day.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

SessionState = Literal["scheduled", "open", "live", "ended", "cancelled"]
SessionChange = Literal["scheduled", "updated", "cancelled", "opened", "live", "ended"]
PersonRole = Literal["instructor", "assistant", "student", "observer"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who teaches a class or is invited to it; `participant_id` is who they are in the room.

    `language` (BCP 47) and `time_zone` (IANA) are how they want to read times, None where that is not known.
    """

    name: str
    email: str
    role: PersonRole = "student"
    participant_id: str
    language: str | None = None
    time_zone: str | None = None


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One class: a session that does not recur has one, a series one for each time its rule gives.

    `room_id` is the id of its room. `original_starts_at` is when the rule has it, whether or not it was moved.
    """

    room_id: str
    starts_at: datetime
    ends_at: datetime
    original_starts_at: datetime
    state: SessionState = "scheduled"

    @property
    def cancelled(self) -> bool:
        """Whether this class is off."""
        return self.state == "cancelled"


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is after the change number `change_number`; numbers of later changes are higher.

    `starts_at` is the first start, `duration` in minutes, `recurrence` an RRULE (RFC 5545) without the name.
    `exceptions` are the classes of a series that were moved or cancelled. `occurrence` is the class that this is about:
    the one that changed, otherwise the current or next one, otherwise the last; `state` is that class's, and
    `cancelled` says whether the whole session is off. `version` rises with each edit, not when a class opens or ends.
    """

    session_id: str
    title: str
    description: str
    instructor: Person
    participants: tuple[Person, ...]
    starts_at: datetime
    duration: int
    time_zone: str
    capacity: int
    state: SessionState
    cancelled: bool
    version: int
    recurrence: str | None
    exceptions: tuple[Occurrence, ...]
    occurrence: Occurrence
    recording: bool
    updated_at: datetime
    change_number: int

    @property
    def ends_at(self) -> datetime:
        """When the first class ends."""
        return self.starts_at + timedelta(minutes=self.duration)
