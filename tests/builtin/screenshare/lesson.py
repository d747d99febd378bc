# SPDX-License-Identifier: Apache-2.0
"""A class on a host with the built-in plugins, and the people in it."""

from collections.abc import Sequence
from typing import Any

import trio
from sqlalchemy import select
from sqlalchemy.orm import Session
from trio.testing import wait_all_tasks_blocked

from podium.core import Caller, LocalParticipant, PodiumError
from podium.plugins.screenshare.desk import Desk, desk_of
from podium.plugins.screenshare.tables import SHARES
from tests.builtin.host import BuiltinHost

TIMEOUT = 20
SERVICE = Caller(role="service", subject="school")
SESSION = "algebra"


class Lesson:
    """People are called by their names in lower case, which are also their ids."""

    def __init__(self, host: BuiltinHost) -> None:
        self.host = host
        self.people: dict[str, LocalParticipant] = {}

    @property
    def desk(self) -> Desk:
        return desk_of(self.host.context("screenshare"))

    async def join(self, *names: str, role: str = "student") -> None:
        for name in names:
            self.people[name] = await self.host.rooms.join(SESSION, name, name.capitalize(), role)

    def caller(self, name: str) -> Caller:
        """In the role of the moment, as the signaling socket calls."""
        roles = {each.participant_id: each.role for each in self.host.rooms.participants(SESSION)}
        return Caller(role=roles[name], subject=name, session_id=SESSION)  # type: ignore[arg-type]  # a room's role

    async def call(self, operation: str, name: str | Caller, **fields: Any) -> Any:
        caller = self.caller(name) if isinstance(name, str) else name
        return await self.host.call(operation, caller, session_id=SESSION, **fields)

    async def refusal(self, operation: str, name: str | Caller, **fields: Any) -> str:
        """The code with which it is refused, which it has to be."""
        try:
            answer = await self.call(operation, name, **fields)
        except PodiumError as error:
            return error.code
        raise AssertionError(f"{operation} was not refused: {answer}")

    async def start(self, name: str, **fields: Any) -> Any:
        return await self.call("StartScreenShare", name, **fields)

    async def told(self, who: str, kind: str, **fields: Any) -> Any:
        """The next event of this kind and these fields that somebody's page is told."""
        with trio.fail_after(TIMEOUT):
            async for event in self.people[who].events:
                if type(event).__name__ == kind and all(getattr(event, name) == fields[name] for name in fields):
                    return event
        raise AssertionError(f"{who} left before being told {kind}")

    def blocked(self) -> set[str]:
        """Whose screens reach nobody."""
        return {each.participant_id for each in self.host.rooms.participants(SESSION) if "screen" in each.blocked}

    async def sharing(self) -> list[str]:
        """Who shares, as a service is told; it has to be those who are not blocked."""
        listed = (await self.call("ListScreenShares", SERVICE)).shares
        running = [each.participant_id for each in listed if not each.interrupted]
        present = {each.participant_id for each in self.host.rooms.participants(SESSION)}
        assert present - self.blocked() == set(running)
        return running

    async def rows(self) -> Sequence[Any]:
        """The table, the oldest first, once what has happened is written."""
        await wait_all_tasks_blocked()  # plugins are told in their own time
        with trio.fail_after(TIMEOUT):
            while self.desk.statistics().unwritten:
                await trio.sleep(0.01)
        rows: Sequence[Any] = await self.host.context("screenshare").database.read(_rows)
        return rows

    async def ends(self) -> list[tuple[str, str | None, str | None]]:
        """Who shared, how it ended and by whom."""
        return [(row.participant_id, row.reason, row.ended_by) for row in await self.rows()]

    def metric(self, name: str) -> float:
        page, _ = self.host.plugins.metrics.page()
        (line,) = [line for line in page.decode().splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])


def _rows(session: Session) -> Sequence[Any]:
    return session.execute(select(SHARES).order_by(SHARES.c.started_at)).all()
