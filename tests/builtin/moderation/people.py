# SPDX-License-Identifier: Apache-2.0
"""People in real rooms, as their signaling would have them: they join, wait, ask for operations and hear events."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
import trio.testing

from podium.core import Caller, Event, LocalParticipant, PodiumError, RoomError
from tests.builtin.host import BuiltinHost

ROOM = "algebra"
SERVICE = Caller(role="service", subject="school")


class Somebody:
    """One person with a join token of one role."""

    def __init__(
        self,
        host: BuiltinHost,
        participant_id: str,
        role: str = "student",
        grants: Sequence[str] = (),
        room: str = ROOM,
    ) -> None:
        self.host = host
        self.id = participant_id
        self.role = role
        self.room = room
        self.grants = frozenset(grants)
        self.presence: LocalParticipant | None = None
        self._heard: list[Event] = []

    async def join(self, *, may_wait: bool = False) -> "Somebody":
        """Raises RoomError; `waiting` for who would have to wait, unless they may."""
        self.presence = await self.host.rooms.join(
            self.room,
            self.id,
            self.id.capitalize(),
            self.role,
            invited=True,
            on_wait=(lambda _event: None) if may_wait else None,
        )
        return self

    async def refusal(self, *, may_wait: bool = False) -> str:
        """With which code joining is refused."""
        with pytest.raises(RoomError) as refused:
            await self.join(may_wait=may_wait)
        return refused.value.code

    @property
    def caller(self) -> Caller:
        """As signaling sees them, with the role of the moment."""
        role: Any = self.presence.role if self.presence is not None else self.role
        return Caller(role=role, subject=self.id, session_id=self.room, grants=self.grants)

    def role_now(self) -> str:
        return self.caller.role

    async def call(self, operation: str, **fields: object) -> Any:
        return await self.host.call(operation, self.caller, session_id=self.room, **fields)

    async def refused(self, operation: str, **fields: object) -> str:
        """With which code an operation is refused."""
        with pytest.raises(PodiumError) as refused:
            await self.call(operation, **fields)
        return refused.value.code

    def heard(self, kind: str) -> list[Any]:
        """All events of this type so far."""
        assert self.presence is not None
        while True:
            try:
                self._heard.append(self.presence.events.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return [event for event in self._heard if type(event).__name__ == kind]

    async def hears(self, kind: str, **fields: object) -> Any:
        """The next event, past ones included, in which these fields are so; those before it are forgotten."""
        assert self.presence is not None
        with trio.fail_after(10):
            while True:
                self._heard = self._heard or [await self.presence.events.receive()]
                event = self._heard.pop(0)
                if type(event).__name__ == kind and all(getattr(event, name) == fields[name] for name in fields):
                    return event

    async def sees(self, kind: str, want: Callable[[Any], bool]) -> Any:
        """The first event from now on that is as wanted, of a list that is told whole."""
        while not want(event := await self.hears(kind)):
            pass
        return event

    async def sees_waiting(self, **connected: bool) -> Any:
        """Until the waiting list is this, in this order."""
        expected = list(connected.items())
        return await self.sees(
            "WaitingChanged", lambda told: [(each.participant_id, each.connected) for each in told.waiting] == expected
        )

    async def sees_hands(self, *participant_ids: str) -> Any:
        """Until the queue of hands is this."""
        return await self.sees(
            "HandsChanged", lambda told: [each.participant_id for each in told.hands] == [*participant_ids]
        )

    @property
    def gone(self) -> str | None:
        """Why they are no longer in the room."""
        assert self.presence is not None
        return self.presence.left_reason


class Waiter:
    """Somebody on their way in, in a task of its own; `outcome` is `in`, or the code of the refusal."""

    def __init__(self, person: Somebody) -> None:
        self.person = person
        self.waits = trio.Event()
        self.over = trio.Event()
        self.scope = trio.CancelScope()
        self.outcome: str | None = None

    async def run(self) -> None:
        person = self.person
        with self.scope:
            try:
                person.presence = await person.host.rooms.join(
                    person.room,
                    person.id,
                    person.id.capitalize(),
                    person.role,
                    invited=True,
                    on_wait=lambda _event: self.waits.set(),
                )
                self.outcome = "in"
            except RoomError as error:
                self.outcome = error.code
        self.over.set()

    async def result(self) -> str | None:
        with trio.fail_after(10):
            await self.over.wait()
        return self.outcome


async def waiter(nursery: trio.Nursery, person: Somebody) -> Waiter:
    """Somebody who waits."""
    waiting = Waiter(person)
    nursery.start_soon(waiting.run)
    with trio.fail_after(10):
        await waiting.waits.wait()
    return waiting


async def ticket(host: BuiltinHost, participant_id: str, role: str = "student", room: str = ROOM) -> str:
    """A join token."""
    made = await host.call(
        "CreateJoinToken", session_id=room, role=role, participant_id=participant_id, display_name="Somebody"
    )
    token: str = made.token
    return token


def blocked(
    host: BuiltinHost, participant_id: str, room: str = ROOM, *, but: tuple[str, ...] = ("screen",)
) -> tuple[str, ...]:
    """What of somebody the room does not forward, but for screens: the plugin screenshare blocks those as well."""
    people = {each.participant_id: each for each in host.rooms.participants(room)}
    return tuple(source for source in people[participant_id].blocked if source not in but)


def metric(host: BuiltinHost, name: str) -> float:
    """As on the page for Prometheus; 0 when it is not there."""
    page, _ = host.plugins.metrics.page()
    values = [line.split()[1] for line in page.decode().splitlines() if line.startswith(f"{name} ")]
    return float(values[0]) if values else 0.0


async def audit(host: BuiltinHost, *kinds: str, room: str = ROOM) -> list[Any]:
    """Entries of the trail about what moderators did, the oldest first."""
    trail: Any = host.context("events").state
    with trio.fail_after(10):
        await trio.testing.wait_all_tasks_blocked()
        await trail.finish()
    page = await host.call("ListEvents", session_id=room, limit=200)
    return [each for each in reversed(page.events) if each.plugin == "moderation" and (not kinds or each.kind in kinds)]
