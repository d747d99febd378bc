# SPDX-License-Identifier: Apache-2.0
"""What is kept is what was told: with plugins that refuse or take their time, a database that fails, many at once."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
import trio
from sqlalchemy.orm import Session

from podium.core import DatabaseError, Message, Plugin, Veto
from podium.core.plugins.discovery import Installed
from podium.plugins.chat import store
from podium.plugins.chat.requests import ChatMessage
from tests.builtin.chat.people import join
from tests.builtin.host import BuiltinHost, running_host
from tests.plugins.stand_ins import Point


class Judge:
    """A plugin that refuses what is impolite, and looks at what is doubtful for as long as a test wants."""

    def __init__(self) -> None:
        self.looks = defaultdict[str, trio.Event](trio.Event)
        self.has_looked = trio.Event()
        self.plugin = Plugin("judge", version="1.0")

        @self.plugin.hook
        async def message_sending(message: Message) -> Veto | None:
            if "hmm" in message.text:
                self.looks[message.text].set()
                await self.has_looked.wait()
            return Veto("be polite", "impolite") if "damn" in message.text else None

    def among(self, others: Mapping[str, Installed]) -> dict[str, Installed]:
        return {**others, "judge": Installed(Point.to("judge", self.plugin), "judge", "1.0")}


async def test_what_another_plugin_refuses_is_neither_told_nor_kept(
    tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]
) -> None:
    async with running_host(tmp_path, database_url, Judge().among(builtins)) as host:
        ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
        assert await ann.code("SendChatMessage", text="damn") == "impolite"
        await ann.send("sorry")
        assert (ida.heard(), await ida.read()) == (["sorry"], ["sorry"])
        page = host.plugins.metrics.page()[0].decode()
        assert 'podium_chat_refused_total{code="other"} 1.0' in page
        assert 'podium_chat_messages_total{kind="public"} 1.0' in page
        assert 'podium_chat_messages_total{kind="private"} 0.0' in page


async def test_while_one_message_is_judged_others_go_on_and_rules_may_change(
    tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]
) -> None:
    judge = Judge()
    codes: list[str] = []
    async with running_host(tmp_path, database_url, judge.among(builtins)) as host:
        ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")

        async def write(text: str, *, private: bool) -> None:
            codes.append(await ann.code("SendChatMessage", text=text, private=private))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: write("hmm, all", private=False))
            nursery.start_soon(lambda: write("hmm, you", private=True))
            for text in ("hmm, all", "hmm, you"):
                await judge.looks[text].wait()
            await ida.send("quick")
            assert await ida.read() == ["quick"]
            await ida.call("UpdateChatRules", public="leaders")
            asa = await join(host, "Asa", "assistant")
            judge.has_looked.set()
        assert sorted(codes) == ["chat_leaders_only", "ok"]
        assert ida.heard() == ["quick", "hmm, you"]
        assert (asa.heard(), await asa.read()) == (["hmm, you"], ["quick", "hmm, you"])


async def test_what_cannot_be_kept_is_not_told(host: BuiltinHost, monkeypatch: pytest.MonkeyPatch) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")

    def fail(session: Session, session_id: str, message: ChatMessage, most: int) -> None:
        raise DatabaseError("database_unavailable", "no disk")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add", fail)
        assert await ann.code("SendChatMessage", text="lost") == "database_unavailable"
    await ann.send("found")
    assert (ida.heard(), await ida.read()) == (["found"], ["found"])


async def test_everybody_reads_in_the_order_that_is_kept(host: BuiltinHost) -> None:
    people = [await join(host, name) for name in ("Ann", "Ben", "Cat", "Dan")]
    async with trio.open_nursery() as nursery:
        for number in range(5):
            for each in people:
                nursery.start_soon(each.send, f"{each.caller.subject} {number}")
    orders = [each.heard() for each in people]
    assert len(orders[0]) == 20
    assert all(order == orders[0] for order in orders)
    assert await people[0].read() == orders[0]
