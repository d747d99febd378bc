# SPDX-License-Identifier: Apache-2.0
"""Messages: who reads them, which are refused, and what plugins have to say about that."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.events import Event, MessageReceived, MessageSender
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.messages import MAX_TEXT, Message
from podium.core.rooms.observer import ParticipantView, RoomView, Veto
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms
from tests.plugins.test_rooms import host, native

__all__ = ["native"]

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
ANN = ParticipantView(participant_id="ann", display_name="Ann", role="student")
HELLO = Message(session_id="math", text="Hello", sender=ANN, message_id="m1", at=NOON)


async def people(rooms: Rooms) -> list[LocalParticipant]:
    return [await rooms.join("math", name, name.title()) for name in ("ann", "bob", "cat")]


def messages(participant: LocalParticipant) -> list[MessageReceived]:
    told: list[Event] = []
    while participant.events.statistics().current_buffer_used:
        told.append(participant.events.receive_nowait())
    return [event for event in told if isinstance(event, MessageReceived)]


async def test_a_message_reaches_everybody_and_its_author(tmp_path: Path) -> None:
    async with host(tmp_path, Plugin("chat", version="1.0")) as (manager, rooms):
        everybody = await people(rooms)
        await manager.running()["chat"].rooms.send_message(HELLO)
        sender = MessageSender(participant_id="ann", display_name="Ann", role="student")
        expected = MessageReceived(message_id="m1", topic="chat", text="Hello", sender=sender, at=NOON)
        assert [messages(each) for each in everybody] == [[expected]] * 3
        text = msgspec.json.encode(expected).decode()
        assert '"type":"MessageReceived"' in text
        assert '"at":"2030-05-01T12:00:00Z"' in text


async def test_a_private_message_reaches_whom_it_names_and_its_author(tmp_path: Path) -> None:
    async with host(tmp_path) as (_, rooms):
        ann, bob, cat = await people(rooms)
        await rooms.send_message(msgspec.structs.replace(HELLO, to=("cat",)))
        assert [len(messages(each)) for each in (ann, bob, cat)] == [1, 0, 1]


async def test_the_host_itself_may_speak_and_times_are_told_in_utc(tmp_path: Path) -> None:
    async with host(tmp_path) as (_, rooms):
        ann, bob, _ = await people(rooms)
        berlin = NOON.astimezone(timezone(timedelta(hours=2)))
        await rooms.send_message(
            Message(session_id="math", text="Ten minutes left", topic="notice", to=("bob",), at=berlin)
        )
        assert messages(ann) == []
        (told,) = messages(bob)
        assert (told.sender, told.topic, told.at, told.at.utcoffset()) == (None, "notice", NOON, timedelta(0))


def test_ids_and_times_are_made_up() -> None:
    first, second = (Message(session_id="math", text="Hello") for _ in range(2))
    assert first.message_id != second.message_id
    assert first.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"text": ""}, "text_invalid", "text"),
        ({"text": " \n"}, "text_invalid", "text"),
        ({"text": "half \ud800"}, "text_invalid", "text"),
        ({"text": "x" * (MAX_TEXT + 1)}, "text_invalid", "text"),
        ({"topic": "no spaces"}, "id_invalid", "topic"),
        ({"message_id": ""}, "id_invalid", "message_id"),
        ({"to": ("ann", "eve")}, "participant_unknown", "to"),
        ({"at": datetime(2030, 5, 1)}, "time_invalid", "at"),
        ({"session_id": "art"}, "room_unknown", "session_id"),
    ],
)
async def test_what_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], code: str, field: str) -> None:
    async with host(tmp_path) as (_, rooms):
        everybody = await people(rooms)
        with pytest.raises(RoomError) as refused:
            await rooms.send_message(msgspec.structs.replace(HELLO, **change))
        assert (refused.value.code, refused.value.field) == (code, field)
        assert [messages(each) for each in everybody] == [[], [], []]


async def test_plugins_may_refuse_and_are_told_of_what_was_sent(tmp_path: Path) -> None:
    log: list[tuple[str, str]] = []
    plugin = Plugin("polite", version="1.0")

    @plugin.hook
    async def message_sending(room: RoomView, message: Message) -> Veto | None:
        return Veto("be polite", "impolite") if "damn" in message.text else None

    @plugin.hook
    async def message_sent(room: RoomView, message: Message) -> None:
        log.append((room.session_id, message.text))

    async with host(tmp_path, plugin) as (_, rooms):
        everybody = await people(rooms)
        with pytest.raises(RoomError, match="be polite") as refused:
            await rooms.send_message(msgspec.structs.replace(HELLO, text="damn"))
        assert refused.value.code == "impolite"
        await rooms.send_message(HELLO)
        await wait_all_tasks_blocked()
        assert [len(messages(each)) for each in everybody] == [1, 1, 1]
        assert log == [("math", "Hello")]


async def test_who_leaves_while_plugins_think_is_not_told(tmp_path: Path, mock_clock: MockClock) -> None:
    go_on = trio.Event()
    slow = Plugin("slow", version="1.0")

    @slow.hook
    async def message_sending(message: Message) -> Veto | None:
        await go_on.wait()
        return None

    async with host(tmp_path, slow) as (_, rooms):
        ann, bob, cat = await people(rooms)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rooms.send_message, HELLO)
            await wait_all_tasks_blocked()
            bob.leave()
            go_on.set()
        assert [len(messages(each)) for each in (ann, bob, cat)] == [1, 0, 1]


async def test_a_plugin_that_fails_refuses_messages(tmp_path: Path) -> None:
    broken = Plugin("broken", version="1.0")

    @broken.hook
    async def message_sending(message: Message) -> Veto | None:
        raise ValueError("my fault")

    async with host(tmp_path, broken) as (_, rooms):
        await people(rooms)
        with pytest.raises(RoomError) as refused:
            await rooms.send_message(HELLO)
        assert refused.value.code == "undecided"


async def test_a_message_is_kept_after_the_last_consent_and_before_anybody_is_told(tmp_path: Path) -> None:
    plugin = Plugin("polite", version="1.0")
    kept: list[tuple[str, int]] = []

    @plugin.hook
    async def message_sending(room: RoomView, message: Message) -> Veto | None:
        return Veto("be polite", "impolite") if "damn" in message.text else None

    async with host(tmp_path, plugin) as (manager, rooms):
        everybody = await people(rooms)
        access = manager.running()["polite"].rooms

        async def keep(message: Message) -> None:
            kept.append((message.text, sum(len(messages(each)) for each in everybody)))
            if message.text == "lost":
                raise OSError("the disk is full")

        await access.send_message(HELLO, keep=keep)
        assert [len(messages(each)) for each in everybody] == [1, 1, 1]
        with pytest.raises(RoomError, match="be polite"):
            await access.send_message(msgspec.structs.replace(HELLO, text="damn"), keep=keep)
        with pytest.raises(OSError, match="disk"):
            await access.send_message(msgspec.structs.replace(HELLO, text="lost"), keep=keep)
        assert [messages(each) for each in everybody] == [[], [], []]
        assert kept == [("Hello", 0), ("lost", 0)]
