# SPDX-License-Identifier: Apache-2.0
"""The job `tracks`: separate tracks from the captured packets, made by a child process, then stored one by one.

Files that are finished are not made again, and objects that are there not stored again, whoever was killed when. The
recording's film is not touched.
"""

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import final

import msgspec
import structlog
import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.storage import Storage, StorageError
from podium.plugins.recording.store import KeptTrack, Recording
from podium.plugins.recording.timeline import run_folders
from podium.plugins.recording.tracks.index import FinishedTrack, read_index
from podium.plugins.recording.work.child import Ended, Event, run_child
from podium.plugins.recording.work.film import base_of
from podium.plugins.recording.work.watch import DATABASE_ERRORS
from podium.plugins.recording.work.workshop import (
    NO_SPACE,
    Holding,
    HopelessError,
    Progress,
    StoppedError,
    Tell,
    TroubleError,
    Workshop,
    beside,
    trouble_of,
)

MODULE = "podium.plugins.recording.tracks"
MOST_CRASHES = 5
LOOK_EVERY = 1.0
_IN_USE_PAUSE = 0.5
_LONGEST_PAUSE = 60.0


async def make_tracks(workshop: Workshop, job: Job, holding: Holding, tell: Tell) -> None:
    """Until they are stored. Raises TroubleError, HopelessError, StoppedError."""
    recording = await workshop.database.read(store.get, job.recording_id)
    if recording is None:
        await workshop.database.run(jobs.done, job.id, holding.holder)
        return
    runs = await workshop.in_thread(run_folders, workshop.place.captured(recording.id))
    if not recording.captured or not runs:
        raise HopelessError("packets_deleted", "what was captured is deleted: separate tracks cannot be made any more")
    await workshop.database.run(store.tracks, recording.id, "making")
    await TracksMaking(workshop, holding, recording, tell).run()


@final
class TracksMaking:
    """Those of one recording, while its job is held."""

    def __init__(self, workshop: Workshop, holding: Holding, recording: Recording, tell: Tell) -> None:
        self._workshop = workshop
        self._holding = holding
        self._recording = recording
        self._tell = tell
        self._captured = workshop.place.captured(recording.id)
        self._folder = workshop.place.tracks(recording.id)
        self._prefix = f"{base_of(recording)}/tracks/"
        self._log: structlog.stdlib.BoundLogger = workshop.log.bind(recording_id=recording.id)
        self._made = 0
        """Files since the last crash."""

    async def run(self) -> None:
        """See make_tracks."""
        scope = trio.CancelScope()
        try:
            with scope:
                await beside(partial(self._look, scope), self._make)
        except (OSError, StorageError) as error:
            raise trouble_of(error) from error
        if scope.cancelled_caught:
            raise StoppedError

    async def _look(self, scope: trio.CancelScope) -> None:
        """Stop when the recording is to be deleted."""
        while True:
            try:
                if await self._workshop.database.read(jobs.is_to_be_removed, self._recording.id):
                    scope.cancel()
            except DATABASE_ERRORS as error:
                self._log.warning("the database cannot be asked", problem=str(error).splitlines()[0])
            await trio.sleep(LOOK_EVERY)

    async def _make(self) -> None:
        await self._run_child()
        index = await self._workshop.in_thread(read_index, self._folder)
        if index is None or not index.complete:
            raise TroubleError("tracks_incomplete", "separate tracks are missing")
        for file in index.files:
            await self._workshop.in_thread(_put, self._workshop.storage, self._folder, self._prefix, file)
        await self._workshop.in_thread(_delete_others, self._workshop.storage, self._prefix, index.files)
        kept = msgspec.convert(msgspec.to_builtins(index.files), tuple[KeptTrack, ...])
        if not await self._workshop.database.run(_done, self._holding.job, self._holding.holder, kept):
            raise StoppedError
        self._log.info("separate tracks are available", files=len(kept), size=sum(file.size for file in kept))
        self._show(100)
        await self._workshop.in_thread(partial(shutil.rmtree, ignore_errors=True), self._folder)

    async def _run_child(self) -> None:
        """Until it is done. Raises TroubleError, HopelessError."""
        command = [sys.executable, "-m", MODULE, str(self._captured), str(self._folder)]
        crashes = 0
        while True:
            ended = await run_child(command, self._heard, trio.Event(), self._holding, self._log)
            last = ended.last
            match last.get("event"), last.get("code"):
                case "done", _ if ended.status == 0:
                    return
                case "failed", "in_use":  # the child of somebody who was killed ends a little later
                    await trio.sleep(_IN_USE_PAUSE)
                case "failed", _ if last.get("errno") in NO_SPACE:
                    raise TroubleError("disk_full", f"{last.get('message')}; free some space")
                case _:
                    crashes = 1 if self._made else crashes + 1
                    await self._crashed(ended, crashes)

    async def _crashed(self, ended: Ended, crashes: int) -> None:
        self._made = 0
        why = str(ended.last.get("message") or ended.said or "it said nothing")
        what = "was killed" if ended.was_killed else "crashed"
        self._log.warning(f"the maker of separate tracks {what}", status=ended.status, problem=why, times=crashes)
        if crashes >= MOST_CRASHES:
            raise HopelessError("tracks_crashed", f"the maker of separate tracks {what} {crashes} times: {why}")
        await trio.sleep(min(2.0 ** (crashes - 1) - 1, _LONGEST_PAUSE))

    def _heard(self, event: Event) -> None:
        if event["event"] == "file":
            self._made += 1
        elif event["event"] == "progress":
            self._show(min(99, int(event.get("percent", 0))))

    def _show(self, percent: int) -> None:
        self._tell(Progress(state=self._recording.state, percent=percent, step="tracks"))


def _put(storage: Storage, folder: Path, prefix: str, file: FinishedTrack) -> None:
    stored = storage.put(prefix + file.file, folder / file.file, _content_type(file))
    if (stored.size, stored.crc32c) != (file.size, file.crc32c):
        what = f"{stored.name} has {stored.size} bytes of checksum {stored.crc32c:08x} instead of"
        raise StorageError("storage_failed", f"{what} {file.size}, {file.crc32c:08x}", retry=True)


def _delete_others(storage: Storage, prefix: str, files: tuple[FinishedTrack, ...]) -> None:
    """What was stored when they were made another time."""
    wanted = {prefix + file.file for file in files}
    for name in [stored.name for stored in storage.list(prefix) if stored.name not in wanted]:
        storage.delete(name)


def _content_type(file: FinishedTrack) -> str:
    return f"{file.kind}/webm" if file.file.endswith(".webm") else f"{file.kind}/x-matroska"


def _done(session: Session, job: Job, holder: str, kept: tuple[KeptTrack, ...]) -> bool:
    """False when the job is not ours any more."""
    if not jobs.done(session, job.id, holder):
        return False
    store.tracks(session, job.recording_id, "available", kept)
    return True
