# SPDX-License-Identifier: Apache-2.0
"""The plugin on a real database, with stand-ins for rooms, in time that stands still until a test moves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import (
    Caller,
    Event,
    Identities,
    ParticipantInfo,
    ParticipantView,
    Plugin,
    RoomView,
    SessionChange,
    SessionView,
    Veto,
    Wait,
    open_plugins,
)
from podium.core.operations import Services, open_services
from podium.core.plugins.manager import Plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.storage import open_storage
from podium.plugins.scheduling import make_plugin
from podium.plugins.scheduling.desk import Desk, desk_of
from tests.plugins.stand_ins import FakeRooms, config_of, found

EPOCH = datetime(2027, 1, 11, 7, tzinfo=UTC)
"""When tests begin: a Monday, 08:00 in Berlin."""
SERVICE = Caller(role="service", subject="school")
ANONYMOUS = Caller(role="anonymous")
SETTINGS = f'[plugins.scheduling]\ninvitation_key = "{"k" * 32}"\n[plugins.listener]\n'

ADA = {"name": "Ada", "email": "ada@example.org"}
ANN = {"name": "Ann", "email": "ann@example.org"}
BOB = {"name": "Bob", "email": "bob@example.org"}


class Time:
    """The plugin's clock."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now


def local(minutes: float) -> str:
    """A start so many minutes after the beginning of the test, as Berlin has it."""
    return f"{EPOCH + timedelta(hours=1, minutes=minutes):%Y-%m-%dT%H:%M}"


def algebra(**values: Any) -> dict[str, Any]:
    """A class of an hour, in one hour."""
    usual = {"title": "Algebra", "instructor": ADA, "start": local(60), "time_zone": "Europe/Berlin", "duration": 60}
    return usual | {"participants": [ANN, BOB], "session_id": "algebra"} | values


class Rooms(FakeRooms):
    """People in rooms, and what was told to them."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, dict[str, str]] = {}
        self.told: list[tuple[str, Event]] = []
        self.sent_away: list[tuple[str, str, str]] = []
        self.ended: list[tuple[str, str]] = []
        self.rooms: dict[str, Any] = {}

    def views(self) -> tuple[RoomView, ...]:
        return tuple(RoomView(session_id=each) for each in self.people)

    def participants(self, session_id: str) -> tuple[ParticipantInfo, ...]:
        people = self.people[session_id].items()
        return tuple(ParticipantInfo(participant_id=each, display_name=each, role=role) for each, role in people)

    def present(self, session_id: str) -> tuple[ParticipantView, ...]:
        people = self.people[session_id].items()
        return tuple(ParticipantView(participant_id=each, display_name=each, role=role) for each, role in people)

    def tell(self, session_id: str, event: Event, participant_id: str | None = None, *, roles: Any = None) -> None:
        self.told.append((session_id, event))

    def remove(self, session_id: str, participant_id: str, reason: str) -> None:
        self.sent_away.append((session_id, participant_id, reason))
        del self.people[session_id][participant_id]
        if not self.people[session_id]:
            del self.people[session_id]

    def close_room(self, session_id: str, reason: str = "room_closed") -> None:
        raise AssertionError("classes are ended, not only their rooms closed")

    def end_session(self, session_id: str, reason: str) -> None:
        self.ended.append((session_id, reason))
        for participant_id in list(self.people.get(session_id, ())):
            self.remove(session_id, participant_id, reason)


@dataclass
class Stage:
    """What a test works with."""

    plugins: Plugins
    services: Services
    rooms: Rooms
    plugin: Plugin
    time: Time
    heard: trio.MemoryReceiveChannel[tuple[SessionChange, SessionView]]

    @property
    def identities(self) -> Identities:
        return self.services.identities

    @property
    def desk(self) -> Desk:
        return desk_of(self.plugins.running()["scheduling"])

    async def call(self, name: str, caller: Caller = SERVICE, **values: Any) -> Any:
        return await self.services.dispatcher.call(name, values, caller)

    async def schedule(self, **values: Any) -> Any:
        """Schedule a class; the hook's `scheduled` has been heard."""
        scheduled = await self.call("ScheduleSession", **algebra(**values))
        assert await self.hear("scheduled") == scheduled.session
        return scheduled

    async def invitation(self, email: str, session_id: str = "algebra") -> str:
        session = await self.call("GetSession", session_id=session_id)
        (person,) = [each for each in (session.instructor, *session.participants) if each.email == email]
        link = await self.call("GetInvitation", session_id=session.session_id, participant_id=person.participant_id)
        return str(link.invitation)

    async def hear(self, change: str) -> SessionView:
        """The next change that plugins are told of, which has to be this one."""
        heard, session = await self.heard.receive()
        assert heard == change
        return session

    async def quiet(self) -> None:
        """Forget what plugins have been told up to now."""
        await wait_all_tasks_blocked()
        while self.heard.statistics().current_buffer_used:
            self.heard.receive_nowait()

    def move_to(self, minutes: float) -> None:
        """Let it be so many minutes after the beginning, and the plugin look."""
        self.time.now = EPOCH + timedelta(minutes=minutes)
        self.desk.nudge()

    async def enter(self, room_id: str, participant_id: str, role: str = "student") -> Veto | None:
        """As a room lets somebody in."""
        room = RoomView(session_id=room_id)
        person = ParticipantView(participant_id=participant_id, display_name=participant_id, role=role)
        veto = await self.plugins.hooks.participant_joining(room=room, participant=person)
        assert not isinstance(veto, Wait)
        if veto is None:
            self.rooms.people.setdefault(room_id, {})[participant_id] = role
            self.plugins.hooks.participant_joined(room=room, participant=person)
        return veto


@asynccontextmanager
async def open_stage(
    tmp_path: Path, url: str, time: Callable[[], datetime] | None = None, text: str = SETTINGS
) -> AsyncIterator[Stage]:
    """The plugin, running; by a clock of its own unless one is given."""
    own = Time()
    tell, heard = trio.open_memory_channel[tuple[SessionChange, SessionView]](1000)
    listener = Plugin("listener", version="1.0")

    @listener.hook
    async def session_changed(session: SessionView, change: SessionChange) -> None:
        tell.send_nowait((change, session))

    rooms = Rooms()
    services = open_services(rooms)
    plugin = make_plugin(time or own)
    plugins = found(plugin, listener)
    async with (
        open_storage(url) as prepare,
        open_plugins(config_of(tmp_path, text), found=plugins, prepare=prepare) as running,
    ):
        running.watch(OperationOffer(services.dispatcher))
        await running.start(rooms)
        assert set(running.running()) == {"scheduling", "listener"}, running.reports()
        yield Stage(running, services, rooms, plugin, own, heard)
