# SPDX-License-Identifier: Apache-2.0
"""What a room decides: values that the shell around it carries out, in order."""

from typing import NamedTuple

from podium.core.events import (
    Event,
    ParticipantJoined,
    ParticipantLeft,
    TrackMuted,
    TrackPublished,
    TrackUnpublished,
)
from podium.core.rooms.observer import ParticipantView


class Tell(NamedTuple):
    """Send an event to one participant."""

    participant_id: str
    event: Event


class Switch(NamedTuple):
    """Let a video slot show this source, or nothing."""

    slot_id: int
    source_id: int | None


class Silence(NamedTuple):
    """Forward nothing of a source, or forward it again."""

    source_id: int
    silent: bool


class SetAudience(NamedTuple):
    """Forward a source only to participants that have one of these groups (bits), or to everybody."""

    source_id: int
    groups: int | None


class SetGroups(NamedTuple):
    """The groups (bits) whose sources a participant may receive."""

    participant_id: str
    groups: int


Decision = Tell | Switch | Silence | SetAudience | SetGroups


class FormerRole(NamedTuple):
    """Somebody has another role than before, which was this."""

    role: str


NewsEvent = ParticipantJoined | ParticipantLeft | TrackPublished | TrackUnpublished | TrackMuted | FormerRole


class News(NamedTuple):
    """Something that those outside of the room may want to know, and whose doing it is."""

    participant: ParticipantView
    event: NewsEvent


class NowSpeaking(NamedTuple):
    """Who is loudest from now on, whoever may hear them; None: nobody. Those outside may want to know that, too."""

    participant: ParticipantView | None
