# SPDX-License-Identifier: Apache-2.0
"""What other plugins hear, and the audit trail keeps: who (`actor_id`) did what to whom (`participant_id`).

The actor of what a service or an operator did is the name of their key. Reactions are not among these.
"""

from podium.core import Event, TrackSource


class _Done(Event, frozen=True, kw_only=True):
    """Base: something was done in a class."""

    session_id: str
    actor_id: str | None


class _DoneTo(_Done, frozen=True, kw_only=True):
    """Base: something was done to somebody."""

    participant_id: str


class ParticipantMuted(_DoneTo, frozen=True, kw_only=True):
    """A source of somebody is forwarded to nobody from now on."""

    source: TrackSource


class ParticipantUnmuted(_DoneTo, frozen=True, kw_only=True):
    """A source of somebody may be forwarded again."""

    source: TrackSource


class ParticipantAskedToUnmute(_DoneTo, frozen=True, kw_only=True):
    """Somebody was asked to switch a source on."""

    source: TrackSource


class ParticipantKicked(_DoneTo, frozen=True, kw_only=True):
    """Somebody was removed from the class and cannot come back to it."""

    reason: str


class ParticipantBanned(_DoneTo, frozen=True, kw_only=True):
    """Somebody cannot come to any class of `series_id`."""

    series_id: str
    reason: str


class ParticipantReadmitted(_DoneTo, frozen=True, kw_only=True):
    """Somebody who was removed, banned or refused may come again."""


class RoomLocked(_Done, frozen=True, kw_only=True):
    """Newcomers stay out."""


class RoomUnlocked(_Done, frozen=True, kw_only=True):
    """Newcomers may come in."""


class WaitingRoomSwitched(_Done, frozen=True, kw_only=True):
    """Newcomers wait from now on, or do not."""

    enabled: bool


class ParticipantAdmitted(_DoneTo, frozen=True, kw_only=True):
    """Somebody who waited may come in."""


class ParticipantRefused(_DoneTo, frozen=True, kw_only=True):
    """Somebody who waited may not come in."""

    reason: str


class ParticipantPromoted(_DoneTo, frozen=True, kw_only=True):
    """Somebody is an assistant now."""


class ParticipantDemoted(_DoneTo, frozen=True, kw_only=True):
    """Somebody has the role again that they came with."""

    role: str


class ParticipantSpotlighted(_DoneTo, frozen=True, kw_only=True):
    """Somebody is seen large by everybody."""

    source: str


class SpotlightEnded(_Done, frozen=True, kw_only=True):
    """Nobody is any more."""


class HandRaised(_DoneTo, frozen=True, kw_only=True):
    """Somebody has raised their hand."""


class HandLowered(_DoneTo, frozen=True, kw_only=True):
    """Somebody's hand is down again."""


class ClassEndedForAll(_Done, frozen=True, kw_only=True):
    """The class was ended by somebody who leads it."""
