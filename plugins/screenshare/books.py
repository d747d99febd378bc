# SPDX-License-Identifier: Apache-2.0
"""Ends that have happened and are not in the database yet.

They are few, however long the database is away: no share begins that is not written first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import final

from podium.core import PluginContext
from podium.plugins.screenshare import store
from podium.plugins.screenshare.share import Ending

STALE = timedelta(days=1)
"""Age at which a share without an end is over, if nobody has opened its room again."""


@final
class Books:
    """What raises DatabaseError has kept everything for the next time."""

    def __init__(self, context: PluginContext) -> None:
        self._context = context
        self._endings: list[Ending] = []
        self._over: dict[str, datetime] = {}

    def __len__(self) -> int:
        """What is to be written."""
        return len(self._endings) + len(self._over)

    def add(self, ending: Ending) -> None:
        self._endings.append(ending)

    def session_ended(self, session_id: str, at: datetime) -> None:
        """Whatever of it began until then is over, also what this host does not know."""
        self._over[session_id] = at

    async def write(self) -> None:
        """Raises DatabaseError."""
        database = self._context.database
        if endings := tuple(self._endings):
            await database.run(store.end, endings)
            self._endings = self._endings[len(endings) :]
        for session_id, at in tuple(self._over.items()):
            await database.run(store.end_all, session_id, at, "session_ended")
            del self._over[session_id]

    async def sweep(self, now: datetime, open_rooms: Iterable[str]) -> None:
        """End what a host left behind that was killed, in rooms that nobody has opened since. Raises DatabaseError."""
        await self._context.database.run(store.end_stale, now - STALE, now, tuple(open_rooms))
