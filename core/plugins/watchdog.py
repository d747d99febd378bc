# SPDX-License-Identifier: Apache-2.0
"""Finds out who holds up the thread that everything but the media runs on, and interrupts them when it is a plugin.

trio switches between tasks only where they wait. A task that computes or blocks instead stops all others. A thread
asks for a heartbeat ten times a second and looks whether the last one came. Without one, and with the same task on the
stack at ten looks in a row (a machine that was paused makes one look late, not ten), the host counts as held up: trio
lets no task run twice before it answers, so that is one step of one task. A plugin found on the stack is named,
counted and sent a signal; its handler runs in the interrupted code and raises PluginStalled where nothing else is torn.

C code that keeps the GIL keeps that thread from looking as well; a bad regular expression does. The thread therefore
puts off an alarm at each look. When it goes off, the looking is done in the signal's handler, which Python also runs
from inside of such code where it checks for signals. What never does can neither be named nor interrupted.
"""

import logging
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, final

import trio

from podium.core.plugins.blame import Suspect, Suspects
from podium.core.plugins.errors import PluginStalled
from podium.core.plugins.plugin import Plugin

INTERVAL = 0.1
"""Seconds between two looks."""
PATIENCE = 10
"""Looks at one and the same step after which the host counts as held up."""
AGAIN = 0.1
"""Share of the interval after which an interruption that could not be raised is tried again."""
DEAF = 3.0
"""Intervals without a look after which the alarm goes off, once an interval from then on."""
SIGNAL = signal.SIGALRM
WARN_EVERY = 60.0
"""Seconds between two warnings about a step in which no plugin is found."""
SHOWN = 40
"""Innermost frames of a stack that are logged."""

logger = logging.getLogger(__name__)

OnStall = Callable[[str], None]
"""Told in the trio thread what a plugin did."""


@dataclass(frozen=True, slots=True)
class WatchdogStatistics:
    """Since the start: `stalls` in which a plugin was found, `unexplained` ones, and interruptions raised."""

    stalls: int
    unexplained: int
    interruptions: int


@final
class Watchdog:
    """Made by `open_watchdog`. Plugins are watched for as long as they are known here."""

    def __init__(self, *, interval: float, patience: int) -> None:
        self._interval = interval
        self._patience = patience
        self._suspects = Suspects()
        self._told: dict[str, OnStall] = {}
        self._thread_id = threading.get_ident()
        self._token = trio.lowlevel.current_trio_token()
        self._signals = False
        self._stop = threading.Event()
        self._looking = threading.Lock()
        self._beats = 0
        self._step: tuple[int, FrameType | None] = (-1, None)  # heartbeats and the task at the last look
        self._since = 0.0
        self._same = 0
        self._named: Suspect | None = None
        self._wanted = False
        self._raised = False
        self._found: deque[tuple[int, str, dict[str, Any]]] = deque()  # to log: a signal's handler must not
        self._stalls = self._unexplained = self._interruptions = 0
        self._warned: float | None = None

    def watch(self, plugin: Plugin, package: str | None, on_stall: OnStall) -> None:
        """Know a plugin by its functions and its package; `on_stall` is called for each time it holds up the host."""
        self._suspects.add(plugin, package)
        self._told[plugin.name] = on_stall

    def forget(self, name: str) -> None:
        self._suspects.remove(name)
        self._told.pop(name, None)

    def statistics(self) -> WatchdogStatistics:
        return WatchdogStatistics(self._stalls, self._unexplained, self._interruptions)

    # In the watching thread

    def _run(self) -> None:
        pause = self._interval
        while not self._stop.wait(pause):
            self._put_off_alarm()
            with self._looking:
                self._look(time.monotonic(), sys._current_frames().get(self._thread_id))
                wanted = self._wanted and self._signals
            self._log_found()
            pause = self._interval
            if wanted:
                signal.pthread_kill(self._thread_id, SIGNAL)
                pause *= AGAIN

        self._log_found()

    def _log_found(self) -> None:
        while self._found:
            level, event, facts = self._found.popleft()
            logger.log(level, event, extra=facts)

    def _put_off_alarm(self) -> None:
        if self._signals:
            signal.setitimer(signal.ITIMER_REAL, DEAF * self._interval, self._interval)

    # In either thread, one at a time

    def _look(self, now: float, frame: FrameType | None) -> None:
        """Look once; `_wanted` says whether somebody is to be interrupted then."""
        step = self._beats, _task(frame)
        if step != self._step:
            self._step, self._since, self._same = step, now, 0
            self._named, self._wanted, self._raised = None, False, False
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._beat, idempotent=True)
            return
        self._same += 1
        if self._same < self._patience:
            return
        if self._raised:  # and it goes on: give it the time again, perhaps it is cleaning up
            self._same, self._raised = 0, False
            return
        if self._named is None:
            self._named = self._name(now, frame)
        self._wanted = self._named is not None

    def _name(self, now: float, frame: FrameType | None) -> Suspect | None:
        """Say who holds up the host."""
        seconds = now - self._since
        suspect = self._suspects.look(frame)
        facts = {"seconds": round(seconds, 1), "stack": _stack(frame)}
        if suspect is None:
            if self._same == self._patience:
                self._unexplained += 1
            if self._warned is None or now - self._warned >= WARN_EVERY:
                self._warned = now
                self._found.append((logging.WARNING, "the host is held up, by no plugin", facts))
            return None
        self._stalls += 1
        facts |= {"plugin": suspect.plugin, "place": suspect.place}
        self._found.append((logging.ERROR, "plugin holds up the host", facts))
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._tell, suspect.plugin, _told(suspect, seconds))
        return suspect

    # In the trio thread

    def _beat(self) -> None:
        self._beats += 1

    def _tell(self, name: str, what: str) -> None:
        told = self._told.get(name)
        try:
            if told is not None:
                told(what)
        except Exception:  # trio would end the host
            logger.exception("a stall cannot be counted", extra={"plugin": name})

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        """In the middle of whatever runs: raise only in the step that was meant, and where it harms nobody else."""
        if not self._looking.acquire(blocking=False):
            return  # the thread can look after all
        try:
            now = time.monotonic()
            if not self._wanted:
                self._look(now, frame)
            message = self._message(now, frame)
        finally:
            self._looking.release()
        if message is not None:
            raise PluginStalled(message)

    def _message(self, now: float, frame: FrameType | None) -> str | None:
        """What to interrupt the code in this frame with; None to let it be."""
        if not self._wanted or self._named is None or self._step != (self._beats, _task(frame)):
            return None
        suspect = self._suspects.look(frame)
        if suspect is None or suspect.plugin != self._named.plugin or not suspect.interruptible:
            return None
        self._wanted, self._raised = False, True
        self._interruptions += 1
        return _told(suspect, now - self._since)


def _task(frame: FrameType | None) -> FrameType | None:
    """The outermost frame of the task that is running, which stands for it; None between tasks."""
    while frame is not None and (outer := frame.f_back) is not None:
        if outer.f_code.co_name == "unrolled_run" and outer.f_globals.get("__name__") == "trio._core._run":
            return frame
        frame = outer
    return None


def _told(suspect: Suspect, seconds: float) -> str:
    return f"held up the host for {seconds:.1f} s in {suspect.place}"


def _stack(frame: FrameType | None) -> str:
    return "" if frame is None else "".join(traceback.format_stack(frame)[-SHOWN:])


@asynccontextmanager
async def open_watchdog(*, interval: float = INTERVAL, patience: int = PATIENCE) -> AsyncIterator[Watchdog]:
    """Watch this trio run. Where it does not run in the main thread, signals do not reach it: stalls are only named."""
    watchdog = Watchdog(interval=interval, patience=patience)
    with _signaled(watchdog):
        thread = threading.Thread(target=watchdog._run, name="podium-watchdog", daemon=True)
        thread.start()
        try:
            yield watchdog
        finally:
            watchdog._stop.set()
            thread.join()


@contextmanager
def _signaled(watchdog: Watchdog) -> Iterator[None]:
    """Let it use its signal for as long as its thread runs, unless somebody else does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(SIGNAL) is not signal.SIG_DFL:
        logger.warning("SIGALRM is in use: plugins that hold up the host are named and not interrupted")
        yield
        return
    signal.signal(SIGNAL, watchdog._on_signal)
    watchdog._signals = True
    watchdog._put_off_alarm()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(SIGNAL, signal.SIG_DFL)
