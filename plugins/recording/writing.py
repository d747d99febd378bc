# SPDX-License-Identifier: Apache-2.0
"""The thread that writes captures: what has been appended to many files goes out in large writes, in time.

Nobody waits for the disk but this thread. What waits for it is counted in bytes, so that those who append can leave
something out before memory is gone. A disk that fails or is full ends the files of one folder; what was written stays.
"""

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import final

import msgspec

from podium.plugins.recording.timeline import run_folder, run_folders

WRITE_EVERY = 0.2
SYNC_EVERY = 1.0
_SYNC_SHARE = 4
"""Syncing takes at most a fifth of the time."""

_LARGEST_WRITE = 1 << 20


class Disk:
    """The system calls. Each may raise OSError."""

    def make_run(self, recording: Path) -> Path:
        """The folder of a new run, behind those that are there."""
        recording.mkdir(parents=True, exist_ok=True)
        runs = run_folders(recording)
        run = run_folder(recording, int(runs[-1].name[4:]) + 1 if runs else 0)
        run.mkdir()
        self.sync_folder(recording)
        return run

    def open(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def write(self, file: int, data: memoryview) -> int:
        return os.write(file, data)

    def sync(self, file: int) -> None:
        os.fdatasync(file)

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, file: int) -> None:
        os.close(file)

    def free(self, folder: Path) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize


class Failure(msgspec.Struct, frozen=True):
    """Why nothing more is written."""

    reason: str
    """`disk_full` or `disk_error`."""
    message: str


class WriterStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of all files since the start, and how it stands now."""

    written_bytes: int
    queued_bytes: int
    lag: float
    """For how many seconds the oldest byte has waited."""
    slowest: float
    """How many seconds the longest round of writing or syncing took."""
    free_bytes: int | None
    """On the disk of the last folder written to; None before."""


@final
class RunWriter:
    """The folder of one run, made when something is written. `failed` is called in the writing thread."""

    def __init__(self, recording: Path, failed: Callable[[Failure], object]) -> None:
        self.recording = recording
        self.folder: Path | None = None
        self.failure: Failure | None = None
        self.new_files = False
        self._failed = failed

    def fail(self, error: OSError) -> None:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        self.failure = Failure("disk_full" if full else "disk_error", str(error))
        self._failed(self.failure)


@final
class FileWriter:
    """One file of a run. Made by `Writer.file`."""

    def __init__(self, run: RunWriter, name: str) -> None:
        self.run = run
        self.name = name
        self.pending: list[bytes] = []
        self.descriptor: int | None = None
        self.dirty = False
        self.ended = False


@final
class Writer:
    """Appends to files from any thread; `start` and `stop` it from one."""

    def __init__(self, disk: Disk | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._disk = disk or Disk()
        self._clock = clock
        self._lock = threading.Lock()
        self._files: list[FileWriter] = []
        self._queued = 0
        self._oldest: float | None = None
        self._writing: float | None = None
        self._written = 0
        self._slowest = 0.0
        self._free: int | None = None
        self._next_sync = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recording-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, sync, close. Waits for the disk: not for the trio thread."""
        self._stopping.set()
        self._thread.join()

    @property
    def queued(self) -> int:
        return self._queued

    def file(self, run: RunWriter, name: str) -> FileWriter:
        """A new file. It appears when something is written to it."""
        file = FileWriter(run, name)
        with self._lock:
            self._files.append(file)
        return file

    def append(self, file: FileWriter, data: bytes) -> None:
        """Have this written soon; whole records only."""
        with self._lock:
            if file.run.failure is None and not file.ended:
                file.pending.append(data)
                self._queued += len(data)
                if self._oldest is None:
                    self._oldest = self._clock()

    def end(self, file: FileWriter) -> None:
        """Close it when everything is written."""
        with self._lock:
            file.ended = True

    def statistics(self) -> WriterStatistics:
        with self._lock:
            since = self._writing if self._writing is not None else self._oldest
            return WriterStatistics(
                written_bytes=self._written,
                queued_bytes=self._queued,
                lag=0.0 if since is None else max(0.0, self._clock() - since),
                slowest=self._slowest,
                free_bytes=self._free,
            )

    # In the writing thread

    def _work(self) -> None:
        while not self._stopping.wait(WRITE_EVERY):
            self.round()
        self._next_sync = 0.0
        self.round()
        for file in self._files:
            self._close(file)

    def round(self) -> None:
        """Write what waits, sync when it is time, close what has ended.

        The files of a run in reverse: its timeline comes last, so that what it says has been written is.
        """
        began = self._clock()
        with self._lock:
            batch = [(file, file.pending) for file in reversed(self._files) if file.pending]
            files = list(self._files)
            for file, _ in batch:
                file.pending = []
            self._writing, self._oldest = self._oldest, None
        for file, pending in batch:
            self._flush(file, pending)
        self._writing = None
        if began >= self._next_sync:
            before = self._clock()
            self._sync(files)
            self._next_sync = self._clock() + max(SYNC_EVERY, _SYNC_SHARE * (self._clock() - before))
        self._slowest = max(self._slowest, self._clock() - began)
        self._forget_ended()

    def _flush(self, file: FileWriter, pending: list[bytes]) -> None:
        try:
            if file.run.failure is None:
                self._write(file, pending)
        except OSError as error:
            self._fail(file.run, error)
        finally:
            with self._lock:
                self._queued -= sum(map(len, pending))

    def _write(self, file: FileWriter, pending: list[bytes]) -> None:
        if file.run.folder is None:
            file.run.folder = self._disk.make_run(file.run.recording)
        if file.descriptor is None:
            file.descriptor = self._disk.open(file.run.folder / file.name)
            file.run.new_files = True
        file.dirty = True
        data = memoryview(b"".join(pending))
        while data:
            count = self._disk.write(file.descriptor, data[:_LARGEST_WRITE])
            self._written += count
            data = data[count:]

    def _sync(self, files: list[FileWriter]) -> None:
        for file in files:
            if file.dirty and file.descriptor is not None and file.run.failure is None:
                try:
                    self._sync_file(file, file.descriptor)
                except OSError as error:
                    self._fail(file.run, error)
        folder = next((file.run.folder for file in reversed(files) if file.run.folder is not None), None)
        if folder is not None:
            try:
                self._free = self._disk.free(folder)
            except OSError:  # only a figure, and the next write says what is wrong
                self._free = None

    def _sync_file(self, file: FileWriter, descriptor: int) -> None:
        self._disk.sync(descriptor)
        file.dirty = False
        if file.run.new_files and file.run.folder is not None:
            self._disk.sync_folder(file.run.folder)
            file.run.new_files = False

    def _fail(self, run: RunWriter, error: OSError) -> None:
        run.fail(error)
        with self._lock:
            for file in self._files:
                if file.run is run:
                    self._queued -= sum(map(len, file.pending))
                    file.pending, file.ended, file.dirty = [], True, False

    def _forget_ended(self) -> None:
        with self._lock:
            over = [file for file in self._files if file.ended and not file.pending and not file.dirty]
            self._files = [file for file in self._files if file not in over]
        for file in over:
            self._close(file)

    def _close(self, file: FileWriter) -> None:
        descriptor, file.descriptor = file.descriptor, None
        if descriptor is not None:
            try:
                self._disk.close(descriptor)
            except OSError as error:
                if file.run.failure is None:
                    file.run.fail(error)
