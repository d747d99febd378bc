# SPDX-License-Identifier: Apache-2.0
"""The job `film`: from the first second of a class to a stored film, in one go or in as many as it takes.

Three things go on side by side: the recording's row is watched and the film's progress written into it; a child process
makes pieces; whole pieces go into the storage. When the class is over the rest of them follows, and the film is looked
at, stored, and available.
"""

import shutil
from datetime import datetime
from functools import partial
from typing import final

import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.composer.segments import Index, read_index
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.storage import LocalStorage, StorageError, Stored
from podium.plugins.recording.store import FINAL, Recording
from podium.plugins.recording.verify import BrokenFilmError, check
from podium.plugins.recording.work.composition import Composition
from podium.plugins.recording.work.growing import GrowingFile
from podium.plugins.recording.work.keeping import CloudKeeping, DamagedPieceError, Keeping
from podium.plugins.recording.work.watch import Watch
from podium.plugins.recording.work.workshop import (
    Holding,
    HopelessError,
    StoppedError,
    Tell,
    TroubleError,
    Workshop,
    beside,
    pause_after,
    trouble_of,
)

CHAPTERS = "chapters.json"
LEAST = 0.1
"""Seconds that a class has to have for a film."""
MOST_REPAIRS = 3
NEWS_EVERY = 1.0


async def make_film(workshop: Workshop, job: Job, holding: Holding, tell: Tell, *, careful: bool = False) -> None:
    """Until it is available. `careful`: as good as it can be, however long that takes.

    Raises TroubleError, HopelessError, StoppedError.
    """
    recording = await workshop.database.read(store.get, job.recording_id)
    if recording is None or recording.state in FINAL:
        await workshop.database.run(jobs.done, job.id, holding.holder)
        return
    await FilmMaking(workshop, holding, recording, tell, careful=careful).run()


async def remake_film(workshop: Workshop, job: Job, holding: Holding, tell: Tell) -> None:
    """From the captured packets, whatever was made before."""
    await workshop.in_thread(partial(shutil.rmtree, ignore_errors=True), workshop.place.film(job.recording_id))
    if not await workshop.database.run(jobs.become, job, holding.holder, "film"):
        raise StoppedError
    await make_film(workshop, job, holding, tell, careful=True)


def base_of(recording: Recording) -> str:
    """What the names of all objects of a recording begin with."""
    return f"{recording.session_id}/{recording.id}"


@final
class FilmMaking:
    """One film, while its job is held."""

    def __init__(
        self, workshop: Workshop, holding: Holding, recording: Recording, tell: Tell, *, careful: bool
    ) -> None:
        self._workshop = workshop
        self._holding = holding
        self._base = base_of(recording)
        self._folder = workshop.place.film(recording.id)
        self._log = workshop.log.bind(recording_id=recording.id, session_id=recording.session_id)
        self._watch = Watch(workshop, holding, recording, self._log, tell)
        self._keeping = self._keeping_for(workshop)
        forget = self._keeping.forget
        self._composition = Composition(workshop, holding, self._watch, self._log, forget, careful=careful)

    def _keeping_for(self, workshop: Workshop) -> Keeping:
        if isinstance(workshop.storage, LocalStorage):
            return GrowingFile(workshop.storage, self._base, self._folder)
        return CloudKeeping(workshop.storage, self._base, self._folder)

    async def run(self) -> None:
        """See make_film."""
        scope = trio.CancelScope()
        try:
            with scope:
                await beside(partial(self._watch.run, scope), self._make)
        except (OSError, StorageError) as error:
            raise trouble_of(error) from error
        if self._watch.stopped:
            raise StoppedError

    async def _make(self) -> None:
        for _ in range(MOST_REPAIRS):
            captured = await self._compose()
            try:
                duration, stored = await self._finish(captured)
            except (BrokenFilmError, DamagedPieceError) as error:
                self._log.error("a film is damaged and made anew", problem=str(error))
                await self._repair(error)
                continue
            await self._available(duration, stored)
            return
        raise HopelessError("film_broken", f"the film was damaged each of {MOST_REPAIRS} times that it was made")

    async def _compose(self) -> float:
        """All pieces, and whole ones stored meanwhile. Gives the seconds that were captured."""
        composed = trio.Event()
        captured = 0.0
        raised: Exception | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, composed)
            try:
                captured = await self._composition.run()
            except (TroubleError, HopelessError, OSError) as error:
                raised = error
            composed.set()  # what is being stored just now comes to its end
            self._composition.news.ring()
        if raised is not None:
            raise raised
        return captured

    async def _keep(self, composed: trio.Event) -> None:
        """Store whole pieces as they come. What fails is tried again, while pieces are made."""
        heard = failures = 0
        while not composed.is_set():
            try:
                more = await self._step(final=False)
            except DamagedPieceError as error:
                self._log.error("a piece of film is damaged", problem=str(error))
                return  # found again, and made anew, when the class is over
            except (OSError, StorageError) as error:
                failures += 1
                trouble = trouble_of(error)
                await self._watch.failing(trouble)
                with trio.move_on_after(pause_after(failures, trouble).total_seconds()):
                    await composed.wait()
                continue
            failures = 0
            if not more:
                await self._watch.caught_up()
                heard = await self._composition.news.wait(heard, NEWS_EVERY)

    async def _step(self, *, final: bool) -> bool:
        index = await self._workshop.in_thread(read_index, self._folder)
        if index is None or not index.segments:
            return False
        return await self._workshop.in_thread(partial(self._keeping.step, index, final=final))

    async def _finish(self, captured: float) -> tuple[float, Stored]:
        """Store what is left, and the film. Raises what `_repair` repairs, and OSError, StorageError."""
        if captured < LEAST:
            raise HopelessError("nothing_captured", "nothing of the class was captured")
        while await self._step(final=True):
            pass
        index = await self._workshop.in_thread(read_index, self._folder)
        if index is None or not index.complete:
            raise TroubleError("film_incomplete", "pieces of the film are missing")
        return await self._workshop.in_thread(self._store, index, captured)

    def _store(self, index: Index, captured: float) -> tuple[float, Stored]:
        """In a thread."""
        film = self._keeping.film(index)
        with film.stream:
            duration = check(film.stream, index, captured)
        storage, chapters = self._workshop.storage, self._folder / CHAPTERS
        if chapters.is_file():
            storage.put(f"{self._base}/{CHAPTERS}", chapters, "application/json")
        stored = self._keeping.store(index)
        if stored != film.stored:
            what = f"{stored.name} has {stored.size} bytes of checksum {stored.crc32c:08x} instead of"
            raise StorageError("storage_failed", f"{what} {film.stored.size}, {film.stored.crc32c:08x}", retry=True)
        return duration, stored

    async def _repair(self, error: BrokenFilmError | DamagedPieceError) -> None:
        if isinstance(error, DamagedPieceError):
            await self._workshop.in_thread((self._folder / error.name).unlink, True)
        else:
            await self._workshop.in_thread(partial(shutil.rmtree, ignore_errors=True), self._folder)
        self._keeping.forget()

    async def _available(self, duration: float, stored: Stored) -> None:
        workshop, recording_id = self._workshop, self._watch.recording.id
        self._watch.closing = True
        done = partial(_done, duration=duration, stored=stored)
        if not await workshop.database.run(done, self._holding.job, self._holding.holder, workshop.now()):
            raise StoppedError
        self._log.info("recording is available", duration=round(duration, 2), size=stored.size, name=stored.name)
        recording = await workshop.database.read(store.get, recording_id)
        if recording is not None:
            self._watch.show(recording)
        workshop.wake()


def _done(session: Session, job: Job, holder: str, now: datetime, *, duration: float, stored: Stored) -> bool:
    """The film is there, and what is to be done next; False when the job is not ours any more."""
    recording = store.get(session, job.recording_id)
    if recording is None or not jobs.done(session, job.id, holder):
        return False
    store.available(session, recording.id, now, duration, stored.size, stored.crc32c, stored.name)
    jobs.add(session, recording.id, "tidy", recording.place, now)
    if recording.tracks == "wanted":
        jobs.add(session, recording.id, "tracks", recording.place, now)
    return True
