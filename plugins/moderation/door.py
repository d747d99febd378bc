# SPDX-License-Identifier: Apache-2.0
"""Whether somebody may come into the room now: in, to the waiting room, or away. Pure."""

from dataclasses import dataclass
from typing import Literal

from podium.plugins.moderation.people import Ban, Person
from podium.plugins.moderation.rules import LEADING

WAITING = "You will be let in as soon as somebody who leads the class has seen that you are here."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a code for programs, a sentence for people."""

    code: str
    message: str


Way = Literal["in", "wait"] | Refusal


def excluded(person: Person | None, ban: Ban | None) -> Refusal | None:
    """Why somebody's token is void, whatever the door says."""
    if ban is not None:
        return banned(ban.reason)
    if person is not None and person.kicked:
        return kicked(person.reason)
    return None


def way(person: Person | None, ban: Ban | None, role: str, *, locked: bool, waiting_room: bool) -> Way:
    """Where somebody who comes with this role has to go. A lock does not end the waiting of those who wait already."""
    if (refusal := excluded(person, ban)) is not None:
        return refusal
    if role in LEADING or (person is not None and person.is_let_in and not person.refused):
        return "in"
    if person is not None and person.refused:
        return refused(person.reason)
    if locked and (person is None or person.waiting_since is None):
        return Refusal("room_locked", "this class is locked: nobody new can come in now")
    return "wait" if waiting_room else "in"


def kicked(reason: str) -> Refusal:
    return Refusal("kicked", _because("you were removed from this class and cannot come back", reason))


def banned(reason: str) -> Refusal:
    return Refusal("banned", _because("you were banned from this class", reason))


def refused(reason: str) -> Refusal:
    return Refusal("refused", _because("you were not admitted to this class", reason))


def _because(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what
