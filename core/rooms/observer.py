# SPDX-License-Identifier: Apache-2.0
"""Who hears what happens in rooms without being in them, and may decide some of it: plugins, or nobody.

Rooms know this interface only. What is told is told by plain calls that return at once. What is asked is waited for:
whether somebody may join, in what role and with what configuration, whether a message may be sent, and, beside
everything else that goes on, who may see or hear whom and who is shown first.
"""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from podium.core.events import ClientConfiguration, TrackKind, TrackSource, TransportState

if TYPE_CHECKING:
    from podium.core.rooms.messages import Message


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room as those outside of it see it; the room of a session has the session's id."""

    session_id: str


class ParticipantView(msgspec.Struct, frozen=True, kw_only=True):
    """A participant as those outside of the room see it.

    `proven`: a token says that they are who they are. Without, anybody who knows an id may have come with it.
    """

    participant_id: str
    display_name: str
    role: str
    proven: bool = True


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


class Wait(msgspec.Struct, frozen=True):
    """Not yet: `message` is told to whoever asked, who is asked about again when `Rooms.admit` says so."""

    message: str


WaitingOutcome = Literal["admitted", "refused", "gone"]
"""What becomes of somebody who waited; `gone` also when the host stops, or the same person comes again."""


class RoomObserver(Protocol):
    """What rooms report and ask. Nothing of it raises; what is not awaited returns at once."""

    def room_opened(self, *, room: RoomView) -> None: ...
    def room_closed(self, *, room: RoomView, reason: str) -> None: ...
    def session_ended(self, *, session_id: str, reason: str) -> None: ...
    async def participant_role(self, *, role: str, room: RoomView, participant: ParticipantView) -> str: ...
    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | Wait | None: ...
    def participant_waiting(self, *, room: RoomView, participant: ParticipantView) -> None: ...
    def participant_waited(self, *, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None: ...
    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None: ...
    async def client_configuration(
        self, *, configuration: ClientConfiguration, room: RoomView, participant: ParticipantView
    ) -> ClientConfiguration: ...
    def participant_joined(self, *, room: RoomView, participant: ParticipantView) -> None: ...
    def participant_left(self, *, room: RoomView, participant: ParticipantView, reason: str) -> None: ...
    def track_published(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None: ...
    def track_unpublished(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None: ...
    def track_muted(
        self, *, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
    ) -> None: ...
    def role_changed(self, *, room: RoomView, participant: ParticipantView, previous: str) -> None: ...
    def speaker_changed(self, *, room: RoomView, participant: ParticipantView | None) -> None: ...
    def connection_changed(self, *, room: RoomView, participant: ParticipantView, state: TransportState) -> None: ...
    async def track_audience(
        self, *, audience: frozenset[str], room: RoomView, publisher: ParticipantView, source: TrackSource
    ) -> frozenset[str]: ...
    async def track_priority(
        self, *, priority: float, room: RoomView, publisher: ParticipantView, source: TrackSource
    ) -> float: ...
    async def message_sending(self, *, room: RoomView, message: "Message") -> Veto | None: ...
    def message_sent(self, *, room: RoomView, message: "Message") -> None: ...

    def implements(self, hook: str) -> bool:
        """Whether asking would make a difference; as long as nobody does, `track_audience` restricts nothing."""

    def on_change(self, changed: Callable[[Collection[str]], None]) -> None:
        """Have `changed` called with the names of hooks whenever others implement them than before."""


class NobodyObserves:
    """No plugins: everybody may join, see and hear, and nothing is told."""

    def room_opened(self, *, room: RoomView) -> None:
        pass

    def room_closed(self, *, room: RoomView, reason: str) -> None:
        pass

    def session_ended(self, *, session_id: str, reason: str) -> None:
        pass

    async def participant_role(
        self,
        *,
        role: str,
        room: RoomView,  # noqa: ARG002
        participant: ParticipantView,  # noqa: ARG002
    ) -> str:
        return role

    async def participant_joining(
        self,
        *,
        room: RoomView,  # noqa: ARG002
        participant: ParticipantView,  # noqa: ARG002
    ) -> Veto | Wait | None:
        return None

    def participant_waiting(self, *, room: RoomView, participant: ParticipantView) -> None:
        pass

    def participant_waited(self, *, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None:
        pass

    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None:
        pass

    async def client_configuration(
        self,
        *,
        configuration: ClientConfiguration,
        room: RoomView,  # noqa: ARG002
        participant: ParticipantView,  # noqa: ARG002
    ) -> ClientConfiguration:
        return configuration

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

    def role_changed(self, *, room: RoomView, participant: ParticipantView, previous: str) -> None:
        pass

    def speaker_changed(self, *, room: RoomView, participant: ParticipantView | None) -> None:
        pass

    def connection_changed(self, *, room: RoomView, participant: ParticipantView, state: TransportState) -> None:
        pass

    async def track_audience(
        self,
        *,
        audience: frozenset[str],
        room: RoomView,  # noqa: ARG002
        publisher: ParticipantView,  # noqa: ARG002
        source: TrackSource,  # noqa: ARG002
    ) -> frozenset[str]:
        return audience

    async def track_priority(
        self,
        *,
        priority: float,
        room: RoomView,  # noqa: ARG002
        publisher: ParticipantView,  # noqa: ARG002
        source: TrackSource,  # noqa: ARG002
    ) -> float:
        return priority

    async def message_sending(self, *, room: RoomView, message: "Message") -> Veto | None:  # noqa: ARG002
        return None

    def message_sent(self, *, room: RoomView, message: "Message") -> None:
        pass

    def implements(self, hook: str) -> bool:  # noqa: ARG002
        return False

    def on_change(self, changed: Callable[[Collection[str]], None]) -> None:
        pass
