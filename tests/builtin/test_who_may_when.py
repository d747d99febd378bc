# SPDX-License-Identifier: Apache-2.0
"""Every operation of those who run a class, by everybody, in every state of a session: allowed, or refused with a code.

The table is in `who_may_table`, the people in `who_may_people`. Here is how each operation is called, what has to be so
before it, and how it is undone, so that every call begins from the same situation. Refused calls come first, and must
not have changed anything. All that differs from the table is reported at once.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from podium.core import PodiumError
from podium.core.plugins.discovery import Installed
from podium.plugins.scheduling import make_plugin
from tests.builtin.host import BuiltinHost, running_host
from tests.builtin.scheduling.stage import Time
from tests.builtin.shipped import shipped
from tests.builtin.who_may_people import ELSEWHERE, IN_ROOM, VICTIM, Scene
from tests.builtin.who_may_table import CHAT, MODERATION, SCREENSHARE, SESSIONS, outcomes
from tests.plugins.stand_ins import found

Step = Callable[[Scene], Awaitable[Any]]
Fields = Mapping[str, Any] | Callable[[Scene], dict[str, Any]]

TABLES = {"screenshare": SCREENSHARE, "chat": CHAT, "moderation": MODERATION}
SETTINGS = {"chat": "burst = 1000\n", "moderation": "reactions_at_once = 100\n"}
WHOM = {"participant_id": VICTIM}


def staff(operation: str, **fields: Any) -> Step:
    """Have a service do something."""
    return lambda scene: scene.staff(operation, **fields)


def victim(operation: str, **fields: Any) -> Step:
    """Have the student do something to whom things are done."""
    return lambda scene: scene.as_victim(operation, **fields)


async def have_back(scene: Scene) -> None:
    await scene.staff("ReadmitParticipant", **WHOM)
    await scene.victim_back()


async def let_in(scene: Scene) -> None:
    if await scene.waiter_came():
        await scene.wait_anew()


async def close_again(scene: Scene) -> None:
    await scene.staff("SetWaitingRoom", enabled=True)
    await let_in(scene)


async def refuse_no_more(scene: Scene) -> None:
    if (await scene.staff("ReadmitParticipant", participant_id=scene.waiter)).changed:
        await scene.wait_anew()


async def stop_all_shares(scene: Scene) -> None:
    for share in (await scene.staff("ListScreenShares")).shares:
        await scene.staff("StopScreenShare", participant_id=share.participant_id)


def write(**fields: Any) -> Step:
    """Have the student write a message, which is deleted then."""

    async def step(scene: Scene) -> None:
        scene.message_id = (await scene.as_victim("SendChatMessage", text="hello", **fields)).message_id

    return step


@dataclass(frozen=True)
class Call:
    """How something is asked. Before and after it, where there is a room, these are done.

    `renews`: the session is over then, so it comes last.
    """

    fields: Fields | None = None
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    renews: bool = False

    def fields_in(self, scene: Scene) -> dict[str, Any]:
        return self.fields(scene) if callable(self.fields) else dict(self.fields or {})


def whoever_waits(scene: Scene) -> dict[str, Any]:
    return {"participant_id": scene.waiter}


def waiting_room(scene: Scene) -> dict[str, Any]:
    """Off, but where nobody has come in yet: whoever waits would."""
    return {"enabled": scene.state == "open"}


def the_message(scene: Scene) -> dict[str, Any]:
    return {"message_id": scene.message_id}


FOR_EVERYBODY = staff("UpdateScreenShareRules", who="everybody", mode="several")
ON_REQUEST = staff("UpdateScreenShareRules", who="request")
FOR_LEADERS = staff("UpdateScreenShareRules", who="leaders", mode="one")
LOWER_ALL = staff("LowerAllHands")
UNMUTE = staff("UnmuteAll")
MUTE = staff("MuteParticipant", **WHOM)
KICK = staff("KickParticipant", **WHOM)

CALLS: dict[str, Call] = {
    # moderation
    "ListParticipants": Call(),
    "MuteParticipant": Call(WHOM, after=(UNMUTE,)),
    "UnmuteParticipant": Call(WHOM, before=(MUTE,), after=(UNMUTE,)),
    "AskToUnmute": Call(WHOM),
    "MuteAll": Call(after=(UNMUTE,)),
    "UnmuteAll": Call(before=(MUTE,), after=(UNMUTE,)),
    "KickParticipant": Call(WHOM, after=(have_back,)),
    "BanParticipant": Call(WHOM, after=(have_back,)),
    "ReadmitParticipant": Call(WHOM, before=(KICK,), after=(have_back,)),
    "LockRoom": Call({"locked": True}, after=(staff("LockRoom", locked=False),)),
    "SetWaitingRoom": Call(waiting_room, after=(close_again,)),
    "AdmitParticipant": Call(whoever_waits, after=(let_in,)),
    "AdmitAll": Call(after=(let_in,)),
    "RefuseParticipant": Call(whoever_waits, after=(refuse_no_more,)),
    "RefuseAll": Call(after=(refuse_no_more,)),
    "PromoteParticipant": Call(WHOM, after=(staff("DemoteParticipant", **WHOM),)),
    "DemoteParticipant": Call(
        WHOM, before=(staff("PromoteParticipant", **WHOM),), after=(staff("DemoteParticipant", **WHOM),)
    ),
    "SpotlightParticipant": Call(WHOM, after=(staff("SpotlightParticipant", participant_id=None),)),
    "LowerAllHands": Call(before=(victim("RaiseHand"),), after=(LOWER_ALL,)),
    "LowerHand (of somebody else)": Call(WHOM, before=(victim("RaiseHand"),), after=(LOWER_ALL,)),
    "LowerHand (one's own)": Call(),
    "RaiseHand": Call(after=(LOWER_ALL,)),
    "SendReaction": Call({"reaction": "👍"}),
    "GetModeration": Call(),
    "EndForAll": Call(renews=True),
    # screenshare
    "StartScreenShare (for leaders)": Call(after=(stop_all_shares,)),
    "StartScreenShare (for everybody)": Call(before=(FOR_EVERYBODY,), after=(stop_all_shares, FOR_LEADERS)),
    "StopScreenShare (of somebody else)": Call(
        WHOM, before=(FOR_EVERYBODY, victim("StartScreenShare")), after=(stop_all_shares, FOR_LEADERS)
    ),
    "StopScreenShare (one's own)": Call(),
    "ListScreenShares": Call(),
    "RequestScreenShare (for leaders)": Call(),
    "RequestScreenShare (on request)": Call(before=(ON_REQUEST,), after=(FOR_LEADERS,)),
    "AllowScreenShare": Call(
        WHOM | {"allowed": True}, before=(ON_REQUEST, victim("RequestScreenShare")), after=(FOR_LEADERS,)
    ),
    "GetScreenShareRules": Call(),
    "UpdateScreenShareRules": Call({"who": "everybody"}, after=(FOR_LEADERS,)),
    # chat
    "SendChatMessage": Call({"text": "hello"}),
    "SendChatMessage (to those who lead)": Call({"text": "hello", "private": True}),
    "SendChatMessage (to a student)": Call({"text": "hello", "to": VICTIM}),
    "ListChatMessages": Call(),
    "DeleteChatMessage (of a student)": Call(the_message, before=(write(),)),
    "DeleteChatMessage (private)": Call(the_message, before=(write(private=True),)),
    "GetChatRules": Call(),
    "UpdateChatRules": Call({"public": "leaders"}, after=(staff("UpdateChatRules", public="everybody"),)),
    "ExportChat": Call({"private": True}),
}
ALSO_OUTSIDE = {"LockRoom", "UpdateScreenShareRules", "UpdateChatRules"}
"""What is undone where there is no room as well."""


def test_every_operation_is_in_the_table() -> None:
    for name, table in TABLES.items():
        operations = set(shipped()[name].load().operations)
        assert {operation_of(call) for call in outcomes(table)} == operations, name
    assert CALLS.keys() == {call for table in TABLES.values() for call in outcomes(table)}


@pytest.mark.parametrize("where", ["room", "no room"])
async def test_who_may_do_what_when(where: str, tmp_path: Path, builtins: Mapping[str, Installed]) -> None:
    wanted = {name: builtins[name] for name in (*TABLES, "scheduling") if name in builtins}
    if "scheduling" in wanted:
        wanted |= found(make_plugin(Time()))
    settings = {name: text for name, text in SETTINGS.items() if name in wanted}
    url = f"sqlite:///{tmp_path}/podium.db"  # who may do something does not depend on the database
    async with running_host(tmp_path, url, wanted, settings) as host, trio.open_nursery() as nursery:
        wrong = await Walk(host, nursery).through(SESSIONS[where])
        nursery.cancel_scope.cancel()
    assert not wrong, "\n".join(("", *wrong))


class Walk:
    """Through the tables of all plugins that are on."""

    def __init__(self, host: BuiltinHost, nursery: trio.Nursery) -> None:
        self.host = host
        self.nursery = nursery
        self.wrong: list[str] = []
        self.cells = 0
        self._sessions = 0

    async def through(self, states: Collection[str]) -> list[str]:
        """What is not as the tables say. Without the plugin for it there are no scheduled sessions."""
        running = self.host.plugins.running()
        tables = {plugin: outcomes(table) for plugin, table in TABLES.items() if plugin in running}
        for role in ("student", "instructor"):
            await self.host.rooms.join(ELSEWHERE, f"{role}-elsewhere", "Somebody", role, invited=True)
        for state in states if "scheduling" in running else set(states) & {"ad-hoc", "unknown"}:
            scene = await self._scene(state)
            for plugin, table in tables.items():
                for name, expected in table.items():
                    scene = await self._walk(scene, plugin, name, self._people(scene, expected[state]))
            scene.discard()
        return self.wrong

    async def _scene(self, state: str) -> Scene:
        self._sessions += 1
        return await Scene(self.host, self.nursery, state, f"{state}-{self._sessions}").make()

    def _people(self, scene: Scene, expected: Mapping[str, str]) -> dict[str, str]:
        """Those of the table who are there: without moderation nobody waits or is sent away."""
        return {person: code for person, code in expected.items() if person in {"anonymous", *scene.credentials}}

    async def _walk(self, scene: Scene, plugin: str, name: str, expected: Mapping[str, str]) -> Scene:
        call = CALLS[name]
        base = await scene.snapshot(plugin)
        await self._prepare(scene, call)
        ready = await scene.snapshot(plugin) if call.before else base
        async with trio.open_nursery() as nursery:  # those who are refused do not disturb one another
            for person in (each for each, code in expected.items() if code != "ok"):
                nursery.start_soon(self._ask, scene, name, person, expected[person])
        self._compare(scene, f"{name}, refused,", ready, await scene.snapshot(plugin))
        allowed = [person for person, code in expected.items() if code == "ok"]
        for number, person in enumerate(allowed):
            if number and call.renews and scene.state in ("open", *IN_ROOM):
                scene.discard()
                scene = await self._scene(scene.state)
            elif number:
                await self._prepare(scene, call)
            await self._ask(scene, name, person, "ok")
            await self._undo(scene, name)
        if allowed and not call.renews:
            self._compare(scene, f"{name}, undone,", base, await scene.snapshot(plugin), but="messages")
        return scene

    async def _ask(self, scene: Scene, name: str, person: str, code: str) -> None:
        self.cells += 1
        outcome = await scene.outcome(person, operation_of(name), CALLS[name].fields_in(scene))
        if outcome != code:
            self.wrong.append(f"{scene.state}: {name} by {person}: {outcome}, not {code}")

    async def _prepare(self, scene: Scene, call: Call) -> None:
        await self._do(scene, call.before if scene.has_room else ())

    async def _undo(self, scene: Scene, name: str) -> None:
        undoable = scene.has_room or (name in ALSO_OUTSIDE and scene.state not in ("ended", "cancelled"))
        await self._do(scene, CALLS[name].after if undoable else ())

    async def _do(self, scene: Scene, steps: Iterable[Step]) -> None:
        try:
            for step in steps:
                await step(scene)
        except PodiumError as error:  # something else went wrong before
            self.wrong.append(f"{scene.state}: {error.code} between two calls: {error.message}")

    def _compare(self, scene: Scene, what: str, before: dict[str, Any], after: dict[str, Any], but: str = "") -> None:
        for key in before.keys() - {but}:
            if before[key] != after[key]:
                self.wrong.append(f"{scene.state}: {what} changed {key}: {before[key]} became {after[key]}")


def operation_of(call: str) -> str:
    return call.partition(" ")[0]
