# SPDX-License-Identifier: Apache-2.0
"""Entries on their way into the database: recorded at once, written in batches, kept for a while when it is away.

`record` never waits, so a slow database delays nobody. Of what cannot be written the newest entries are kept; how many
older ones were lost is counted, told by the plugin's health, and written into the trail itself once it works again.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final

import structlog
import trio
from sqlalchemy.exc import DataError, SQLAlchemyError

from podium.core import Database, DatabaseError, Health
from podium.plugins.events import store
from podium.plugins.events.entries import Entry, Result, Stamps, bounded, text
from podium.plugins.events.tables import LONGEST_ID, LONGEST_NAME

EVERY = 1.0
"""Seconds that an entry may wait for others before they are written together."""
BATCH = 200
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class TrailStatistics:
    """Since the plugin was enabled; `waiting` now. `failure` is why the last try to write did not work."""

    waiting: int
    written: int
    lost: int
    failure: str | None


class Tally(Protocol):
    """A counter of prometheus_client's fits."""

    def inc(self, amount: float = 1) -> None: ...


@final
class Trail:
    """The plugin's state. `capacity` is how many entries may wait; the tallies count on as `statistics` does."""

    def __init__(
        self,
        database: Database,
        log: structlog.stdlib.BoundLogger,
        *,
        capacity: int,
        written: Tally,
        lost: Tally,
        ignore: frozenset[str] = frozenset(),
        stamps: Stamps | None = None,
    ) -> None:
        self._database = database
        self._log = log
        self._capacity = capacity
        self._ignore = ignore
        self._stamps = stamps or Stamps()
        self._entries: deque[Entry] = deque()
        self._some, self._many = trio.Event(), trio.Event()
        self._writing = trio.Lock()
        self._singly = 0
        self._written = 0
        self._lost = 0
        self._tally_written, self._tally_lost = written, lost
        self._untold = 0
        self._failure: str | None = None

    def record(
        self,
        kind: str,
        *,
        session_id: str | None = None,
        plugin: str | None = None,
        actor_id: str | None = None,
        actor_name: str | None = None,
        actor_role: str | None = None,
        subject_id: str | None = None,
        result: Result = "ok",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Take down that something happened now. Returns at once."""
        if kind in self._ignore:
            return
        entry_id, at = self._stamps.next()
        entry = Entry(
            id=entry_id,
            at=at,
            session_id=text(session_id, LONGEST_ID),
            kind=kind[:LONGEST_ID],
            plugin=plugin,
            actor_id=text(actor_id, LONGEST_ID),
            actor_name=text(actor_name, LONGEST_NAME),
            actor_role=actor_role,
            subject_id=text(subject_id, LONGEST_ID),
            result=result,
            details=bounded(details or {}),
        )
        self._entries.append(entry)
        self._shed()
        self._some.set()
        if len(self._entries) >= BATCH:
            self._many.set()

    async def write(self) -> None:
        """Write what is recorded, until canceled; when that fails, try again after growing pauses."""
        while True:
            await self._some.wait()
            with trio.move_on_after(EVERY):
                await self._many.wait()
            self._some, self._many = trio.Event(), trio.Event()
            pause = FIRST_PAUSE
            while self._entries:
                if await self._write_batch():
                    pause = FIRST_PAUSE
                    continue
                self._log.warning("the trail cannot be written", problem=self._failure, again_in=pause)
                await trio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def finish(self) -> None:
        """Write what is left, without trying again."""
        while self._entries or self._writing.locked():
            if not await self._write_batch():
                self._log.error("entries of the trail are lost", entries=len(self._entries), problem=self._failure)
                return

    def statistics(self) -> TrailStatistics:
        return TrailStatistics(len(self._entries), self._written, self._lost, self._failure)

    def health(self) -> Health:
        lost = f"{self._lost} entries were lost" if self._lost else ""
        if self._failure is None:
            return Health(detail=lost)
        waiting = f"{len(self._entries)} entries wait"
        return Health(status="degraded", detail="; ".join(filter(None, (self._failure, waiting, lost))))

    async def _write_batch(self) -> bool:
        """Write the oldest entries in one transaction; whether that worked."""
        async with self._writing:
            size = min(1 if self._singly else BATCH, len(self._entries))
            self._singly = max(0, self._singly - 1)
            batch = [self._entries.popleft() for _ in range(size)]
            try:
                if batch:
                    await self._database.run(store.add, batch)
            except DataError as error:
                self._set_apart(batch, error)
            except (DatabaseError, SQLAlchemyError) as error:
                self._put_back(batch)
                self._failure = str(error).splitlines()[0]
                return False
            except BaseException:
                self._put_back(batch)
                raise
            else:
                self._written += len(batch)
                self._tally_written.inc(len(batch))
        self._recovered()
        return True

    def _recovered(self) -> None:
        self._failure = None
        if self._untold:
            lost, self._untold = self._untold, 0
            self.record("entries_lost", details={"count": lost})

    def _set_apart(self, batch: list[Entry], error: DataError) -> None:
        """The database takes one of these for impossible: write each alone, and lose that one."""
        if len(batch) > 1:
            self._put_back(batch)
            self._singly = len(batch)
            return
        self._log.error("an entry of the trail cannot be stored", kind=batch[0].kind, problem=str(error.orig))
        self._count_lost(1)

    def _put_back(self, batch: list[Entry]) -> None:
        self._entries.extendleft(reversed(batch))
        self._shed()

    def _shed(self) -> None:
        while len(self._entries) > self._capacity:
            self._entries.popleft()
            self._count_lost(1)

    def _count_lost(self, count: int) -> None:
        self._lost += count
        self._tally_lost.inc(count)
        self._untold += count
