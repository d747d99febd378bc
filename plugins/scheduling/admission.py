# SPDX-License-Identifier: Apache-2.0
"""Whether somebody may enter a class now, and if not, why: asked by `JoinSession`, by the waiting page and at the door.

Pure: time, class and the people inside are given. Instructors come earlier, and a full class does not keep them out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from podium.core import OperationError, SessionState
from podium.plugins.scheduling.lifecycle import Rules


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a code for programs, a sentence for people."""

    code: str
    message: str

    def error(self) -> OperationError:
        return OperationError("conflict", self.code, self.message, "session_id")


@dataclass(frozen=True, slots=True)
class Door:
    """A class as far as entering it goes."""

    room_id: str
    state: SessionState
    starts_at: datetime
    ends_at: datetime
    capacity: int


def refusal(
    door: Door, role: str, participant_id: str | None, now: datetime, inside: Collection[str], rules: Rules
) -> Refusal | None:
    """None to let somebody in; `inside` are the participant ids that take a place."""
    if door.state == "cancelled":
        return Refusal("session_cancelled", "this class has been cancelled")
    if door.state == "ended" or now >= rules.closes_at(door.ends_at):
        return Refusal("session_over", "this class is over")
    opens_at = rules.opens_at(door.starts_at, role)
    if now < opens_at:
        return Refusal("too_early", f"this class opens at {stamp(opens_at)}, in {seconds_until(opens_at, now)} seconds")
    if role != "instructor" and participant_id not in inside and len(inside) >= door.capacity:
        return Refusal("session_full", f"this class is full: {door.capacity} people are in")
    return None


def stamp(moment: datetime) -> str:
    """`2026-11-23T07:50:00Z`: opening times are whole seconds, and an answer in between is rounded up."""
    whole = moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)
    return f"{whole:%Y-%m-%dT%H:%M:%SZ}"


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds, rounded up; 0 for what has been."""
    return max(0, ceil((moment - now).total_seconds()))
