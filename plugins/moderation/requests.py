# SPDX-License-Identifier: Apache-2.0
"""What can be asked of moderation, and what it answers."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from podium.core import ParticipantId, SessionId, TrackSource
from podium.plugins.moderation.events import RaisedHand, WaitingPerson
from podium.plugins.moderation.people import VideoSource

Reason = Annotated[
    str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]*$", description="Told to the person.")
]
OwnOrOther = Annotated[ParticipantId | None, Meta(description="Nobody: oneself.")]


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""

    session_id: SessionId


class _OfPerson(_Request, frozen=True, kw_only=True):
    """Base of what is asked about somebody."""

    participant_id: ParticipantId


class Moderated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `changed` is False when all was so already; `participants` are those for whom it changed."""

    session_id: str
    changed: bool
    participants: tuple[str, ...] = ()


class MuteParticipant(_OfPerson, frozen=True, kw_only=True):
    """Whose sound or picture to stop."""

    source: TrackSource = "microphone"


class UnmuteParticipant(_OfPerson, frozen=True, kw_only=True):
    """Whose sound or picture to allow again."""

    source: TrackSource = "microphone"


class MuteAll(_Request, frozen=True, kw_only=True):
    """What of everybody to stop."""

    source: TrackSource = "microphone"


class UnmuteAll(_Request, frozen=True, kw_only=True):
    """What of everybody to allow again."""

    source: TrackSource = "microphone"


class AskToUnmute(_OfPerson, frozen=True, kw_only=True):
    """Whom to ask for what."""

    source: TrackSource = "microphone"


class KickParticipant(_OfPerson, frozen=True, kw_only=True):
    """Whom to remove from this class."""

    reason: Reason = ""


class BanParticipant(_OfPerson, frozen=True, kw_only=True):
    """Whom to keep out of all classes of the session."""

    reason: Reason = ""


class ReadmitParticipant(_OfPerson, frozen=True, kw_only=True):
    """Who may come again after having been removed, banned or refused."""


class LockRoom(_Request, frozen=True, kw_only=True):
    """Whether newcomers stay out."""

    locked: bool


class SetWaitingRoom(_Request, frozen=True, kw_only=True):
    """Whether newcomers wait until they are admitted. With the id of a series: in all of its classes."""

    enabled: bool


class AdmitParticipant(_OfPerson, frozen=True, kw_only=True):
    """Who may come in."""


class AdmitAll(_Request, frozen=True, kw_only=True):
    """Everybody who waits may come in."""


class RefuseParticipant(_OfPerson, frozen=True, kw_only=True):
    """Who may not come in."""

    reason: Reason = ""


class RefuseAll(_Request, frozen=True, kw_only=True):
    """Nobody who waits may come in."""

    reason: Reason = ""


class PromoteParticipant(_OfPerson, frozen=True, kw_only=True):
    """Who becomes an assistant."""


class DemoteParticipant(_OfPerson, frozen=True, kw_only=True):
    """Who gets back the role they came with."""


class SpotlightParticipant(_Request, frozen=True, kw_only=True):
    """Whom everybody sees large."""

    participant_id: Annotated[ParticipantId | None, Meta(description="Nobody: the spotlight ends.")]
    source: VideoSource = "camera"


class EndForAll(_Request, frozen=True, kw_only=True):
    """Which class to end."""


class RaiseHand(_Request, frozen=True, kw_only=True):
    """Where to raise one's hand."""


class LowerHand(_Request, frozen=True, kw_only=True):
    """Whose hand to lower."""

    participant_id: OwnOrOther = None


class LowerAllHands(_Request, frozen=True, kw_only=True):
    """Where to lower all hands."""


class SendReaction(_Request, frozen=True, kw_only=True):
    """Which of the reactions that `GetModeration` lists."""

    reaction: Annotated[str, Meta(min_length=1, max_length=16)]


class ListParticipants(_Request, frozen=True, kw_only=True):
    """Of which class."""


class GetModeration(_Request, frozen=True, kw_only=True):
    """Of which class."""


class PresentPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the room. `muted` are their own choice, `blocked` that of moderators."""

    participant_id: str
    display_name: str
    role: str
    promoted: bool
    published: tuple[TrackSource, ...]
    muted: tuple[TrackSource, ...]
    blocked: tuple[TrackSource, ...]
    hand_raised_at: datetime | None


class AwayPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has been in the room and may come back."""

    participant_id: str
    display_name: str
    role: str
    blocked: tuple[TrackSource, ...]


class ExcludedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who cannot come in: `kicked` and `refused` hold for the class, `banned` for the session."""

    participant_id: str
    display_name: str
    kicked: bool
    banned: bool
    refused: bool
    reason: str


class ParticipantList(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is, waits or has been there; of those who are away 300 at most. The last two are by name."""

    session_id: str
    present: tuple[PresentPerson, ...]
    waiting: tuple[WaitingPerson, ...]
    away: tuple[AwayPerson, ...]
    excluded: tuple[ExcludedPerson, ...]


class SpotlightView(msgspec.Struct, frozen=True, kw_only=True):
    """Whom everybody sees large."""

    participant_id: str
    source: VideoSource


class ModerationState(msgspec.Struct, frozen=True, kw_only=True):
    """How a class stands for the caller, for who comes late. `may` are the caller's actions, `blocked` their own
    sources. `waiting` and `excluded` are None for those who may not see them."""

    session_id: str
    locked: bool
    waiting_room: bool
    spotlight: SpotlightView | None
    hands: tuple[RaisedHand, ...]
    reactions: tuple[str, ...]
    may: tuple[str, ...]
    blocked: tuple[TrackSource, ...]
    waiting: tuple[WaitingPerson, ...] | None
    excluded: tuple[ExcludedPerson, ...] | None
