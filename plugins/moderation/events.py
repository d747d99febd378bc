# SPDX-License-Identifier: Apache-2.0
"""What browsers are told. `GetModeration` says how things are; these say that they have changed.

Lists are told whole, so that whoever has read the last one knows everything.
"""

from datetime import datetime

import msgspec

from podium.core import Event, TrackSource
from podium.plugins.moderation.people import VideoSource


class RaisedHand(msgspec.Struct, frozen=True, kw_only=True):
    """A hand in the queue."""

    participant_id: str
    display_name: str
    raised_at: datetime


class WaitingPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the waiting room; not `connected` while they or the host come back."""

    participant_id: str
    display_name: str
    since: datetime
    connected: bool


class HandsChanged(Event, frozen=True, kw_only=True):
    """The queue of raised hands, the earliest first."""

    hands: tuple[RaisedHand, ...]


class ReactionSent(Event, frozen=True, kw_only=True):
    """Somebody reacts."""

    participant_id: str
    reaction: str


class UnmuteAsked(Event, frozen=True, kw_only=True):
    """The receiver is asked to switch something on; `asked_by` is a name, empty for somebody who is not in the room."""

    source: TrackSource
    asked_by: str


class SpotlightChanged(Event, frozen=True, kw_only=True):
    """Whom everybody sees large from now on; null for nobody."""

    participant_id: str | None
    source: VideoSource


class ModerationChanged(Event, frozen=True, kw_only=True):
    """How the door is."""

    locked: bool
    waiting_room: bool


class WaitingChanged(Event, frozen=True, kw_only=True):
    """Everybody in the waiting room, in the order of coming."""

    waiting: tuple[WaitingPerson, ...]


class ExcludedChanged(Event, frozen=True, kw_only=True):
    """Others than before are kept out: removed, banned or refused; `GetModeration` says who."""


FOR_ALL: tuple[type[Event], ...] = (HandsChanged, ReactionSent, UnmuteAsked, SpotlightChanged, ModerationChanged)
FOR_LEADING: tuple[type[Event], ...] = (WaitingChanged, ExcludedChanged)
