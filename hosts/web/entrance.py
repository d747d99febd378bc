# SPDX-License-Identifier: Apache-2.0
"""What signaling asks of the rooms, and nothing more; podium.core's Rooms and LocalParticipant fit.

Written as protocols so that the socket can be tested without media.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import trio

from podium.core.events import AnyEvent, Joined, TrackKind, TrackSource, Waiting
from podium.core.operations.builtin import Summary
from podium.core.rooms.wishes import Shown


class AgreedSlot(Protocol):
    """A section in which the host will send."""

    @property
    def mid(self) -> str: ...
    @property
    def kind(self) -> TrackKind: ...


class Agreed(Protocol):
    """What an offer came to."""

    @property
    def sdp(self) -> str: ...
    @property
    def slots(self) -> Sequence[AgreedSlot]: ...


class Presence(Protocol):
    """One participant of a room, seen from the connection that stands for it."""

    @property
    def events(self) -> trio.MemoryReceiveChannel[AnyEvent]: ...
    @property
    def role(self) -> str: ...
    @property
    def came_as(self) -> str: ...
    def snapshot(self) -> Joined: ...
    async def negotiate(self, sdp: str, sources: Mapping[str, TrackSource] | None = None) -> Agreed: ...
    def add_candidate(self, candidate: str) -> None: ...
    def show(self, shown: Sequence[Shown]) -> None: ...
    def set_muted(self, source: TrackSource, muted: bool) -> None: ...
    def leave(self, reason: str = "left") -> None: ...


class Entrance(Protocol):
    """Where a connection becomes a participant."""

    @property
    def ad_hoc(self) -> bool: ...
    @property
    def rooms(self) -> Mapping[str, Summary]: ...
    def statistics(self) -> object: ...
    def close_room(self, session_id: str, reason: str = ...) -> None: ...
    async def join(
        self,
        session_id: str,
        participant_id: str | None,
        display_name: str,
        role: str,
        *,
        invited: bool,
        wished: bool,
        proven: bool,
        on_wait: Callable[[Waiting], None] | None,
    ) -> Presence: ...
