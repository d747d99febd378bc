# SPDX-License-Identifier: Apache-2.0
"""The host restarts in the middle of a class: what moderation, sharing and chat know of it is as before, all at once.

Each plugin's own tests say more of this; here they meet again in the same moment, before anybody leads the class.
"""

from collections.abc import Mapping
from typing import Any

import pytest
import trio

from podium.core.plugins.discovery import Installed
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost
from tests.builtin.moderation.people import ROOM, SERVICE, Somebody, ticket, waiter

NEEDED = ("chat", "moderation", "screenshare")


@pytest.fixture(autouse=True)
def _with_all_of_them(builtins: Mapping[str, Installed]) -> None:
    if off := [name for name in NEEDED if name not in builtins]:
        pytest.skip(f"{', '.join(off)} is off in this run")


async def seen(host: BuiltinHost) -> dict[str, Any]:
    """How the class stands, as a service is told."""

    async def ask(operation: str) -> Any:
        return await host.call(operation, SERVICE, session_id=ROOM)

    moderation, rules, history = await ask("GetModeration"), await ask("GetScreenShareRules"), await ask("ExportChat")
    return {
        "door": (moderation.locked, moderation.waiting_room, moderation.spotlight),
        "waiting": [(each.participant_id, each.since) for each in moderation.waiting],
        "hands": moderation.hands,
        "excluded": moderation.excluded,
        "share rules": (rules.who, rules.mode, rules.takeover, rules.allowed),
        "shares": [
            (each.share_id, each.participant_id, each.started_at) for each in (await ask("ListScreenShares")).shares
        ],
        "chat rules": await ask("GetChatRules"),
        "chat": history.messages,
        "people": {
            each.participant_id: (each.role, set(each.blocked) - {"screen"}) for each in host.rooms.participants(ROOM)
        },
    }


def blocked(host: BuiltinHost, participant_id: str) -> set[str]:
    """What of somebody reaches nobody, whichever plugin says so."""
    people = {each.participant_id: each for each in host.rooms.participants(ROOM)}
    return set(people[participant_id].blocked)


async def test_a_class_goes_on_as_it_was(start_host: StartHost) -> None:
    async with start_host() as host, trio.open_nursery() as nursery:
        ada = await Somebody(host, "ada", "instructor").join()
        people = {name: await Somebody(host, name).join() for name in ("ann", "ben", "eve", "kim", "may")}
        await ada.call("MuteParticipant", participant_id="ben")
        await ada.call("PromoteParticipant", participant_id="eve")
        await ada.call("SpotlightParticipant", participant_id="ann")
        await ada.call("UpdateScreenShareRules", who="request", mode="several")
        await ada.call("AllowScreenShare", participant_id="ben", allowed=True)
        await ada.call("UpdateChatRules", public="leaders")
        for name in ("ben", "ann"):
            await people[name].call("RaiseHand")
        for name in ("ada", "ben", "eve"):
            await (ada if name == "ada" else people[name]).call("StartScreenShare")
        await ada.call("SendChatMessage", text="welcome")
        await people["kim"].call("SendChatMessage", text="to those who lead", private=True)
        gone = await people["eve"].call("SendChatMessage", text="deleted")
        await ada.call("DeleteChatMessage", message_id=gone.message_id)
        await ada.call("KickParticipant", participant_id="kim", reason="noise")
        await ada.call("BanParticipant", participant_id="may")
        await ada.call("SetWaitingRoom", enabled=True)
        await waiter(nursery, Somebody(host, "wes"))
        await waiter(nursery, Somebody(host, "pam"))
        await ada.call("LockRoom", locked=True)
        before = await seen(host)
        nursery.cancel_scope.cancel()

    async with start_host() as host, trio.open_nursery() as nursery:
        await waiter(nursery, Somebody(host, "pam"))
        for name in ("kim", "may", "new"):
            code = {"kim": "kicked", "may": "banned", "new": "room_locked"}[name]
            assert await Somebody(host, name).refusal() == code
        people = {name: await Somebody(host, name).join() for name in ("ben", "ann", "eve")}
        assert blocked(host, "ben") == {"microphone", "screen"}
        for name, code in {"ben": "ok", "ann": "share_not_allowed", "eve": "ok"}.items():
            if code == "ok":
                assert (await people[name].call("StartScreenShare")).changed
            else:
                assert await people[name].refused("StartScreenShare") == code
        assert await people["ann"].refused("SendChatMessage", text="hello") == "chat_leaders_only"
        assert [each.text for each in (await people["ann"].call("ListChatMessages")).messages] == ["welcome", None]
        assert people["eve"].role_now() == "assistant"  # and so reads what was private to those who lead
        assert len((await people["eve"].call("ListChatMessages")).messages) == 3
        ada = await Somebody(host, "ada", "instructor").join()
        listed = (await ada.call("ListScreenShares")).shares
        assert {each.participant_id: each.interrupted for each in listed} == {"ada": True, "ben": False, "eve": False}
        await ada.call("StartScreenShare")
        assert await seen(host) == before
        assert blocked(host, "ben") == {"microphone"}
        with pytest.raises(Exception, match="noise"):
            await host.services.identities.authenticate(await ticket(host, "kim"))
        nursery.cancel_scope.cancel()
