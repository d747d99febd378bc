# SPDX-License-Identifier: Apache-2.0
"""Who hears what happens in rooms without being in them, and may refuse an entry: plugins, or nobody.

Rooms know this interface only. What is told is told by plain calls that return at once; the one question that a room
waits for is whether somebody may join.
"""

from typing import Protocol

import msgspec

from podium.core.events import TrackKind, TrackSource, TransportState


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room as those outside of it see it; the room of a session has the session's id."""

    session_id: str


class ParticipantView(msgspec.Struct, frozen=True, kw_only=True):
    """A participant as those outside of the room see it."""

    participant_id: str
    display_name: str
    role: str


class TrackView(msgspec.Struct, frozen=True, kw_only=True):
    """A track of a participant; `width` and `height` are None until a key frame told them."""

    source: TrackSource
    kind: TrackKind
    width: int | None = None
    height: int | None = None


class Veto(msgspec.Struct, frozen=True):
    """A refusal: `message` is told to whoever asked, `code` to their program."""

    message: str
    code: str = "refused"


class RoomObserver(Protocol):
    """What rooms report. All but `participant_joining` return at once and raise nothing."""

    def room_opened(self, *, room: RoomView) -> None: ...
    def room_closed(self, *, room: RoomView, reason: str) -> None: ...
    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None: ...
    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None: ...
    def participant_joined(self, *, room: RoomView, participant: ParticipantView) -> None: ...
    def participant_left(self, *, room: RoomView, participant: ParticipantView, reason: str) -> None: ...
    def track_published(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None: ...
    def track_unpublished(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None: ...
    def track_muted(
        self, *, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
    ) -> None: ...
    def connection_changed(self, *, room: RoomView, participant: ParticipantView, state: TransportState) -> None: ...


class NobodyObserves:
    """No plugins: everybody may join, and nothing is told."""

    def room_opened(self, *, room: RoomView) -> None:
        pass

    def room_closed(self, *, room: RoomView, reason: str) -> None:
        pass

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None:  # noqa: ARG002
        return None

    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None:
        pass

    def participant_joined(self, *, room: RoomView, participant: ParticipantView) -> None:
        pass

    def participant_left(self, *, room: RoomView, participant: ParticipantView, reason: str) -> None:
        pass

    def track_published(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None:
        pass

    def track_unpublished(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None:
        pass

    def track_muted(self, *, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool) -> None:
        pass

    def connection_changed(self, *, room: RoomView, participant: ParticipantView, state: TransportState) -> None:
        pass
