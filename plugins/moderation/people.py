# SPDX-License-Identifier: Apache-2.0
"""What is known of one person in one class, of a ban, and of a class itself: values, the same as in the tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from podium.core import TrackSource

VideoSource = Literal["camera", "screen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has been seen at the door of a class. `role` is the one they came with."""

    participant_id: str
    display_name: str
    role: str
    entered: bool = False
    """Whether they have been in the room."""
    admitted: bool = False
    """Whether somebody let them in from the waiting room."""
    promoted: bool = False
    kicked: bool = False
    refused: bool = False
    reason: str = ""
    """Why they were kicked or refused."""
    muted: frozenset[TrackSource] = frozenset()
    waiting_since: datetime | None = None
    hand_at: datetime | None = None

    @property
    def effective_role(self) -> str:
        """The role that they have, promotion included."""
        return role_of(self.role, promoted=self.promoted)

    @property
    def is_let_in(self) -> bool:
        """Whether a lock and the waiting room no longer concern them."""
        return self.entered or self.admitted

    @property
    def is_plain(self) -> bool:
        """Whether nothing is lost when they are forgotten."""
        marks = (self.admitted, self.promoted, self.kicked, self.refused, self.muted)
        return not any(marks) and self.waiting_since is None and self.hand_at is None


def role_of(role: str, *, promoted: bool) -> str:
    """What a role comes to: who leads anyway is not made less by a promotion."""
    return "assistant" if promoted and role in ("student", "observer") else role


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Somebody who may not come to a session, and all of its classes."""

    participant_id: str
    display_name: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A class, or what holds for all classes of a series. `waiting_room` None: nobody has said so here."""

    locked: bool = False
    waiting_room: bool | None = None
    spotlight_id: str | None = None
    spotlight_source: VideoSource = "camera"
    series_id: str | None = None
    """The session whose class this is, as far as it was ever known."""
