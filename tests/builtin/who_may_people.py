# SPDX-License-Identifier: Apache-2.0
"""A session in each of its states, and everybody who may ask for something in it, by what they have in hand.

Who has a join token shows it, as on REST. Those who were sent away or are assistants no longer, and ask over a
connection that has not noticed it, come as the caller that they were.
"""

from collections.abc import Callable
from typing import Any, final

import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import ROLES, Caller, LocalParticipant, PodiumError
from tests.builtin.host import BuiltinHost
from tests.builtin.scheduling.stage import ANONYMOUS, SERVICE, algebra, local

ADMINISTRATOR = Caller(role="administrator", subject="operator")
WITHIN = 20.0
"""Seconds for what a plugin does in its own time."""
VICTIM = "vic"
"""A student in the room, to whom things are done."""
ELSEWHERE = "elsewhere"
IN_ROOM = ("live", "ad-hoc")


@final
class Scene:
    """One session in one state."""

    def __init__(self, host: BuiltinHost, nursery: trio.Nursery, state: str, session_id: str) -> None:
        self.host = host
        self.nursery = nursery
        self.state = state
        self.session_id = session_id
        self.credentials: dict[str, str | Caller] = {"service": SERVICE, "administrator": ADMINISTRATOR}
        self.presences: dict[str, LocalParticipant] = {}
        self.waiter = "wes0"
        """Who waits, where there is a waiting room."""
        self.message_id = "none"
        self._waiters = 0

    @property
    def has_room(self) -> bool:
        """Whether its room is open, with people in it."""
        return self.state in IN_ROOM

    def runs(self, plugin: str) -> bool:
        return plugin in self.host.plugins.running()

    # Asking

    async def outcome(self, person: str, operation: str, fields: dict[str, Any]) -> str:
        """`ok`, or the code with which somebody is refused."""
        try:
            caller = await self._caller(person)
            await self.host.call(operation, caller, session_id=self.session_id, **fields)
        except PodiumError as error:
            return error.code
        return "ok"

    async def staff(self, operation: str, **fields: Any) -> Any:
        """Have a service do something."""
        return await self.host.call(operation, SERVICE, session_id=self.session_id, **fields)

    async def as_victim(self, operation: str, **fields: Any) -> Any:
        caller = Caller(role="student", subject=VICTIM, session_id=self.session_id)
        return await self.host.call(operation, caller, session_id=self.session_id, **fields)

    async def _caller(self, person: str) -> Caller:
        """Tokens of those who were sent away are shown anew each time; nothing becomes of the others meanwhile."""
        credential = self.credentials.get(person, ANONYMOUS)
        if isinstance(credential, Caller):
            return credential
        caller = await self.host.services.identities.authenticate(credential)
        self.credentials[person] = caller
        return caller

    # Making it

    async def make(self) -> "Scene":
        """Everybody in place."""
        if self.state in ("scheduled", "cancelled"):
            await self._schedule(120)
        elif self.state in ("open", "live", "ended"):
            await self._schedule(5)
        if self.state in (*IN_ROOM, "ended"):
            await self._fill()
        if self.runs("moderation") and self.state in ("open", *IN_ROOM):
            await self.staff("SetWaitingRoom", enabled=True)
            await self.wait_anew()
        if self.state in ("ended", "cancelled"):
            await self._finish()
        for role in ROLES:
            await self._lend(f"{role} outside", f"{role}-outside", role)
        for role in ("student", "instructor"):
            await self._lend(f"{role} elsewhere", f"{role}-elsewhere", role, ELSEWHERE)
        return self

    def discard(self) -> None:
        for presence in self.presences.values():
            presence.leave()

    async def _schedule(self, minutes: int) -> None:
        teacher = {"name": "Ada", "email": f"{self.session_id}@example.org"}
        fields = algebra(session_id=self.session_id, instructor=teacher, start=local(minutes))
        await self.host.call("ScheduleSession", SERVICE, **fields)
        await self._until_state("scheduled" if minutes > 10 else "open")

    async def _fill(self) -> None:
        for role in ROLES:
            await self._lend(role, role, role)
            await self.join(role, role)
        await self.join(VICTIM)
        if self.state != "ad-hoc":
            await self._until_state("live")
        if self.runs("moderation"):
            await self._send_away()

    async def _send_away(self) -> None:
        """And take back what somebody was."""
        for name, person, operation in (("kim", "student kicked", "Kick"), ("bob", "student banned", "Ban")):
            await self._lend(person, name, "student")
            await self.join(name)
            await self.staff(f"{operation}Participant", participant_id=name)
        await self._lend("assistant kicked", "kai", "assistant")
        await self.join("kai", "assistant")
        await self._caller("assistant kicked")  # whatever becomes of the token
        await self.staff("KickParticipant", participant_id="kai")
        await self._lend("assistant demoted", "dan", "student")
        await self.join("dan")
        await self.staff("PromoteParticipant", participant_id="dan")
        assert (await self._caller("assistant demoted")).role == "assistant"
        await self.staff("DemoteParticipant", participant_id="dan")

    async def _finish(self) -> None:
        if self.state == "ended" and self.runs("moderation"):
            await self.staff("LockRoom", locked=True)
        await self.staff("EndSession" if self.state == "ended" else "CancelSession")
        await self._until_state(self.state)
        if self.state == "ended" and self.runs("moderation"):  # forgets the class in its own time
            await self._until(lambda: self.staff("GetModeration"), lambda told: not told.locked)

    async def _until_state(self, state: str) -> None:
        await self._until(lambda: self.staff("GetSession"), lambda session: session.state == state)

    @staticmethod
    async def _until(ask: Callable[[], Any], want: Callable[[Any], bool]) -> None:
        with trio.fail_after(WITHIN):
            while not want(await ask()):
                await wait_all_tasks_blocked(0.001)

    async def _lend(self, person: str, participant_id: str, role: str, session_id: str | None = None) -> None:
        """Give somebody a join token."""
        own = session_id or self.session_id
        made = await self.host.call(
            "CreateJoinToken", SERVICE, session_id=own, role=role, participant_id=participant_id, display_name=person
        )
        self.credentials[person] = made.token

    # Coming and going

    async def join(self, participant_id: str, role: str = "student", *, may_wait: bool = False) -> None:
        """Come in and read along."""
        presence = await self.host.rooms.join(
            self.session_id,
            participant_id,
            participant_id.capitalize(),
            role,
            invited=True,
            on_wait=(lambda _event: None) if may_wait else None,
        )
        self.presences[participant_id] = presence
        self.nursery.start_soon(_read_along, presence)

    async def wait_anew(self) -> None:
        """Somebody new waits, and whoever waited before is gone."""
        if (before := self.presences.pop(self.waiter, None)) is not None:
            before.leave()
        self._waiters += 1
        self.waiter = f"wes{self._waiters}"
        await self._lend("student waiting", self.waiter, "student")
        self.nursery.start_soon(self._wait, self.waiter)
        await self._until(self._connected_waiters, lambda told: told == [self.waiter])

    async def _wait(self, participant_id: str) -> None:
        try:
            await self.join(participant_id, may_wait=True)
        except PodiumError:
            return  # refused, or the class is over

    async def _connected_waiters(self) -> list[str]:
        return [each.participant_id for each in self.host.rooms.waiting(self.session_id)]

    async def waiter_came(self) -> bool:
        """Whether whoever waited was let in; they are in the room then."""
        if (await self.staff("GetModeration")).waiting:
            return False
        await self._until(self._present, lambda told: self.waiter in told)
        return True

    async def victim_back(self) -> None:
        if VICTIM not in await self._present():
            await self.join(VICTIM)

    async def _present(self) -> set[str]:
        return {each.participant_id for each in self.host.rooms.participants(self.session_id)}

    # How it stands

    async def snapshot(self, plugin: str) -> dict[str, Any]:
        """Whatever an operation of a plugin could have changed."""
        found: dict[str, Any] = {}
        if self.has_room:
            people = self.host.rooms.participants(self.session_id)
            found["people"] = {each.participant_id: (each.role, each.blocked) for each in people}
            found["people"].pop(self.waiter, None)
        if self.state not in ("ad-hoc", "unknown"):
            found["state"] = (await self.staff("GetSession")).state
        ways = {"moderation": self._moderation, "screenshare": self._screenshare, "chat": self._chat}
        return found | await ways[plugin]()

    async def _moderation(self) -> dict[str, Any]:
        told = await self.staff("GetModeration")
        return {
            "door": (told.locked, told.waiting_room, len(told.waiting)),
            "hands": [each.participant_id for each in told.hands],
            "spotlight": told.spotlight,
            "excluded": told.excluded,
        }

    async def _screenshare(self) -> dict[str, Any]:
        shares = (await self.staff("ListScreenShares")).shares if self.has_room else ()
        rules = await self.staff("GetScreenShareRules")
        return {
            "sharing": [each.participant_id for each in shares],
            "rules": (rules.who, rules.mode, rules.takeover),
            "permissions": (rules.allowed, rules.requests),
        }

    async def _chat(self) -> dict[str, Any]:
        page = await self.staff("ListChatMessages", limit=100)
        messages = [(each.message_id, each.text) for each in page.messages]
        return {"rules": await self.staff("GetChatRules"), "messages": messages}


async def _read_along(presence: LocalParticipant) -> None:
    async for _ in presence.events:
        pass
