# SPDX-License-Identifier: Apache-2.0
"""What all work on recordings has in common: where things are, who works, how work ends other than by being done."""

import errno
import fcntl
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TypeVar, TypeVarTuple, final

import msgspec
import structlog
import trio

from podium.core import Database
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.place import Place
from podium.plugins.recording.storage import Storage, StorageError

_HOLDERS = "holders"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is, for who watches it. `behind`: seconds of film that are known and not made yet."""

    state: str
    percent: int = 0
    behind: float = 0.0
    step: str = ""
    problem: str | None = None


Tell = Callable[[Progress], object]


class TroubleError(Exception):
    """It cannot be done now and is tried again. Without `retry` somebody has to act first."""

    def __init__(self, code: str, message: str, *, retry: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry = retry


class HopelessError(Exception):
    """It cannot be done, and trying again does not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class StoppedError(Exception):
    """Somebody else is to go on: the lease was lost, or the recording is to be deleted."""


def trouble_of(error: OSError | StorageError) -> TroubleError:
    """In the words of a recording's problem."""
    if isinstance(error, StorageError):
        code = "disk_full" if error.code == "no_space" else error.code
        return TroubleError(code, error.message, retry=error.retry)
    if error.errno in NO_SPACE:
        return TroubleError("disk_full", f"{error.strerror or error}; free some space")
    return TroubleError("io_error", str(error))


@final
class Holding:
    """The lease of a job while it is done. Work under `scope`, which is cancelled when the lease is over."""

    def __init__(self, job: Job, holder: str) -> None:
        self.job = job
        self.holder = holder
        self.scope = trio.CancelScope()
        self._lost = False

    @property
    def is_lost(self) -> bool:
        """Whether everything has to stop at once."""
        return self._lost or trio.current_time() >= self.scope.deadline

    def lose(self) -> None:
        self._lost = True
        self.scope.cancel()


@final
class Bell:
    """Rung when there is something new. Whoever waits tells up to which ring they have heard it."""

    def __init__(self) -> None:
        self.rings = 0
        self._event = trio.Event()

    def ring(self) -> None:
        self.rings += 1
        self._event.set()
        self._event = trio.Event()

    async def wait(self, heard: int, seconds: float) -> int:
        """Until it rings again, or so long."""
        if self.rings == heard:
            with trio.move_on_after(seconds):
                await self._event.wait()
        else:
            await trio.lowlevel.checkpoint()
        return self.rings


async def beside(other: Callable[[], Awaitable[object]], main: Callable[[], Awaitable[T]]) -> T:
    """What `main` gives or raises; `other` goes on as long."""
    found: list[T] = []
    raised: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        try:
            found.append(await main())
        except Exception as error:
            raised = error
        nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised
    return found[0]


def utc_now() -> datetime:
    return datetime.now(UTC)


@final
class Workshop:
    """Where recordings are worked on: one in a host or recorder."""

    def __init__(
        self,
        *,
        database: Database,
        storage: Storage,
        place: Place,
        config: RecordingConfig,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime] = utc_now,
        holder: str | None = None,
    ) -> None:
        self.database = database
        self.storage = storage
        self.place = place
        self.config = config
        self.log = log
        self.now = now
        self.holder = holder or secrets.token_hex(16)
        self.bell = Bell()
        self.reaching_since = now()
        """Since when the database has been there, as far as is known: before that, others may not have been heard."""
        self.limiter = trio.CapacityLimiter(2 * config.composers + 2)

    def wake(self) -> None:
        """There is something to do, or to be heard by those who do it. Without it that takes a second."""
        self.bell.ring()

    async def in_thread(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What blocks. When cancelled, the thread finishes what it does and nobody hears of it: it is done again."""
        return await trio.to_thread.run_sync(function, *arguments, abandon_on_cancel=True, limiter=self.limiter)

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """Let others in this place see that this holder works, and so whether it was killed."""
        lock = await trio.to_thread.run_sync(_appear, self.place.root / _HOLDERS, self.holder)
        try:
            yield
        finally:
            with suppress(OSError):
                (self.place.root / _HOLDERS / self.holder).unlink(missing_ok=True)
            lock.close()

    def is_gone(self, holder: str) -> bool:
        """Whether another holder is known to have been killed. For a thread."""
        try:
            with (self.place.root / _HOLDERS / holder).open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it has its lock, or is elsewhere
            return False
        return True

    def forget(self, holder: str) -> None:
        """One that is gone and holds nothing. For a thread."""
        with suppress(OSError):
            (self.place.root / _HOLDERS / holder).unlink(missing_ok=True)


def _appear(folder: Path, holder: str) -> IO[bytes]:
    """A file with a lock that ends with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    unlocked = folder / f".{holder}"
    lock = unlocked.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unlocked.replace(folder / holder)
    return lock


def pause_after(attempts: int, trouble: TroubleError, longest: float = 60.0) -> timedelta:
    """Until the next try, after so many that failed."""
    return timedelta(seconds=min(2.0 ** min(attempts - 1, 30), longest) if trouble.retry else longest)
