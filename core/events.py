# SPDX-License-Identifier: Apache-2.0
"""What participants are told about their room, as typed and serialisable values.

Each event is a msgspec struct tagged by `type` with the name of its class, fields in snake_case: the same value is
read by Python callers and sent to browsers as JSON. Tracks are named by what they show (`microphone`, `camera`,
`screen`) and whose they are, slots by the MID of the receiver's own negotiation; no SSRC or worker id is ever told.
"""

from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec

TrackKind = Literal["audio", "video"]
TrackSource = Literal["microphone", "camera", "screen"]
TRACK_SOURCES: tuple[TrackSource, ...] = get_args(TrackSource)
TransportState = Literal["new", "connecting", "connected", "failed", "closed"]


class TrackInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A published track; `width` and `height` are those of its largest layer, None until a key frame told them."""

    source: TrackSource
    kind: TrackKind
    width: int | None = None
    height: int | None = None
    muted: bool = False


class ParticipantInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A participant and the tracks published at this moment; sources that are `blocked` reach nobody."""

    participant_id: str
    display_name: str
    role: str
    tracks: tuple[TrackInfo, ...] = ()
    blocked: tuple[TrackSource, ...] = ()


class SlotContent(msgspec.Struct, frozen=True, kw_only=True):
    """Who is seen or heard in one slot of the receiver; both None for nobody."""

    mid: str
    participant_id: str | None = None
    source: TrackSource | None = None


ICE_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")


class IceServer(msgspec.Struct, frozen=True, kw_only=True):
    """A STUN or TURN server for the browser, as in RTCIceServer; `username` and `credential` are for TURN."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a URL of another scheme, which would keep a browser from connecting at all."""
        for url in self.urls:
            if not url.startswith(ICE_SCHEMES):
                raise ValueError(f"{url!r} is no ICE server: it has to begin with one of {', '.join(ICE_SCHEMES)}")


class ClientConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser has to know before it connects its media."""

    ice_servers: tuple[IceServer, ...] = ()


class MessageSender(msgspec.Struct, frozen=True, kw_only=True):
    """Whose words a message has."""

    participant_id: str
    display_name: str
    role: str


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """Base of everything a participant is told."""


class Joined(Event, frozen=True, kw_only=True):
    """The room as the receiver finds it; `participants` are the others, in the order in which they joined.

    `blocked` are the receiver's own sources of which nothing is forwarded.
    """

    session_id: str
    participant_id: str
    display_name: str
    role: str
    participants: tuple[ParticipantInfo, ...]
    audio_slots: int
    max_participants: int
    token: Annotated[
        str | None,
        msgspec.Meta(description="For who came without a token that names them: one to come back with as the same."),
    ] = None
    configuration: ClientConfiguration = ClientConfiguration()
    blocked: tuple[TrackSource, ...] = ()


class ParticipantJoined(Event, frozen=True, kw_only=True):
    """Somebody came; their tracks are told by `TrackPublished` once media flows."""

    participant: ParticipantInfo


class ParticipantLeft(Event, frozen=True, kw_only=True):
    """Somebody is gone, and with them their tracks; no `TrackUnpublished` is sent for those."""

    participant_id: str
    reason: str


class TrackPublished(Event, frozen=True, kw_only=True):
    """A track of somebody else has begun to flow."""

    participant_id: str
    source: TrackSource
    kind: TrackKind
    width: int | None = None
    height: int | None = None
    muted: bool = False


class TrackUnpublished(Event, frozen=True, kw_only=True):
    """A track of somebody else no longer flows."""

    participant_id: str
    source: TrackSource
    kind: TrackKind


class TrackMuted(Event, frozen=True, kw_only=True):
    """Somebody else muted or unmuted themselves; also told for a track that does not flow."""

    participant_id: str
    source: TrackSource
    muted: bool


class TrackBlocked(Event, frozen=True, kw_only=True):
    """Nothing of somebody's source is forwarded from now on, whatever they want, or it may flow again.

    Told of the receiver's own sources, too, and of sources that do not flow.
    """

    participant_id: str
    source: TrackSource
    blocked: bool


class RoleChanged(Event, frozen=True, kw_only=True):
    """Somebody, the receiver possibly, has another role in the room from now on."""

    participant_id: str
    role: str


class Showing(Event, frozen=True, kw_only=True):
    """Who is in which slot of the receiver from now on: all its slots, sent when any of them changed."""

    slots: tuple[SlotContent, ...]


class Speaking(Event, frozen=True, kw_only=True):
    """Who speaks loudest now, the receiver possibly; None for nobody, or for somebody the receiver may not hear."""

    participant_id: str | None = None


class ConnectionState(Event, frozen=True, kw_only=True):
    """State of the receiver's own media transport; `failed` and `closed` are final for that transport."""

    state: TransportState


class PanelsChanged(Event, frozen=True, kw_only=True):
    """The panels of plugins are others now; the operation `ListPanels` says which."""


class MessageReceived(Event, frozen=True, kw_only=True):
    """A message to everybody (`to` is empty) or to some; a sender reads what they sent, too.

    `sender` is null for the host's own words. `text` is plain, never markup.
    """

    message_id: str
    topic: str
    text: str
    sender: MessageSender | None = None
    to: tuple[str, ...] = ()
    at: datetime


class Waiting(Event, frozen=True, kw_only=True):
    """The receiver's `Join` goes on, but they have to wait outside; told again when the message changes.

    Nothing of the room is told meanwhile. Then comes `Joined`, an `Error` about the `Join`, or `Left`. Whoever comes
    back after a lost connection is the same person by this `participant_id`.
    """

    session_id: str
    participant_id: str
    message: str


class Left(Event, frozen=True, kw_only=True):
    """The receiver's own presence has ended; nothing follows."""

    reason: str


class Error(Event, frozen=True, kw_only=True):
    """Something the receiver asked for was refused; the shape of `PodiumError` as a message."""

    code: str
    message: str
    field: str | None = None


AnyEvent = (
    Joined
    | ParticipantJoined
    | ParticipantLeft
    | TrackPublished
    | TrackUnpublished
    | TrackMuted
    | TrackBlocked
    | RoleChanged
    | Showing
    | Speaking
    | ConnectionState
    | PanelsChanged
    | MessageReceived
    | Waiting
    | Left
    | Error
)
