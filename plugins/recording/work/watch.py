# SPDX-License-Identifier: Apache-2.0
"""The row of a recording while its film is made: read each second, and told how far the film is and what is wrong.

A recording that nobody has captured for some time is ended here: its host has died, or its room has been empty. That is
judged only by who has reached the database for as long: after an outage others have to be heard first.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVarTuple, final

import structlog
import trio
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from podium.core import DatabaseError
from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.store import FINAL, Recording
from podium.plugins.recording.work.workshop import Bell, Holding, Progress, Tell, TroubleError, Workshop

Ts = TypeVarTuple("Ts")

LOOK_EVERY = 1.0
WRITE_EVERY = 2.0

DATABASE_ERRORS = (DatabaseError, SQLAlchemyError)


class _Made(NamedTuple):
    percent: int = 0
    behind: float = 0.0
    step: str = ""


class _Seen(NamedTuple):
    recording: Recording | None
    held: bool
    to_be_removed: bool


@final
class Watch:
    """`recording` is the row as it was last seen; `changed` rings when it is another one."""

    def __init__(
        self,
        workshop: Workshop,
        holding: Holding,
        recording: Recording,
        log: structlog.stdlib.BoundLogger,
        tell: Tell,
    ) -> None:
        self.recording = recording
        self.changed = Bell()
        self.stopped = False
        """The recording is to be deleted, or somebody else has brought it to its end."""
        self.closing = False
        """The job is about to be done: what happens to its row from now on is our own doing."""
        self._workshop = workshop
        self._holding = holding
        self._log = log
        self._tell = tell
        self._made = self._written = _Made(recording.percent, recording.behind, recording.step)
        self._written_at = trio.current_time()
        self._overdue = recording.problem_code == "overdue"
        self._trouble: tuple[str, str] | None = None
        if recording.problem_code is not None and not self._overdue:
            self._trouble = recording.problem_code, recording.problem or ""
        self._pieces = self._pieces_then = 0

    async def run(self, scope: trio.CancelScope) -> None:
        """Until cancelled; cancels the work when it is not wanted any more."""
        heard = 0
        while True:
            try:
                await self._look(scope)
                await self._write()
            except DATABASE_ERRORS as error:
                self._workshop.reaching_since = self._workshop.now()
                self._log.warning("the database cannot be asked", problem=str(error).splitlines()[0])
            heard = await self._workshop.bell.wait(heard, LOOK_EVERY)

    async def until(self, true: Callable[[], bool]) -> None:
        """Until something holds of the recording."""
        heard = self.changed.rings
        while not true():
            heard = await self.changed.wait(heard, LOOK_EVERY)

    @property
    def is_over(self) -> bool:
        """Whether the class is."""
        return self.recording.state != "RECORDING"

    def made(self, composed: float, known: float, step: str) -> None:
        """So many seconds of film, of those that are known."""
        percent = min(99, int(100 * composed / known)) if known > 0 else 0
        self._made = _Made(percent, round(max(0.0, known - composed), 1), step)
        self.show(self.recording)

    def piece(self) -> None:
        """One more was made."""
        self._pieces += 1

    async def failing(self, trouble: TroubleError) -> None:
        """Something does not succeed, and is tried again while the rest goes on."""
        self._pieces_then = self._pieces
        told = (trouble.code, trouble.message)
        if self._trouble == told:
            return
        self._trouble = told
        self._log.warning("recording has a problem", code=trouble.code, problem=trouble.message)
        self.show(self.recording)
        await self._try(_failing, self._holding.job, self._holding.holder, trouble, self._workshop.now())

    async def caught_up(self) -> None:
        """All that was made is stored. It succeeds again if something was made since it did not."""
        if self._trouble is not None and self._pieces > self._pieces_then:
            self._trouble = None
            self._log.info("recording goes on")
            await self._try(_recovered, self._holding.job, self._holding.holder)

    def show(self, recording: Recording) -> None:
        """To whoever waits for it."""
        made = self._made if recording.state not in FINAL else _Made(recording.percent, recording.behind)
        problem = self._trouble[1] if self._trouble is not None else recording.problem
        self._tell(
            Progress(state=recording.state, percent=made.percent, behind=made.behind, step=made.step, problem=problem)
        )

    async def _look(self, scope: trio.CancelScope) -> None:
        job, workshop = self._holding.job, self._workshop
        seen = await workshop.database.read(_look, job.id, job.recording_id, self._holding.holder)
        if self.closing:
            return
        if seen.recording is None or seen.to_be_removed or seen.recording.state in FINAL:
            self.stopped = True
            scope.cancel()
        elif not seen.held:
            self._holding.lose()
        else:
            if seen.recording.state != self.recording.state:
                self.show(seen.recording)
            self.recording = seen.recording
            self.changed.ring()
            await self._end_if_lost()
            await self._tell_if_overdue()

    async def _end_if_lost(self) -> None:
        recording, workshop = self.recording, self._workshop
        heard = max(recording.seen_at, workshop.reaching_since)
        if self.is_over or workshop.now() - heard <= timedelta(seconds=workshop.config.idle_seconds):
            return
        if await workshop.database.run(_end_lost, recording):
            self._log.warning("nobody captures this class any more: the recording is over", since=recording.seen_at)
            workshop.wake()

    async def _tell_if_overdue(self) -> None:
        recording, workshop = self.recording, self._workshop
        if self._overdue or recording.ended_at is None:
            return
        late = workshop.now() - recording.ended_at
        if late > timedelta(seconds=workshop.config.timeout):
            self._overdue = True
            message = f"the film is not ready {workshop.config.timeout} seconds after the class; work on it goes on"
            self._log.error("recording is overdue", seconds=round(late.total_seconds()))
            if recording.problem_code is None:
                await workshop.database.run(store.problem, recording.id, "overdue", message)

    async def _write(self) -> None:
        if self._made != self._written and trio.current_time() >= self._written_at + WRITE_EVERY and not self.closing:
            made = self._made
            await self._workshop.database.run(store.progress, self.recording.id, *made)
            self._written, self._written_at = made, trio.current_time()

    async def _try(self, change: Callable[[Session, *Ts], None], *arguments: *Ts) -> None:
        try:
            await self._workshop.database.run(change, *arguments)
        except DATABASE_ERRORS as found:
            self._log.warning("the database cannot be asked", problem=str(found).splitlines()[0])


def _look(session: Session, job_id: int, recording_id: str, holder: str) -> _Seen:
    return _Seen(
        store.get(session, recording_id),
        jobs.is_held(session, job_id, holder),
        jobs.is_to_be_removed(session, recording_id),
    )


def _end_lost(session: Session, recording: Recording) -> bool:
    return store.end(session, recording.id, recording.seen_at, "lost", seen_at=recording.seen_at)


def _failing(session: Session, job: Job, holder: str, trouble: TroubleError, now: datetime) -> None:
    if jobs.failing(session, job.id, holder, str(trouble), now):
        store.problem(session, job.recording_id, trouble.code, trouble.message)


def _recovered(session: Session, job: Job, holder: str) -> None:
    if jobs.recovered(session, job.id, holder):
        store.problem(session, job.recording_id, None, None)
