# SPDX-License-Identifier: Apache-2.0
"""Waiting to be let in, as the signaling socket of a running host has it."""

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import _fastpath
from podium.core.events import Event, Speaking
from podium.core.plugins.context import PluginContext
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.messages import Message
from podium.core.rooms.observer import ParticipantView, Wait
from podium.core.rooms.rooms import Rooms
from podium.hosts.web.server import serve_rooms
from tests.plugins.test_rooms import host as plugin_host
from tests.rooms.fake_worker import FakeWorker
from tests.rooms.test_rooms import events, native, publish
from tests.web.conftest import connect
from tests.web.test_signalling import closed

__all__ = ["native"]  # the stand-in for media, which pytest finds here

OFFER = {"sdp": "v=0"}


class Applause(Event, frozen=True, kw_only=True):
    """Said by a plugin."""


async def wait(client: Any, name: str = "ann", **fields: Any) -> dict[str, Any]:
    """Join, and be told to wait."""
    told: dict[str, Any] = await client.join(name.title(), participant_id=name, **fields)
    assert told["type"] == "Waiting"
    return told


def admit(host: Any, name: str = "ann") -> None:
    host.rooms.wait = None
    assert host.rooms.anteroom.admit("algebra", name)


def waiting(host: Any) -> list[str]:
    return [each.participant_id for each in host.rooms.anteroom.waiting("algebra")]


@pytest.fixture
def host_with_door(host: Any) -> Any:
    host.rooms.wait = "the instructor will let you in"
    return host


async def test_a_join_that_waits_is_answered_at_once_and_again_when_it_is_decided(host_with_door: Any) -> None:
    host = host_with_door
    async with host.connect() as ann:
        assert await wait(ann) == {
            "type": "Waiting",
            "session_id": "algebra",
            "participant_id": "ann",
            "message": "the instructor will let you in",
        }
        admit(host)
        assert (await ann.receive())["type"] == "Joined"
        assert (await ann.ask("Offer", **OFFER))["type"] == "Answer"


async def test_whoever_has_no_id_and_no_token_is_told_one_to_come_back_with(host_with_door: Any) -> None:
    async with host_with_door.connect() as ann:
        told = await ann.join("Ann")
        assert told["type"] == "Waiting"
        assert waiting(host_with_door) == [told["participant_id"]]


async def test_a_message_that_changes_is_told(host_with_door: Any) -> None:
    host = host_with_door
    async with host.connect() as ann:
        await wait(ann)
        host.rooms.wait = "a minute more"
        host.rooms.anteroom.ask_all()
        assert (await ann.receive())["message"] == "a minute more"


async def test_who_waits_reads_nothing_of_those_inside(host: Any) -> None:
    async with host.connect() as ada, host.connect() as ann, host.connect() as ben:
        await ada.join("Ada", participant_id="ada")
        host.rooms.wait = "the instructor will let you in"
        await wait(ann)
        host.rooms.wait = None
        await ben.join("Ben", participant_id="ben")
        for each in host.rooms.present.values():
            each.tell(Speaking(participant_id="ada"))
        await ben.receive_type("Speaking")
        await ben.send("Mute", source="microphone", muted=True)
        await ben.send("Leave")
        await ada.receive_type("ParticipantLeft")
        assert await ann.ask("Ping", id=1) == {"type": "Pong", "id": 1}  # and nothing came before it


async def test_nothing_is_in_turn_while_one_waits_but_pings_and_leaving(host_with_door: Any) -> None:
    host = host_with_door
    async with host.connect() as ann:
        await wait(ann)
        assert await ann.ask("Ping", id=3) == {"type": "Pong", "id": 3}
        await ann.send("Pong", id=1)
        assert (await ann.ask("Offer", **OFFER))["code"] == "join_first"
        assert (await ann.ask("Mute", source="camera", muted=True))["code"] == "join_first"
        asked = await ann.ask("ListRooms", request_id="7")
        assert (asked["code"], asked["request_id"]) == ("join_first", "7")
        assert (await ann.join("Ann"))["code"] == "already_joined"
        assert waiting(host) == ["ann"]
        await ann.send("Leave")
        assert await closed(ann) == 1000
    assert waiting(host) == []


async def test_a_refusal_leaves_the_socket_open_for_another_attempt(host_with_door: Any) -> None:
    host = host_with_door
    async with host.connect() as ann:
        await wait(ann)
        host.rooms.anteroom.turn_away("algebra", "ann", "not_today", "come tomorrow")
        assert await ann.receive() == {
            "type": "Error",
            "code": "not_today",
            "message": "come tomorrow",
            "field": None,
            "about": "Join",
        }
        await wait(ann)
        admit(host)
        assert (await ann.receive())["type"] == "Joined"


@pytest.mark.parametrize("break_off", [False, True])
async def test_hanging_up_ends_the_waiting(host_with_door: Any, break_off: bool) -> None:
    host = host_with_door
    async with host.connect() as ann, host.connect() as ben:
        await wait(ann)
        await wait(ben, "ben")
        if break_off:
            await ann.socket._stream.aclose()  # without the closing handshake
        else:
            await ann.socket.aclose()
        while waiting(host) != ["ben"]:
            await wait_all_tasks_blocked()
        admit(host, "ben")
        assert (await ben.receive())["participants"] == []


async def test_waiting_elsewhere_ends_the_earlier_connection(host_with_door: Any) -> None:
    host = host_with_door
    async with host.connect() as first, host.connect() as second:
        await wait(first)
        await wait(second)
        assert await first.receive() == {"type": "Left", "reason": "replaced"}
        assert await closed(first) == 1000
        admit(host)
        assert (await second.receive())["type"] == "Joined"


@pytest.mark.parametrize("rooms_first", [False, True])
async def test_stopping_tells_those_who_wait_to_come_back(host_with_door: Any, rooms_first: bool) -> None:
    async with host_with_door.connect() as ann:
        await wait(ann)
        if rooms_first:
            host_with_door.rooms.anteroom.close()
        else:
            host_with_door.stop()
        assert await closed(ann) == 1012


async def test_what_is_sent_behind_a_join_is_acted_upon_after_it(host: Any) -> None:
    async with host.connect() as ann:
        await ann.send("Join", session_id="algebra", display_name="Ann")
        await ann.send("Offer", **OFFER)
        await ann.send("Ping")
        assert [(await ann.receive())["type"] for _ in range(3)] == ["Joined", "Answer", "Pong"]


async def test_whoever_waits_is_pinged(host_with_door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.hosts.web.signalling.PING_EVERY", 0.01)
    monkeypatch.setattr("podium.hosts.web.signalling.CHECK_EVERY", 0.01)
    monkeypatch.setattr("podium.hosts.web.conversation.JOIN_WITHIN", 0.0)
    host_with_door.rooms.wait = None
    async with host_with_door.connect() as ben:
        assert await closed(ben) == 1008  # nobody joined in time
    host_with_door.rooms.wait = "the instructor will let you in"
    monkeypatch.setattr("podium.hosts.web.conversation.JOIN_WITHIN", 10.0)
    async with host_with_door.connect() as ann:
        await wait(ann)
        monkeypatch.setattr("podium.hosts.web.conversation.JOIN_WITHIN", 0.0)
        assert [(await ann.receive())["id"] for _ in range(3)] == [1, 2, 3]


async def everything_happens(rooms: Rooms, worker: FakeWorker, context: PluginContext) -> None:
    """In a room: people come, show themselves, speak, write, are muted, sent messages and leave."""
    ada, ben = await rooms.join("algebra", "ada", "Ada", "instructor"), await rooms.join("algebra", "ben", "Ben")
    transport = await publish(ben)
    source = transport.sources[0]
    worker.inject(source.started())
    await wait_all_tasks_blocked()
    worker.inject(_fastpath.Event(_fastpath.EVENT_SPEAKER, worker.rooms[0].id, source.id, None, b""))
    await wait_all_tasks_blocked()
    context.rooms.send("algebra", Applause())
    await context.rooms.send_message(Message(session_id="algebra", topic="chat", text="Hello"))
    ben.set_muted("camera", True)
    ben.leave()
    told = {type(event).__name__ for event in events(ada)}
    assert {"ParticipantJoined", "TrackPublished", "Speaking", "Applause", "MessageReceived", "TrackMuted"} <= told


async def test_nothing_of_a_real_class_reaches_who_waits_for_it(tmp_path: Path, native: list[FakeWorker]) -> None:
    plugin = Plugin("doorman", version="1.0")
    plugin.event(Applause)

    @plugin.hook
    async def participant_joining(participant: ParticipantView) -> Wait | None:
        return Wait("please wait") if participant.participant_id == "ann" else None

    async with plugin_host(tmp_path, plugin) as (plugins, rooms), trio.open_nursery() as nursery:
        context = plugins.running()["doorman"]
        info = await nursery.start(serve_rooms, rooms, "127.0.0.1", 0)
        async with connect(info.port) as ann:
            await wait(ann)
            await everything_happens(rooms, native[0], context)
            with pytest.raises(RoomError, match="nobody with id 'ann'"):
                context.rooms.send("algebra", Applause(), participant_id="ann")
            with pytest.raises(RoomError, match="nobody with id 'ann'"):
                await context.rooms.send_message(Message(session_id="algebra", topic="chat", text="Psst", to=("ann",)))
            assert await ann.ask("Ping", id=1) == {"type": "Pong", "id": 1}  # and nothing came before it
            context.rooms.end_session("algebra")
            refused = await ann.receive()
            assert (refused["code"], refused["about"]) == ("session_ended", "Join")
        nursery.cancel_scope.cancel()
