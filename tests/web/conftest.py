# SPDX-License-Identifier: Apache-2.0
"""A real hypercorn on a free port over stand-in rooms without media, and clients for it."""

import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from podium.core.config import AuthConfig
from podium.core.errors import PodiumError
from podium.core.events import AnyEvent, Joined, Left, ParticipantInfo, ParticipantJoined, ParticipantLeft
from podium.core.identity import new_key
from podium.core.operations import Services, open_services
from podium.core.rooms.anteroom import Anteroom, OnWait
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomView, Wait
from podium.core.rooms.rooms import RoomSummary
from podium.hosts.web.server import ServerInfo, serve_rooms

SERVICE = new_key("crm")
ADMINISTRATOR = new_key("operations", "administrator")


class FakeSlot(msgspec.Struct):
    mid: str
    kind: Any


class FakeAgreement(msgspec.Struct):
    sdp: str
    slots: tuple[FakeSlot, ...]


class FakeParticipant:
    """Keeps what was asked of it."""

    def __init__(
        self,
        room: "FakeRooms",
        participant_id: str,
        display_name: str,
        session_id: str = "algebra",
        role: str = "student",
    ) -> None:
        self.id = participant_id
        self.session_id = session_id
        self.role = self.came_as = role
        self.display_name = display_name
        self.asked: list[Any] = []
        self.left_reason: str | None = None
        self._rooms = room
        self._send, self.events = trio.open_memory_channel[AnyEvent](math.inf)

    def snapshot(self) -> Joined:
        others = tuple(other.info for other in self._rooms.present.values() if other is not self)
        return Joined(
            session_id=self.session_id,
            participant_id=self.id,
            display_name=self.display_name,
            role=self.role,
            participants=others,
            audio_slots=3,
            max_participants=50,
        )

    @property
    def info(self) -> ParticipantInfo:
        return ParticipantInfo(participant_id=self.id, display_name=self.display_name, role=self.role)

    async def negotiate(self, sdp: str, sources: Any = None) -> FakeAgreement:
        if sdp == "crash":
            raise RuntimeError("a fault of ours")
        if sdp == "bad":
            raise PodiumError("offer_invalid", "line 1 is not SDP", "sdp")
        self.asked.append(("negotiate", sdp, sources))
        return FakeAgreement("the answer", (FakeSlot("3", "audio"),))

    def add_candidate(self, candidate: str) -> None:
        self.asked.append(("candidate", candidate))

    def show(self, shown: Any) -> None:
        self.asked.append(("show", shown))

    def set_muted(self, source: Any, muted: bool) -> None:
        self.asked.append(("mute", source, muted))

    def leave(self, reason: str = "left") -> None:
        if self.left_reason is None:
            self.left_reason = reason
            self._rooms.forget(self, reason)
            self.tell(Left(reason=reason))

    def tell(self, event: AnyEvent) -> None:
        self._send.send_nowait(event)


@dataclass
class FakeStatistics:
    rooms: int
    participants: int


@dataclass
class FakeRooms:
    """One room, whatever the session id. While `wait` says something, those who join have to wait."""

    ad_hoc: bool = True
    wait: str | None = None
    anteroom: Anteroom = field(default_factory=lambda: Anteroom(NobodyObserves()))
    invited: list[str] = field(default_factory=list)
    present: dict[str, FakeParticipant] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)

    async def join(
        self,
        session_id: str,
        participant_id: str | None,
        display_name: str,
        role: str = "student",
        *,
        invited: bool = False,
        wished: bool = False,
        proven: bool = True,
        on_wait: OnWait | None = None,
    ) -> Any:
        if not display_name.strip():
            raise PodiumError("name_invalid", "display_name must be 1 to 64 printable characters", "display_name")
        if invited:
            self.invited.append(session_id)
        own_id = participant_id or f"p{len(self.present) + 1}"
        view = ParticipantView(participant_id=own_id, display_name=display_name, role=role)
        with self.anteroom.visit(RoomView(session_id=session_id), on_wait) as visit:
            while self.wait is not None:
                await visit.wait(view, Wait(self.wait))
        if own_id in self.present:
            self.present[own_id].leave("replaced")
        participant = self.present[own_id] = FakeParticipant(self, own_id, display_name, session_id, role)
        self._tell_others(participant, ParticipantJoined(participant=participant.info))
        return participant

    @property
    def rooms(self) -> dict[str, RoomSummary]:
        everybody = tuple(participant.info for participant in self.present.values())
        return {"algebra": RoomSummary(session_id="algebra", participants=everybody)} if everybody else {}

    def close_room(self, session_id: str, reason: str = "room_closed") -> None:
        for participant in tuple(self.present.values()):
            participant.leave(reason)

    def forget(self, participant: FakeParticipant, reason: str) -> None:
        del self.present[participant.id]
        self.left.append((participant.id, reason))
        self._tell_others(participant, ParticipantLeft(participant_id=participant.id, reason=reason))
        self.changed.set()
        self.changed = trio.Event()

    async def until_left(self, participant_id: str) -> str:
        """The reason, as soon as this participant is gone."""
        while True:
            for gone, reason in self.left:
                if gone == participant_id:
                    return reason
            await self.changed.wait()

    def statistics(self) -> FakeStatistics:
        return FakeStatistics(rooms=1 if self.present else 0, participants=len(self.present))

    def _tell_others(self, about: FakeParticipant, event: AnyEvent) -> None:
        for other in self.present.values():
            if other is not about:
                other.tell(event)


class Client:
    """A browser's end of the signaling socket."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket

    async def send(self, type_: str, **fields: Any) -> None:
        await self.socket.send_message(msgspec.json.encode({"type": type_, **fields}).decode())

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(await self.socket.get_message())
        return message

    async def receive_type(self, type_: str) -> dict[str, Any]:
        """The next message of this type; what comes before is skipped."""
        while (message := await self.receive())["type"] != type_:
            pass
        return message

    async def ask(self, type_: str, **fields: Any) -> dict[str, Any]:
        await self.send(type_, **fields)
        return await self.receive()

    async def join(self, name: str = "Ada", **fields: Any) -> dict[str, Any]:
        return await self.ask("Join", session_id="algebra", display_name=name, **fields)


@dataclass
class Host:
    """A running web host."""

    info: ServerInfo
    rooms: Any
    services: Services
    scope: trio.CancelScope

    @property
    def port(self) -> int:
        return self.info.port

    def token(self, role: str, **claims: Any) -> str:
        """A join token for the session `algebra`."""
        return self.services.identities.tokens.issue("algebra", role, **{"lifetime": 60, **claims})

    def connect(self) -> AbstractAsyncContextManager[Client]:
        return connect(self.port)

    def stop(self) -> None:
        """Begin to shut down."""
        self.scope.cancel()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[Client]:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(nursery, stream, "127.0.0.1", "/signal")
        yield Client(socket)
        await socket.aclose()
        nursery.cancel_scope.cancel()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    rooms = FakeRooms()
    services = open_services(rooms, AuthConfig(api_keys=(SERVICE.entry, ADMINISTRATOR.entry)))
    scope = trio.CancelScope()

    async def serve(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
        with scope:
            await serve_rooms(rooms, "127.0.0.1", 0, services, task_status=task_status)

    async with trio.open_nursery() as serving:
        info = await serving.start(serve)
        yield Host(info, rooms, services, scope)
        scope.cancel()
