# SPDX-License-Identifier: Apache-2.0
"""The calendar over a real database, with sessions and a time of day that the test sets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
import trio

from podium.core import Database, PluginTables, PodiumError, SessionView, open_database
from podium.core.data import upgrade
from podium.plugins.calendar import CalendarConfig
from podium.plugins.calendar.answers import InvitationStatus, statuses
from podium.plugins.calendar.calendar import Calendar
from podium.plugins.calendar.following import Changes, Link
from podium.plugins.calendar.tables import metadata
from tests.builtin.calendar.samples import SENDER

TABLES = PluginTables("calendar", metadata, "podium.plugins.calendar.migrations")
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Sessions:
    """Stands in for the plugin that keeps sessions."""

    def __init__(self) -> None:
        self.views: dict[str, SessionView] = {}
        self.failure: PodiumError | None = None
        self.asked: list[str] = []

    def keep(self, *views: SessionView) -> None:
        """Later changes have higher numbers, whatever the view says."""
        for view in views:
            number = max((each.change_number for each in self.views.values()), default=0) + 1
            self.views[view.session_id] = msgspec.structs.replace(view, change_number=number)

    async def call(self, name: str, request: Any) -> msgspec.Struct:
        self.asked.append(name)
        await trio.lowlevel.checkpoint()
        if self.failure is not None:
            raise self.failure
        if name == "ListSessionChanges":
            return self._changes(request["after"], request["limit"])
        view = self.views.get(request["session_id"])
        if view is None:
            raise PodiumError("session_unknown", "there is no such session")
        if name == "GetSession":
            return view
        assert name == "GetInvitation"
        secret = f"{request['participant_id']}.secret"
        return Link(path=f"/plugins/scheduling/join/{view.session_id}?invitation={secret}")

    def _changes(self, after: int, limit: int) -> Changes:
        newer = sorted(
            (view for view in self.views.values() if view.change_number > after), key=lambda view: view.change_number
        )
        shown = newer[:limit]
        last = shown[-1].change_number if shown else after
        return Changes(sessions=tuple(shown), last=last, more=len(newer) > len(shown))


class Desk:
    """A calendar, its sessions, and the time of day."""

    def __init__(self, config: CalendarConfig, database: Database, sessions: Sessions) -> None:
        self.sessions = sessions
        self.database = database
        self.now = START
        log = structlog.stdlib.get_logger("podium.plugins.calendar")
        self.calendar = Calendar(config, database, log, lambda: sessions, lambda: self.now)

    def later(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    async def change(self, *views: SessionView) -> None:
        """Sessions were scheduled or changed, and the calendar has read it."""
        self.sessions.keep(*views)
        await self.calendar.following.catch_up()

    async def send(self) -> None:
        """Try everything that is due now."""
        while await self.calendar.delivery.send_some():
            pass

    async def states(self, session_id: str = "algebra") -> dict[str, str]:
        """How the newest mail to each person stands."""
        return {name: found.state for name, found in (await self.statuses(session_id)).items()}

    async def statuses(self, session_id: str = "algebra") -> dict[str, InvitationStatus]:
        found = await self.database.read(statuses, session_id, "", 1000)
        return {status.participant_id: status for status in found}


def config_for(port: int, *, security: str = "none", **smtp: Any) -> CalendarConfig:
    """Mail goes to a server on the loopback."""
    return msgspec.convert(
        {
            "base_url": "https://classes.example.org",
            "sender": SENDER,
            "smtp": {"host": "127.0.0.1", "port": port, "security": security, "timeout": 10} | smtp,
        },
        CalendarConfig,
    )


@asynccontextmanager
async def open_desk(database_url: str, config: CalendarConfig, sessions: Sessions | None = None) -> AsyncIterator[Desk]:
    """The calendar as it is after a start of the host; what was in the database is still there."""
    await trio.to_thread.run_sync(upgrade, database_url, [TABLES])
    async with open_database(database_url) as database:
        yield Desk(config, database, sessions or Sessions())
