# SPDX-License-Identifier: Apache-2.0
"""With real rooms on a real worker: who is let in, what makes a class live, and how a room ends with its class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from podium.core import Plugin, RoomError, Rooms, open_plugins, open_rooms
from podium.core.identity import Caller
from podium.core.operations import open_services
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.plugin_events import EventOffer
from podium.core.plugins.storage import open_storage
from podium.plugins.scheduling import make_plugin
from podium.plugins.scheduling.desk import desk_of
from tests.builtin.scheduling.stage import EPOCH, SERVICE, Time, algebra
from tests.plugins.stand_ins import config_of, found

TEXT = (
    '[media]\nports = "0"\nworkers = 1\nannounced_addresses = ["127.0.0.1"]\n[plugins.scheduling]\n[plugins.listener]\n'
)


class Host:
    """The parts of a host that a test speaks to."""

    def __init__(self, rooms: Rooms, services: Any, time: Time, plugins: Any) -> None:
        self.rooms = rooms
        self.services = services
        self.time = time
        self.plugins = plugins
        self.tell, self.heard = trio.open_memory_channel[str](100)

    async def call(self, name: str, caller: Caller = SERVICE, **values: Any) -> Any:
        return await self.services.dispatcher.call(name, values, caller)

    def move_to(self, minutes: float) -> None:
        self.time.now = EPOCH + timedelta(minutes=minutes)
        desk_of(self.plugins.running()["scheduling"]).nudge()


@asynccontextmanager
async def running_host(tmp_path: Path) -> AsyncIterator[Host]:
    time, listener = Time(), Plugin("listener", version="1.0")
    host: Host

    @listener.hook
    async def session_changed(change: str) -> None:
        host.tell.send_nowait(change)

    config = config_of(tmp_path, TEXT)
    async with (
        open_storage(f"sqlite:///{tmp_path}/podium.db") as prepare,
        open_plugins(config, found=found(make_plugin(time), listener), prepare=prepare) as plugins,
        open_rooms(config, plugins.hooks) as rooms,
    ):
        services = open_services(rooms, config.auth)
        plugins.watch(OperationOffer(services.dispatcher))
        plugins.watch(EventOffer())
        host = Host(rooms, services, time, plugins)
        await plugins.start(rooms)
        yield host


async def test_a_class_from_the_link_to_its_end(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        scheduled = await host.call("ScheduleSession", **algebra())
        ann = scheduled.session.participants[0]
        with pytest.raises(RoomError, match="opens at") as early:
            await host.rooms.join("algebra", ann.participant_id, "Ann", invited=True)
        assert early.value.code == "too_early"
        assert host.rooms.views() == ()
        host.move_to(50)
        assert [await host.heard.receive() for _ in range(2)] == ["scheduled", "opened"]
        entry = await host.call("JoinSession", session_id="algebra", participant_id=ann.participant_id)
        participant = await host.rooms.join(entry.session_id, entry.participant_id, entry.display_name, invited=True)
        assert await host.heard.receive() == "live"
        host.move_to(131)
        assert (await participant.events.receive()).__class__.__name__ == "SessionEnding"
        host.move_to(135)
        assert await host.heard.receive() == "ended"
        told = [type(event).__name__ async for event in participant.events]
        assert told == ["SessionEnded", "Left"]
        assert participant.left_reason == "ended"
        assert host.rooms.views() == ()
        with pytest.raises(RoomError) as late:
            await host.rooms.join("algebra", ann.participant_id, "Ann", invited=True)
        assert late.value.code == "session_over"
