# SPDX-License-Identifier: Apache-2.0
"""A place to work in: short captured classes, a database, and storages that count and fail."""

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
import trio
from sqlalchemy.orm import Session

from podium.core import Database, open_database
from podium.plugins.recording import jobs, store
from podium.plugins.recording._config import FilmConfig, RecordingConfig
from podium.plugins.recording.composer.segments import read_index
from podium.plugins.recording.place import Place, open_place
from podium.plugins.recording.storage import LocalStorage, Storage, StorageError, Stored
from podium.plugins.recording.store import FINAL, Recording
from podium.plugins.recording.tables import jobs as job_table
from podium.plugins.recording.tables import metadata
from podium.plugins.recording.verify import check
from podium.plugins.recording.work import Workshop, work
from tests.builtin.recording.filming import Filming, moving, tone
from tests.builtin.recording.stand_ins import ANN

SMALL = FilmConfig(width=320, height=180, frame_rate=5, preset="ultrafast")
RECORDING = "abcdefgh23456789"
BASE = f"math-1/{RECORDING}"


def filmed(folder: Path, length: float, *, ended: bool = True) -> Path:
    """The folder of a captured class."""
    filming = Filming(folder)
    filming.studio.capture.participant_joined(ANN)
    filming.camera(ANN, moving(1, size=(80, 60)), (0.2, length))
    filming.microphone(ANN, tone(440, times=[(1, length)]), (0.2, length))
    filming.now(length)
    if ended:
        filming.studio.finish()
    else:
        filming.studio.capturing.tend()
        filming.studio.visit()
    return filming.studio.folder


class Shelf:
    """A storage that is no LocalStorage, so that it is used as a cloud is; counts what is put, and fails on request."""

    def __init__(self, directory: Path) -> None:
        self.inner = LocalStorage(directory)
        self.puts = Counter[str]()
        self.joins = Counter[str]()
        self.failures: list[StorageError] = []
        """What the next calls fail with."""
        self.asked = 0
        self.then: Callable[[str], object] = lambda name: None
        """Called after each put."""

    def put(self, name: str, file: Path, content_type: str) -> Stored:
        self._fail()
        stored = self.inner.put(name, file, content_type)
        self.puts[name] += 1
        self.then(name)
        return stored

    def join(self, parts: Sequence[str], target: str, content_type: str) -> Stored:
        self._fail()
        self.joins[target] += 1
        return self.inner.join(parts, target, content_type)

    def stat(self, name: str) -> Stored | None:
        self._fail()
        return self.inner.stat(name)

    def delete(self, name: str) -> None:
        self._fail()
        self.inner.delete(name)

    def list(self, prefix: str) -> Iterator[Stored]:
        self._fail()
        yield from self.inner.list(prefix)

    def read(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        yield from self.inner.read(name, start, length)

    def link(self, name: str, lifetime: timedelta, filename: str | None = None) -> str | None:
        return None

    def _fail(self) -> None:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)


class Bench:
    """One recording with its job, and workshops that work on it."""

    def __init__(self, folder: Path, database: Database, place: Place) -> None:
        self.folder = folder
        self.database = database
        self.place = place
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def workshop(self, storage: Storage | None = None, **settings: Any) -> Workshop:
        wanted: dict[str, Any] = {"film": SMALL, "composers": 2, "idle_seconds": 3600}
        return Workshop(
            database=self.database,
            storage=storage or LocalStorage(self.place.kept),
            place=self.place,
            config=RecordingConfig(**wanted | settings),
            log=structlog.stdlib.get_logger("test"),
            now=self.now,
        )

    async def capture(self, captured: Path | None, *, state: str = "RECORDING", **fields: Any) -> None:
        """What a host leaves behind: a captured class and its rows."""
        if captured is not None:
            shutil.copytree(captured, self.place.captured(RECORDING), dirs_exist_ok=True)
        now = self.now()
        wanted: dict[str, Any] = {
            "id": RECORDING,
            "session_id": "math-1",
            "series_id": "math",
            "title": "Mathematics",
            "state": state,
            "started_at": now,
            "ended_at": None if state == "RECORDING" else now,
            "place": self.place.id,
            "host": "host",
            "seen_at": now,
        }
        recording = Recording(**wanted | fields)

        def add(session: Session) -> None:
            store.add(session, recording)
            jobs.add(session, RECORDING, "film", self.place.id, now)

        await self.database.run(add)

    async def end(self, reason: str = "stopped") -> None:
        await self.database.run(store.end, RECORDING, self.now(), reason)

    async def recording(self) -> Recording:
        found = await self.database.read(store.get, RECORDING)
        assert found is not None
        return found

    async def until(self, true: Callable[[Recording], bool]) -> Recording:
        with trio.fail_after(60):
            while True:
                recording = await self.recording()
                if true(recording):
                    return recording
                await trio.sleep(0.05)

    async def until_final(self) -> Recording:
        return await self.until(lambda recording: recording.state in FINAL)

    async def leases(self) -> list[tuple[str, str | None]]:
        """Kinds of the jobs that there are, and who has them."""

        def read(session: Session) -> list[tuple[str, str | None]]:
            return [(row.kind, row.lease_holder) for row in session.execute(job_table.select())]

        return await self.database.read(read)

    async def until_idle(self) -> None:
        """No jobs are left."""
        with trio.fail_after(60):
            while await self.database.read(_jobs):
                await trio.sleep(0.05)

    @asynccontextmanager
    async def working(self, *workshops: Workshop) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            for workshop in workshops:
                nursery.start_soon(work, workshop)
            yield
            nursery.cancel_scope.cancel()

    def pieces(self) -> list[bytes]:
        """The film's pieces as they are on the disk."""
        index = read_index(self.place.film(RECORDING))
        assert index is not None
        return [(self.place.film(RECORDING) / each.name).read_bytes() for each in index.segments]

    def check(self, storage: Storage, recording: Recording, length: float) -> None:
        """The film that is stored is the whole class, and what the row says of it is true."""
        assert recording.state == "AVAILABLE"
        assert recording.object == f"{BASE}/film.mp4"
        assert storage.stat(recording.object) == Stored(recording.object, recording.size or 0, recording.crc32c or 0)
        film = self.folder / "film.mp4"
        film.write_bytes(b"".join(storage.read(recording.object)))
        index = read_index(self.place.film(RECORDING))
        assert index is not None
        with film.open("rb") as stream:
            assert abs(check(stream, index, length) - (recording.duration or 0)) < 0.01
        assert film.read_bytes().endswith(b"".join(self.pieces()))


def children() -> set[int]:
    """Processes of composers that this one has started and that still run."""
    return {
        pid for pid, parent, state in _processes() if parent == os.getpid() and state not in "ZX" and _composes(pid)
    }


def zombies() -> set[int]:
    """Those that nobody has waited for."""
    return {pid for pid, parent, state in _processes() if parent == os.getpid() and state == "Z"}


def _processes() -> Iterator[tuple[int, int, str]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            yield int(path.parent.name), int(parent), state


def _composes(pid: int) -> bool:
    with suppress(OSError):
        return b"composer" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _jobs(session: Session) -> list[str]:
    return [row.kind for row in session.execute(job_table.select())]


def _make_tables(session: Session) -> None:
    metadata.create_all(session.connection())


@asynccontextmanager
async def open_bench(folder: Path) -> AsyncIterator[Bench]:
    async with open_database(f"sqlite:///{folder}/podium.db") as database:
        await database.run(_make_tables)
        yield Bench(folder, database, open_place(folder / "place"))
