# SPDX-License-Identifier: Apache-2.0
"""What the people in a room are told about their class."""

from datetime import datetime

from podium.core import Event


class SessionOpened(Event, frozen=True, kw_only=True):
    """The class is open to everybody; told to instructors who were there before."""

    session_id: str
    starts_at: datetime


class SessionEnding(Event, frozen=True, kw_only=True):
    """The planned end is past, and the room will be closed, in so many seconds."""

    session_id: str
    closes_at: datetime
    closes_in: int


class SessionEnded(Event, frozen=True, kw_only=True):
    """The class is over, and the room is closed; `reason` is `ended` by an instructor or `time_over`."""

    session_id: str
    reason: str


class SessionCancelled(Event, frozen=True, kw_only=True):
    """The class was cancelled, and the room is closed."""

    session_id: str


EVENTS = (SessionOpened, SessionEnding, SessionEnded, SessionCancelled)
