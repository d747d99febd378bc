# SPDX-License-Identifier: Apache-2.0
"""The chat of a running host, on both databases: who reads what, now and later, and what is deleted."""

from podium.core import MessageReceived
from podium.plugins.chat.events import ChatMessageDeleted
from tests.builtin.chat.people import join, outside
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost


async def test_messages_reach_those_whom_they_are_for_now_and_later(host: BuiltinHost) -> None:
    ida, ann, ben = await join(host, "Ida", "instructor"), await join(host, "Ann"), await join(host, "Ben")
    await ann.send("Hello <b>all</b>")
    await ann.send("I am lost", private=True)
    await ida.send("Page 7", to="ann")
    assert ida.heard() == ann.heard() == ["Hello <b>all</b>", "I am lost", "Page 7"]
    assert ben.heard() == ["Hello <b>all</b>"]

    asa, cat, ray = await join(host, "Asa", "assistant"), await join(host, "Cat"), await join(host, "Ray", "observer")
    for leading in (ida, asa, outside(host, "service"), outside(host, "administrator")):
        assert await leading.read() == ["Hello <b>all</b>", "I am lost", "Page 7"]
    assert await ann.read() == ["Hello <b>all</b>", "I am lost", "Page 7"]
    for other in (ben, cat, ray):
        assert await other.read() == ["Hello <b>all</b>"]
    page = await ann.call("ListChatMessages")
    assert [(each.private, each.to and each.to.display_name) for each in page.messages] == [
        (False, None),
        (True, None),
        (True, "Ann"),
    ]
    assert [each.sender.role for each in page.messages] == ["student", "student", "instructor"]


async def test_a_private_message_without_anybody_who_leads_is_there_when_they_come(host: BuiltinHost) -> None:
    ann, ben = await join(host, "Ann"), await join(host, "Ben")
    await ann.send("Is anybody there?", private=True)
    assert (ann.heard(), ben.heard()) == (["Is anybody there?"], [])
    ida = await join(host, "Ida", "instructor")
    assert (await ida.read(), await ben.read()) == (["Is anybody there?"], [])


async def test_pages_go_both_ways_and_hold_what_the_reader_may_see(host: BuiltinHost) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
    ids = [await ida.send(str(number), private=number % 3 == 2) for number in range(10)]
    assert await ann.read() == ["0", "1", "3", "4", "6", "7", "9"]
    last = await ann.call("ListChatMessages", limit=3)
    assert ([each.text for each in last.messages], last.more) == (["6", "7", "9"], True)
    assert await ann.read(before=last.messages[0].message_id, limit=3) == ["1", "3", "4"]
    assert await ann.read(after=ids[5], limit=2) == ["6", "7"]
    first = await ann.call("ListChatMessages", before=ids[2], limit=2)
    assert ([each.text for each in first.messages], first.more) == (["0", "1"], False)
    assert await ann.read(after=ids[9]) == []
    assert await ann.code("ListChatMessages", after=ids[0], before=ids[1]) == "page_invalid"
    assert await ann.code("ListChatMessages", after="nothing-of-this-id") == "message_unknown"


async def test_who_is_deleted_by_whom_and_what_stays(host: BuiltinHost) -> None:
    ida, ann, ben = await join(host, "Ida", "instructor"), await join(host, "Ann"), await join(host, "Ben")
    public, private, other = [
        await ann.send("oops"),
        await ann.send("secret", private=True),
        await ben.send("rude"),
    ]
    for each in (ida, ann, ben):
        each.told()
    assert await ben.code("DeleteChatMessage", message_id=public) == "forbidden"
    assert await ben.code("DeleteChatMessage", message_id=private) == "message_unknown"
    assert await ben.code("DeleteChatMessage", message_id="nothing-of-this-id") == "message_unknown"
    assert (await ann.call("DeleteChatMessage", message_id=public)).changed
    assert not (await ida.call("DeleteChatMessage", message_id=public)).changed
    assert (await ann.call("DeleteChatMessage", message_id=private)).changed
    assert (await ida.call("DeleteChatMessage", message_id=other)).changed

    def deleted(who: object) -> list[tuple[str, str | None]]:
        told = who.told()  # type: ignore[attr-defined]  # a Member
        assert all(isinstance(each, ChatMessageDeleted) for each in told)
        return [(each.message_id, each.deleted_by.display_name) for each in told]

    assert deleted(ida) == deleted(ann) == [(public, "Ann"), (private, "Ann"), (other, "Ida")]
    assert deleted(ben) == [(public, "Ann"), (other, "Ida")]
    page = await ben.call("ListChatMessages")
    assert [(each.text, each.deleted.participant_id) for each in page.messages] == [(None, "ann"), (None, "ida")]
    assert (await outside(host, "service").call("DeleteChatMessage", message_id=other)).changed is False


async def test_the_same_message_sent_twice_is_one(host: BuiltinHost) -> None:
    ann, ben = await join(host, "Ann"), await join(host, "Ben")
    own = "a-random-id-of-anns-own"
    assert await ann.send("Hello", message_id=own) == await ann.send("Hello", message_id=own) == own
    assert (ann.heard(), await ben.read()) == (["Hello"], ["Hello"])
    assert await ben.code("SendChatMessage", text="Mine", message_id=own) == "message_exists"
    assert ben.heard() == ["Hello"]


async def test_everything_is_as_before_when_the_host_runs_again(start_host: StartHost) -> None:
    async with start_host() as host:
        ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
        await ann.send("before")
        await ann.call("DeleteChatMessage", message_id=await ann.send("deleted"))
        await ida.call("UpdateChatRules", public="leaders")
    async with start_host() as host:
        ann = await join(host, "Ann")
        assert await ann.read() == ["before", None]
        assert await ann.code("SendChatMessage", text="after") == "chat_leaders_only"
        await ann.send("after", private=True)
        assert await ann.read() == ["before", None, "after"]


async def test_a_message_is_read_as_the_core_tells_all_messages(host: BuiltinHost) -> None:
    ida, ann = await join(host, "Ida", "instructor"), await join(host, "Ann")
    message_id = await ann.send("Hello", private=True)
    (event,) = ida.told()
    assert isinstance(event, MessageReceived)
    assert (event.message_id, event.topic, event.to) == (message_id, "chat", ("ann", "ida"))
