# SPDX-License-Identifier: Apache-2.0
"""Claiming jobs and doing them, each under a lease that is renewed while it is done.

Work whose lease could not be renewed in time is cancelled: somebody else may be doing it. What ends with trouble is
tried again later; what is stopped is left to others. A holder on the same disk that was killed has lost the lock on its
file, and what it held is free at once.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVarTuple

import structlog
import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import LEASE, Job, JobKind
from podium.plugins.recording.work import clearing, film
from podium.plugins.recording.work.watch import DATABASE_ERRORS
from podium.plugins.recording.work.workshop import (
    Holding,
    HopelessError,
    StoppedError,
    Tell,
    TroubleError,
    Workshop,
    beside,
    pause_after,
)

Ts = TypeVarTuple("Ts")

POLL = 1.0
HEARTBEAT = 10.0
HEARTBEAT_AGAIN = 1.0
MARGIN = timedelta(seconds=5)
"""Work stops so long before its lease is over."""
NOTE_IN = 1.5
"""Seconds that a stopping host takes to give back its jobs."""
UNREPAIRED = timedelta(hours=1)
"""For which somebody has time to mend what cannot be mended by trying again."""
MOST_CLEARING = 2
LONGEST_PAUSE, LONGEST_CLEARING = 60.0, 3600.0
"""Seconds between two tries, of what people wait for and of what they do not."""

Run = Callable[[Workshop, Job, Holding, Tell], Awaitable[None]]
RUNS: dict[JobKind, Run] = {
    "film": film.make_film,
    "rebuild": film.remake_film,
    "tidy": clearing.tidy,
    "removal": clearing.remove,
}
"""How each kind of job is done: raises TroubleError, HopelessError and StoppedError."""
MAKING: tuple[JobKind, ...] = ("film", "rebuild", "tracks")
CLEARING: tuple[JobKind, ...] = ("removal", "tidy")


async def work(workshop: Workshop) -> None:
    """Do what is to be done, until cancelled."""
    running: set[Job] = set()
    heard = 0
    async with workshop.present(), trio.open_nursery() as nursery:
        while True:
            try:
                for kinds, most in ((MAKING, workshop.config.composers), (CLEARING, MOST_CLEARING)):
                    free = most - sum(job.kind in kinds for job in running)
                    for job in await _claimed(workshop, kinds, free, [job.id for job in running]):
                        running.add(job)
                        nursery.start_soon(_run, workshop, job, running)
            except DATABASE_ERRORS as error:
                workshop.reaching_since = workshop.now()
                workshop.log.warning("jobs cannot be looked for", problem=str(error).splitlines()[0])
            heard = await workshop.bell.wait(heard, POLL)


async def _claimed(workshop: Workshop, kinds: Collection[JobKind], most: int, running: Collection[int]) -> list[Job]:
    kinds = [kind for kind in kinds if kind in RUNS]
    if most <= 0:
        return []
    found = await workshop.database.read(jobs.look, workshop.holder, workshop.place.id, workshop.now(), kinds)
    freed = await _free_those_of_the_gone(workshop, found.others)
    if not found.due and not freed:
        return []
    place = workshop.place.id
    return await workshop.database.run(jobs.claim, workshop.holder, place, workshop.now(), most, kinds, running)


async def _run(workshop: Workshop, job: Job, running: set[Job]) -> None:
    try:
        await run_job(workshop, job)
    finally:
        running.discard(job)
        workshop.wake()


async def _free_those_of_the_gone(workshop: Workshop, others: Collection[str]) -> bool:
    gone = [each for each in others if await workshop.in_thread(workshop.is_gone, each)]
    if gone:
        workshop.log.warning("somebody was killed: their work is taken over", holders=len(gone))
        await workshop.database.run(jobs.free, gone)
        for holder in gone:
            await workshop.in_thread(workshop.forget, holder)
    return bool(gone)


async def run_job(workshop: Workshop, job: Job, tell: Tell = lambda _: None) -> bool:
    """Do what was claimed; whether it is done. Trouble is written down, and nothing is raised."""
    holding = Holding(job, workshop.holder)
    log = workshop.log.bind(recording_id=job.recording_id, kind=job.kind)
    log.debug("job begins", attempts=job.attempts)
    try:
        result = await _done(workshop, holding, tell)
    except BaseException:  # cancelled: another process may go on at once
        with trio.move_on_after(NOTE_IN, shield=True):
            await _note(workshop, log, jobs.release, job.id, workshop.holder)
        raise
    match result:
        case None:
            return True
        case StoppedError():
            log.warning("work was stopped: somebody else goes on, or it is not wanted any more")
            await _note(workshop, log, jobs.release, job.id, workshop.holder)
        case HopelessError():
            log.error("job has failed", code=result.code, problem=result.message)
            await _note(workshop, log, _give_up, job, workshop.holder, result, workshop.now())
        case TroubleError():
            log.warning("job is tried again later", code=result.code, problem=result.message, attempts=job.attempts + 1)
            await _note(workshop, log, _put_off, job, workshop, result, workshop.now())
    workshop.wake()
    return False


async def _done(workshop: Workshop, holding: Holding, tell: Tell) -> Exception | None:
    """None when it is; else what became of it: Trouble-, Hopeless- or StoppedError."""
    job = holding.job
    holding.scope.deadline = trio.current_time() + (LEASE - MARGIN).total_seconds()
    try:
        with holding.scope:
            main = partial(RUNS[job.kind], workshop, job, holding, tell)
            await beside(partial(_renew, workshop, holding), main)
            return None
    except (TroubleError, HopelessError, StoppedError) as error:
        return error
    except DATABASE_ERRORS as error:
        return TroubleError("database_failed", str(error).splitlines()[0])
    except Exception as error:
        workshop.log.exception("work on a recording failed", recording_id=job.recording_id, kind=job.kind)
        return TroubleError("internal", f"{type(error).__name__}: {error}")
    return StoppedError()


async def _renew(workshop: Workshop, holding: Holding) -> None:
    """The lease, again and again; when that does not succeed in time the work's scope is cancelled by its deadline."""
    pause = HEARTBEAT
    while True:
        await trio.sleep(pause)
        asked = trio.current_time()
        try:
            held = await workshop.database.run(jobs.renew, holding.job.id, holding.holder, workshop.now())
        except DATABASE_ERRORS as error:
            workshop.log.warning("a lease cannot be renewed", problem=str(error).splitlines()[0])
            pause = HEARTBEAT_AGAIN
            continue
        if not held:
            holding.lose()
            return
        holding.scope.deadline = asked + (LEASE - MARGIN).total_seconds()
        pause = HEARTBEAT


async def _note(
    workshop: Workshop, log: structlog.stdlib.BoundLogger, change: Callable[[Session, *Ts], object], *arguments: *Ts
) -> None:
    """Write down what became of a job. What cannot be written is seen when the lease is over."""
    try:
        await workshop.database.run(change, *arguments)
    except DATABASE_ERRORS as error:
        log.warning("what became of a job cannot be written", problem=str(error).splitlines()[0])


def _put_off(session: Session, job: Job, workshop: Workshop, trouble: TroubleError, now: datetime) -> None:
    """Try it again later, or not at all when that has gone on for too long and the class is over."""
    if not jobs.is_held(session, job.id, workshop.holder):
        return
    recording = store.get(session, job.recording_id)
    since = jobs.failing_since(session, job.id) or now
    if recording is not None and recording.state != "RECORDING" and job.kind in MAKING:
        began = max(since, recording.ended_at or since)
        patience = timedelta(hours=workshop.config.give_up_hours) if trouble.retry else UNREPAIRED
        if now - began >= patience:
            given_up = HopelessError(trouble.code, f"{trouble.message} (tried since {since:%Y-%m-%d %H:%M} UTC)")
            _give_up(session, job, workshop.holder, given_up, now)
            return
    pause = pause_after(job.attempts + 1, trouble, longest=LONGEST_PAUSE if job.kind in MAKING else LONGEST_CLEARING)
    jobs.postpone(session, job, workshop.holder, str(trouble), now, pause)
    if job.kind in ("film", "rebuild"):
        store.problem(session, job.recording_id, trouble.code, trouble.message)


def _give_up(session: Session, job: Job, holder: str, error: HopelessError, now: datetime) -> None:
    """It has failed. What was captured stays, so that it can be made anew."""
    if not jobs.done(session, job.id, holder):
        return
    if job.kind == "tracks":
        store.tracks(session, job.recording_id, "failed")
    else:
        store.failed(session, job.recording_id, now, error.code, error.message)
