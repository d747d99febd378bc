# SPDX-License-Identifier: Apache-2.0
"""What is deleted: what a film was put together from, recordings that nobody wants any more, packets after some time.

Deleting again what is gone already is no error, so whoever is killed in the middle begins anew.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.storage import Storage, StorageError
from podium.plugins.recording.store import FINAL
from podium.plugins.recording.tables import jobs as job_table
from podium.plugins.recording.tables import recordings as table
from podium.plugins.recording.work.film import base_of
from podium.plugins.recording.work.watch import DATABASE_ERRORS
from podium.plugins.recording.work.workshop import Holding, StoppedError, Tell, Workshop, trouble_of

TEND_EVERY = 3600.0
MOST_AT_ONCE = 100


async def tidy(workshop: Workshop, job: Job, holding: Holding, _tell: Tell) -> None:
    """Delete pieces and groups of a film that is there. Raises TroubleError."""
    recording = await workshop.database.read(store.get, job.recording_id)
    if recording is not None and recording.state == "AVAILABLE":
        base = base_of(recording)
        await _delete(workshop, f"{base}/pieces/", f"{base}/groups/", f"{base}/film.mp4.join/")
    await workshop.database.run(jobs.done, job.id, holding.holder)


async def remove(workshop: Workshop, job: Job, holding: Holding, _tell: Tell) -> None:
    """Delete all there is of a recording. Raises TroubleError, StoppedError."""
    recording = await workshop.database.read(store.get, job.recording_id)
    if recording is not None:
        await _delete(workshop, f"{base_of(recording)}/")
    place = workshop.place
    for folder in (place.film, place.tracks, place.captured):
        await _delete_folder(workshop, folder(job.recording_id))
    if not await workshop.database.run(_removed, job, holding.holder):
        raise StoppedError
    workshop.log.info("recording was deleted", recording_id=job.recording_id)


async def _delete(workshop: Workshop, *prefixes: str) -> None:
    try:
        for prefix in prefixes:
            for name in await workshop.in_thread(_names, workshop.storage, prefix):
                await workshop.in_thread(workshop.storage.delete, name)
    except StorageError as error:
        raise trouble_of(error) from error


def _names(storage: Storage, prefix: str) -> list[str]:
    return [stored.name for stored in storage.list(prefix)]


async def _delete_folder(workshop: Workshop, folder: Path) -> None:
    try:
        await workshop.in_thread(_delete_tree, folder)
    except OSError as error:
        raise trouble_of(error) from error


def _delete_tree(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _removed(session: Session, job: Job, holder: str) -> bool:
    if not jobs.is_held(session, job.id, holder):
        return False
    store.delete(session, job.recording_id)
    jobs.drop(session, job.recording_id)
    return True


async def tend(workshop: Workshop) -> None:
    """Once an hour: recordings whose time is over, and packets of which the film was made long ago."""
    while True:
        try:
            await _tend_once(workshop)
        except DATABASE_ERRORS as error:
            workshop.log.warning("old recordings cannot be looked for", problem=str(error).splitlines()[0])
        await trio.sleep(TEND_EVERY)


async def _tend_once(workshop: Workshop) -> None:
    now, place = workshop.now(), workshop.place
    if await workshop.database.run(_want_removal, place.id, now):
        workshop.wake()
    before = now - timedelta(hours=workshop.config.keep_captured_hours)
    for recording_id in await workshop.database.read(_made_before, place.id, before):
        try:
            for folder in (place.film, place.captured):
                await workshop.in_thread(_delete_tree, folder(recording_id))
        except OSError as error:
            workshop.log.warning("packets cannot be deleted", recording_id=recording_id, problem=str(error))
            continue
        await workshop.database.run(store.captured_gone, recording_id)
        workshop.log.info("packets of a recording were deleted", recording_id=recording_id)


def _want_removal(session: Session, place: str, now: datetime) -> int:
    """Those that are over, unless somebody still makes them."""
    has_removal = sa.exists().where(job_table.c.recording_id == table.c.id, job_table.c.kind == "removal")
    over = sa.select(table.c.id).where(
        table.c.place == place, table.c.delete_at <= now, table.c.state.in_(FINAL), ~has_removal
    )
    found = list(session.scalars(over.limit(MOST_AT_ONCE)))
    for recording_id in found:
        jobs.add(session, recording_id, "removal", place, now)
    return len(found)


def _made_before(session: Session, place: str, before: datetime) -> list[str]:
    has_jobs = sa.exists().where(job_table.c.recording_id == table.c.id)
    old = sa.select(table.c.id).where(
        table.c.place == place,
        table.c.captured.is_(True),
        table.c.state == "AVAILABLE",
        table.c.available_at < before,
        ~has_jobs,
    )
    return list(session.scalars(old.limit(MOST_AT_ONCE)))
