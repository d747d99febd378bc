# SPDX-License-Identifier: Apache-2.0
"""What is told about attendance: the stays of a person summed up, and the event when that has changed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta
from podium.core import Event

from podium_attendance._plugin import STAFF, plugin
from podium_attendance.tables import Stay


class Attendee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is or was in the room."""

    participant_id: str
    display_name: str
    role: str
    first_joined_at: datetime
    present_since: Annotated[datetime | None, Meta(description="None when they are gone.")]
    last_left_at: Annotated[datetime | None, Meta(description="None while they are present.")]
    seconds: Annotated[int, Meta(description="In the room, in all, until now.")]
    stays: Annotated[int, Meta(description="How many times they came.")]


@plugin.event(roles=STAFF)
class AttendanceChanged(Event, frozen=True, kw_only=True):
    """Somebody has come or gone."""

    attendee: Attendee
    at: datetime


def attendees(stays: Iterable[Stay], now: datetime) -> list[Attendee]:
    """By person, in the order in which they first came; `stays` are in the order in which they began."""
    of_each: dict[str, list[Stay]] = {}
    for stay in stays:
        of_each.setdefault(stay.participant_id, []).append(stay)
    return [_summed_up(theirs, now) for theirs in of_each.values()]


def _summed_up(stays: list[Stay], now: datetime) -> Attendee:
    last = stays[-1]
    total = sum(((stay.left_at or max(now, stay.joined_at)) - stay.joined_at for stay in stays), timedelta())
    return Attendee(
        participant_id=last.participant_id,
        display_name=last.display_name,
        role=last.role,
        first_joined_at=stays[0].joined_at,
        present_since=last.joined_at if last.left_at is None else None,
        last_left_at=last.left_at,
        seconds=total // timedelta(seconds=1),
        stays=len(stays),
    )
