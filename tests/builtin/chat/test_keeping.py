# SPDX-License-Identifier: Apache-2.0
"""What is kept of chats: exports, the audit, rules of a series, and what is deleted after a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from trio.testing import wait_all_tasks_blocked

from podium.core import Event, Plugin, SessionView
from podium.core.plugins.discovery import Installed
from podium.plugins.chat import plugin, pruning
from podium.plugins.chat.events import ChatMessageRemoved, ChatMessageSent, ChatRulesUpdated
from podium.plugins.chat.tables import messages, rules
from tests.builtin.calendar.samples import session_at
from tests.builtin.chat.people import join, outside
from tests.builtin.host import BuiltinHost, running_host
from tests.plugins.stand_ins import Point


async def test_an_export_has_everything_that_may_be_in_it_during_the_class_and_afterwards(host: BuiltinHost) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
    await ann.send("Hello")
    await ann.send("I am lost", private=True)
    await ann.call("DeleteChatMessage", message_id=await ann.send("oops"))
    await ida.send("Page 7", to="ann")
    whole = (await ida.call("ExportChat")).messages
    assert [(each.text, each.deleted is not None) for each in whole] == [("Hello", False), (None, True)]

    host.rooms.close_room("algebra")
    await wait_all_tasks_blocked()
    assert len(host.context("chat").state.rooms) == 0
    for caller in (outside(host, "service"), outside(host, "administrator"), outside(host, "instructor", "ida")):
        part = await caller.call("ExportChat", private=True, limit=3)
        rest = await caller.call("ExportChat", private=True, limit=3, after=part.next)
        assert [each.text for each in (*part.messages, *rest.messages)] == ["Hello", "I am lost", None, "Page 7"]
        assert (rest.next, rest.text) == (None, "")
    assert await outside(host, "assistant").code("ExportChat") == "not_in_room"
    text = await outside(host, "service").call("ExportChat", format="text")
    assert text.messages == ()
    assert [line.split("] ")[1].split(" at ")[0] for line in text.text.splitlines()] == [
        "Ann (student): Hello",
        "Ann (student): (deleted by Ann",
    ]


async def test_the_audit_says_who_did_what_but_not_what_was_written(
    tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]
) -> None:
    emitted: list[Event] = []
    listener = Plugin("listener", version="1.0")

    @listener.hook
    async def event_emitted(plugin: str, event: Event) -> None:
        if plugin == "chat":
            emitted.append(event)

    found = {**builtins, "listener": Installed(Point.to("listener", listener), "listener", "1.0")}
    async with running_host(tmp_path, database_url, found) as host:
        ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
        public, private = await ann.send("four"), await ida.send("12345", to="ann")
        await ida.call("DeleteChatMessage", message_id=public)
        await ida.call("DeleteChatMessage", message_id=public)
        await ida.call("UpdateChatRules", private=False)
        await ida.call("UpdateChatRules", private=False)
        await ann.code("SendChatMessage", text="x", private=True)
        await wait_all_tasks_blocked()
    common: dict[str, Any] = {"session_id": "algebra", "actor_id": "ida"}
    assert emitted == [
        ChatMessageSent(
            session_id="algebra", actor_id="ann", participant_id=None, message_id=public, length=4, private=False
        ),
        ChatMessageSent(**common, participant_id="ann", message_id=private, length=5, private=True),
        ChatMessageRemoved(**common, participant_id="ann", message_id=public, private=False),
        ChatRulesUpdated(**common, enabled=True, public="everybody", private=False),
    ]


class Timetable:
    """Stands for scheduling: a series with the classes `algebra` and `algebra-2`."""

    def __init__(self) -> None:
        self.plugin = Plugin("timetable", version="1.0")
        self.series = msgspec.structs.replace(session_at("2026-11-23T09:00", state="live"), session_id="series")

        @self.plugin.hook
        async def session_wanted(session_id: str) -> SessionView | None:
            return self.series if session_id in ("series", "algebra", "algebra-2") else None

    def among(self, others: Mapping[str, Installed]) -> dict[str, Installed]:
        return {**others, "timetable": Installed(Point.to("timetable", self.plugin), "timetable", "1.0")}


async def test_a_class_has_the_rules_of_its_series_unless_it_has_its_own(
    tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]
) -> None:
    timetable = Timetable()
    async with running_host(tmp_path, database_url, timetable.among(builtins)) as host:
        service = outside(host, "service")
        await service.call("UpdateChatRules", session_id="series", public="leaders")
        ida, ben = await join(host, "Ida", "instructor"), await join(host, "Ben", session_id="algebra-2")
        assert (await ida.call("GetChatRules")).public == "leaders"
        assert (await ben.call("GetChatRules", session_id="algebra-2")).public == "leaders"
        await ida.call("UpdateChatRules", public="everybody")
        for each in (ida, ben):
            each.told()

        await service.call("UpdateChatRules", session_id="series", private=False)
        assert (ida.told(), len(ben.told())) == ([], 1)
        assert (await ben.call("GetChatRules", session_id="algebra-2")).private is False
        assert (await ida.call("GetChatRules")).private is True

        for over in ("ended", "cancelled"):
            timetable.series = msgspec.structs.replace(timetable.series, state=over)
            for each in (service, ida):
                assert await each.code("UpdateChatRules", enabled=False) == "session_over"


async def test_what_is_old_is_deleted_a_little_at_a_time(
    tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]
) -> None:
    timetable = Timetable()
    async with running_host(tmp_path, database_url, timetable.among(builtins)) as host:
        context, service = host.context("chat"), outside(host, "service")
        ida = await join(host, "Ida", "instructor")
        for number in range(5):
            await ida.send(str(number))
        for session_id in ("series", "botany", "physics"):
            await service.call("UpdateChatRules", session_id=session_id, private=False)

        def age(session: Session) -> None:
            long_ago = datetime.now(UTC) - timedelta(days=91)
            session.execute(sa.update(messages).where(messages.c.number <= 3).values(at=long_ago))
            session.execute(sa.update(rules).where(rules.c.session_id != "physics").values(updated_at=long_ago))

        await context.database.run(age)
        assert [await pruning.prune_messages(context, 2) for _ in range(3)] == [2, 1, 0]
        assert await ida.read() == ["3", "4"]
        await ida.send("5")
        assert await ida.read() == ["3", "4", "5"]
        await pruning.prune_rules(context, 1)
        kept = await context.database.read(lambda session: list(session.scalars(sa.select(rules.c.session_id))))
        assert sorted(kept) == ["physics", "series"]


@pytest.mark.parametrize("setting", ["burst = 0", "pace = 0.0", 'public = "nobody"', "max_messages = 0"])
def test_settings_that_make_no_sense_are_refused(setting: str) -> None:
    name, value = setting.split(" = ")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({name: msgspec.json.decode(value)}, plugin.config)
