# SPDX-License-Identifier: Apache-2.0
"""Who may do what in a chat, and what happens when that changes."""

from typing import Any

import pytest

from podium.core import ROLES, PodiumError
from podium.core.identity import CALLER_ROLES, CallerRole
from podium.plugins.chat.events import ChatRulesChanged
from podium.plugins.chat.requests import ChatRules
from tests.builtin.chat.people import join, outside
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost

ASKED: dict[str, dict[str, Any]] = {
    "SendChatMessage": {"text": "Hello"},
    "ListChatMessages": {},
    "DeleteChatMessage": {"message_id": "nothing-of-this-id"},
    "GetChatRules": {},
    "UpdateChatRules": {"public": "everybody"},
    "ExportChat": {},
}
INSIDE = {
    "SendChatMessage": {"instructor": "ok", "assistant": "ok", "student": "ok", "observer": "observers_read"},
    "ListChatMessages": dict.fromkeys(ROLES, "ok"),
    "DeleteChatMessage": dict.fromkeys(ROLES, "message_unknown"),
    "GetChatRules": dict.fromkeys(ROLES, "ok"),
    "UpdateChatRules": {"instructor": "ok", "assistant": "ok", "student": "forbidden", "observer": "forbidden"},
    "ExportChat": {"instructor": "ok", "assistant": "ok", "student": "forbidden", "observer": "forbidden"},
}
ABOVE = {**dict.fromkeys(ASKED, "ok"), "SendChatMessage": "forbidden", "DeleteChatMessage": "message_unknown"}


def answer_outside(operation: str, role: CallerRole, is_open: bool) -> str:
    """What somebody is told who is not in the room."""
    if role == "anonymous":
        return "unauthenticated"
    if role not in ROLES:
        return ABOVE[operation]
    if INSIDE[operation][role] == "forbidden":
        return "forbidden"
    may = ("ExportChat", "GetChatRules", "UpdateChatRules") if is_open else ("ExportChat",)
    return "ok" if role == "instructor" and operation in may else "not_in_room"


async def test_each_operation_for_each_role_inside_and_outside(host: BuiltinHost) -> None:
    for is_open in (False, True):
        if is_open:
            members = {role: await join(host, role.title(), role) for role in CALLER_ROLES if role in ROLES}
            found = {name: {role: await members[role].code(name, **ASKED[name]) for role in members} for name in ASKED}
            assert found == INSIDE
        for role in CALLER_ROLES:
            eve = outside(host, role)
            answers = {name: await eve.code(name, **ASKED[name]) for name in ASKED}
            assert answers == {name: answer_outside(name, role, is_open) for name in ASKED}, role


async def test_rules_hold_at_once_and_are_told_to_everybody(host: BuiltinHost) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
    assert await ann.call("GetChatRules") == ChatRules(enabled=True, public="everybody", private=True)
    await ann.send("one")
    ann.told()

    updated = await ida.call("UpdateChatRules", public="leaders")
    leaders_only = ChatRules(enabled=True, public="leaders", private=True)
    assert (updated.rules, updated.changed) == (leaders_only, True)
    assert ann.told() == [ChatRulesChanged(rules=leaders_only)]
    assert not (await ida.call("UpdateChatRules", public="leaders")).changed
    assert await ann.code("SendChatMessage", text="two") == "chat_leaders_only"
    await ann.send("two", private=True)
    await ida.send("three")
    assert await ann.code("SendChatMessage", text="x", to="ida") == "forbidden"

    await ida.call("UpdateChatRules", private=False)
    assert await ann.code("SendChatMessage", text="x", private=True) == "chat_private_off"
    await ida.send("four", to="ann")

    await ida.call("UpdateChatRules", enabled=False)
    assert [await ann.code(name, **ASKED[name]) for name in ("SendChatMessage", "ListChatMessages")] == ["chat_off"] * 2
    assert await ida.code("SendChatMessage", text="x") == "chat_off"
    assert await ida.read() == ["one", "two", "three", "four"]
    assert len((await ida.call("ExportChat")).messages) == 2
    await ida.call("UpdateChatRules", enabled=True)
    assert await ann.read() == ["one", "two", "three", "four"]


async def test_what_does_not_fit_is_refused(host: BuiltinHost) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
    await join(host, "Ben")
    assert await ann.code("SendChatMessage", text="a\0b") == "text_invalid"
    assert await ann.code("SendChatMessage", text="x" * 4001) == "field_invalid"
    assert await ida.code("SendChatMessage", text="x", to="nobody") == "participant_unknown"
    assert await ida.code("SendChatMessage", text="x", to="ida") == "to_invalid"
    assert await ann.code("SendChatMessage", text="x", to="ben") == "forbidden"
    assert await ida.read() == []


async def test_who_writes_too_fast_has_to_wait_and_those_who_lead_less(start_host: StartHost) -> None:
    settings = "burst = 2\npace = 3600\nleader_burst = 4\nleader_pace = 3600\n"
    async with start_host(settings={"chat": settings}) as host:
        ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
        assert [await ann.code("SendChatMessage", text="x") for _ in range(3)] == ["ok", "ok", "too_many_messages"]
        assert [await ida.code("SendChatMessage", text="x") for _ in range(5)] == ["ok"] * 4 + ["too_many_messages"]
        with pytest.raises(PodiumError, match="too fast"):
            await ann.send("x")


async def test_a_class_has_so_many_messages_and_no_more(start_host: StartHost) -> None:
    async with start_host(settings={"chat": "max_messages = 3\non_by_default = false\n"}) as host:
        ida = await join(host, "Ida", "instructor")
        assert await ida.code("SendChatMessage", text="x") == "chat_off"
        await ida.call("UpdateChatRules", enabled=True)
        ids = [await ida.send(str(number)) for number in range(3)]
        ida.told()
        await ida.call("DeleteChatMessage", message_id=ids[0])
        assert await ida.code("SendChatMessage", text="x") == "chat_full"
        assert (ida.heard(), await ida.read()) == ([], [None, "1", "2"])
        other = await join(host, "Ida", "instructor", "botany")
        await other.call("UpdateChatRules", session_id="botany", enabled=True)
        await other.send("x", session_id="botany")
