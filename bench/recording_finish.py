# SPDX-License-Identifier: Apache-2.0
"""How long after a class its recording is available, for classes of any length, and how much memory that takes.

A class is made and captured once (`lesson`), and its first ten minutes are composed. A longer class repeats them; so
does its film up to the last minute, which is composed out of the captured packets while they come at their own speed,
as in any class. Then the class ends. Jobs, composer and storage run as in a host, in a process of their own. The
emulator of a cloud copies what it joins, which a cloud does not: how long that took is told, and taken off the ratio.

    python -m bench.recording_finish FOLDER [--minutes 10 60] [--storage local cloud] [--whole]

FOLDER keeps the class and its film for the next time. With `--whole` nothing is repeated: the film of the whole class
is made first, out of packets that come as fast as the film, which takes a third of its length or more.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import IO

import trio
from sqlalchemy.orm import Session

from bench.lesson import CYCLE, Lesson
from bench.machine import Shares, Watch, description
from bench.recorder import database_of, storage_of
from bench.repeated import repeat
from bench.replay import Replay
from podium.core import Database
from podium.plugins.recording import jobs, store
from podium.plugins.recording.composer.segments import read_index
from podium.plugins.recording.composer.settings import SEGMENT_SECONDS
from podium.plugins.recording.place import Place, open_place
from podium.plugins.recording.storage import LocalStorage, Storage
from podium.plugins.recording.store import FINAL, Recording
from podium.plugins.recording.work.keeping import GROUP
from tests.builtin.recording.storage_server import StorageServer, running

RECORDING = "abcdefgh23456789"
LIVE = 40.0
"""Seconds at the end that come at their own speed."""
CAUGHT_UP = 14.0
TICK = 0.2
HEADINGS = (
    "minutes",
    "storage",
    "seconds",
    "ratio",
    "behind s",
    "film MB",
    "jobs MB",
    "composer MB",
    "requests",
    "copying s",
)


@dataclass(frozen=True)
class Finished:
    """One class that came to its end."""

    seconds: float
    """From the end of the class to AVAILABLE."""
    behind: float
    """Seconds of film that were missing then."""
    size: int
    jobs_memory: int
    """The most that the process with the jobs had, in bytes."""
    composer_memory: int
    requests: int
    """What the storage was asked from the end of the class on."""
    copying: float
    """Seconds for which the emulator copied what it was to join."""
    machine: Shares


class Recorder:
    """The process that makes films, and how much memory it and its children had at most."""

    def __init__(self, folder: Path, server: StorageServer | None, log: IO[bytes]) -> None:
        command = [sys.executable, "-m", "bench.recorder", str(folder), *([server.url] if server else [])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log)
        self.memory = self.children_memory = 0

    def wake(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def look(self) -> None:
        pid = self._process.pid
        self.memory = max(self.memory, _peak(pid))
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in _text(task / "children").split():
                self.children_memory = max(self.children_memory, _peak(int(child)))

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    arguments = _arguments()
    print(description())
    print(f"the last {LIVE:g} s of each class at their own speed; {arguments.times} times each\n")
    source = Source(arguments.folder, max(arguments.minutes), whole=arguments.whole)
    print("  ".join(f"{heading:>11}" for heading in (*HEADINGS, "steal", "busy")))
    for kind in arguments.storage:
        first = 0.0
        for minutes in arguments.minutes:
            several = [source.finish(minutes, kind) for _ in range(arguments.times)]
            seconds = median(each.seconds - each.copying for each in several)
            first = first or seconds
            print(row(minutes, kind, several, seconds / first), flush=True)


def row(minutes: float, kind: str, several: list[Finished], ratio: float) -> str:
    """One line of the table: the median and the slowest time; else the worst of each."""
    seconds = sorted(each.seconds for each in several)
    cells = (
        f"{minutes:g}",
        kind,
        f"{median(seconds):.2f}-{seconds[-1]:.2f}",
        f"{ratio:.2f}",
        f"{max(each.behind for each in several):.1f}",
        f"{several[0].size / 1e6:.0f}",
        f"{max(each.jobs_memory for each in several) / 1e6:.0f}",
        f"{max(each.composer_memory for each in several) / 1e6:.0f}",
        f"{max(each.requests for each in several)}",
        f"{median(each.copying for each in several):.2f}",
        f"{max(each.machine.stolen for each in several):.1%}",
        f"{max(each.machine.busy for each in several):.0%}",
    )
    return "  ".join(f"{cell:>11}" for cell in cells)


class Source:
    """A captured class with the film of its beginning."""

    def __init__(self, folder: Path, minutes: float, *, whole: bool) -> None:
        self._folder = folder
        self._made = folder / ("whole" if whole else "cycle")
        self._whole = whole
        self._captured = folder / f"class-{minutes:g}" / "recording"
        self._teach(minutes)
        known = minutes * 60 - LIVE
        self._compose(known if whole else min(known, CYCLE))

    def finish(self, minutes: float, kind: str) -> Finished:
        """The end of a class of this length."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._folder)))
            server = stack.enter_context(running(folder / "cloud") if kind == "cloud" else nullcontext())
            place = open_place(folder)
            pieces = int((minutes * 60 - LIVE - 2 * SEGMENT_SECONDS) // SEGMENT_SECONDS)
            if self._whole:
                repeat(self._made, place.film(RECORDING), pieces, cycle=pieces)
            else:
                repeat(self._made, place.film(RECORDING), pieces)
            replay = stack.enter_context(Replay(self._captured, place.captured(RECORDING)))
            log = stack.enter_context((self._folder / "recorder.log").open("ab"))
            return trio.run(partial(_finish, folder, place, replay, minutes * 60, server, log))

    def _teach(self, minutes: float) -> None:
        if self._captured.exists():
            return
        making = self._captured.with_name("making")
        shutil.rmtree(making, ignore_errors=True)
        for second in Lesson(making).teach(minutes):
            _show(f"class {second:.0f} s")
        (making / "recording").rename(self._captured)

    def _compose(self, until: float) -> None:
        """Pieces up to this time, by a composer that follows the class; packets come as fast as it makes them."""
        known = read_index(self._made)
        composed = known.duration if known is not None else 0.0
        wanted = until // SEGMENT_SECONDS * SEGMENT_SECONDS
        with Replay(self._captured, self._folder / "replayed") as replay, _composer(replay.folder, self._made) as stop:
            while composed < wanted:
                replay.until(min(composed + CAUGHT_UP, until + CAUGHT_UP))
                time.sleep(TICK)
                known = read_index(self._made)
                composed = known.duration if known is not None else 0.0
                _show(f"film {composed:.0f} s")
            stop()


async def _finish(
    folder: Path, place: Place, replay: Replay, length: float, server: StorageServer | None, log: IO[bytes]
) -> Finished:
    storage = storage_of(folder, server.url if server else None)
    replay.until(length - LIVE)
    async with database_of(folder) as database:
        await database.run(_begin, place)
        recorder = Recorder(folder, server, log)
        try:
            await _until(lambda: _is_stored(storage, place, length - LIVE - CAUGHT_UP), recorder)
            began = trio.current_time()
            while (passed := trio.current_time() - began) < LIVE:
                replay.until(length - LIVE + passed)
                recorder.look()
                await trio.sleep(TICK)
            if server is not None:
                server.requests()
                server.joining()
            replay.end(length)
            return await _end(database, place, recorder, server, length)
        finally:
            recorder.stop()


async def _end(
    database: Database, place: Place, recorder: Recorder, server: StorageServer | None, length: float
) -> Finished:
    watch, ended = Watch(), time.monotonic()
    index = read_index(place.film(RECORDING))
    assert index is not None
    await database.run(store.end, RECORDING, datetime.now(UTC), "stopped")
    recorder.wake()
    recording = await database.read(store.get, RECORDING)
    while recording is not None and recording.state not in FINAL:
        recorder.look()
        await trio.sleep(0.02)
        recording = await database.read(store.get, RECORDING)
    seconds = time.monotonic() - ended
    assert recording is not None
    if recording.state != "AVAILABLE" or abs((recording.duration or 0) - length) > 0.2:
        raise RuntimeError(f"{recording}")
    return Finished(
        seconds,
        length - index.duration,
        recording.size or 0,
        recorder.memory,
        recorder.children_memory,
        len(server.requests()) if server is not None else 0,
        server.joining() if server is not None else 0.0,
        watch.shares(),
    )


def _begin(session: Session, place: Place) -> None:
    now = datetime.now(UTC)
    store.add(
        session,
        Recording(
            id=RECORDING,
            session_id="class",
            series_id="class",
            title="A class",
            started_at=now,
            place=place.id,
            host="host",
            seen_at=now,
        ),
    )
    jobs.add(session, RECORDING, "film", place.id, now)


async def _until(true: Callable[[], bool], recorder: Recorder) -> None:
    while not await trio.to_thread.run_sync(true):
        recorder.look()
        await trio.sleep(1)


def _is_stored(storage: Storage, place: Place, seconds: float) -> bool:
    """Whether the film is made up to this time, and its pieces are in the storage, as they are in any class by then."""
    index = read_index(place.film(RECORDING))
    if index is None or index.duration < seconds:
        return False
    if isinstance(storage, LocalStorage):
        growing = place.film(RECORDING) / "film.growing"
        return growing.exists() and growing.stat().st_size > sum(segment.size for segment in index.segments)
    stored = {each.name.rpartition("/")[2] for each in storage.list(f"class/{RECORDING}/")}
    groups = len(index.segments) // GROUP
    wanted = {f"{number:04d}.mp4" for number in range(groups)}
    return stored == wanted | {segment.name for segment in index.segments[groups * GROUP :]}


@contextmanager
def _composer(captured: Path, out: Path) -> Iterator[Callable[[], None]]:
    """Follows a class until told to stop."""
    command = [sys.executable, "-m", "podium.plugins.recording.composer", str(captured), str(out), "--follow"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        yield process.stdin.close
    finally:
        process.kill()
        process.wait()


def _peak(pid: int) -> int:
    """VmHWM: the most memory that was resident, in bytes; 0 for a process that has ended."""
    for line in _text(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _show(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{what:<40}", end="", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="where the class and its film are kept")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0])
    parser.add_argument("--storage", nargs="+", choices=["local", "cloud"], default=["local", "cloud"])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="compose all of the class, and repeat nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
