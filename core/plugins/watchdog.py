# SPDX-License-Identifier: Apache-2.0
"""Finds out who holds up the thread that everything but the media runs on, and interrupts them when it is a plugin.

trio switches between tasks only where they wait. A task that computes or blocks instead stops all others, so its one
step is timed: a thread looks ten times a second whether the step has changed. After ten looks in a row at the same one
(a machine that was paused makes one look late, not ten) it reads the stack. A plugin found there is named, counted and
sent a signal, whose handler runs in the interrupted code itself and raises PluginStalled where nothing else is torn.

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


class Pulse(trio.abc.Instrument):
    """Counts the steps of all tasks. As cheap as can be: this runs thousands of times a second."""

    def __init__(self) -> None:
        self.beat = 0
        self.idle = False
        self.task: trio.lowlevel.Task | None = None

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.beat += 1
        self.task = task

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002  # trio's signature
        self.idle = True

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002  # trio's signature
        self.beat += 1
        self.idle = False


@final
class Watchdog:
    """Made by `open_watchdog`. Plugins are watched for as long as they are known here."""

    def __init__(self, *, interval: float, patience: int) -> None:
        self._interval = interval
        self._patience = patience
        self._pulse = Pulse()
        self._suspects = Suspects()
        self._told: dict[str, OnStall] = {}
        self._thread_id = threading.get_ident()
        self._token = trio.lowlevel.current_trio_token()
        self._signals = False
        self._stop = threading.Event()
        self._beat = -1
        self._same = 0
        self._since = 0.0
        self._named: Suspect | None = None
        self._wanted: tuple[int, str, str] | None = None  # the step, the plugin and the message to interrupt it with
        self._raised = False
        self._alarm_beat = -1
        self._alarms = 0
        self._found: deque[dict[str, Any]] = deque()  # by the handler, which must not write logs itself
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
            while self._found:
                _log(self._found.popleft())
            pause = self._look(time.monotonic())

    def _put_off_alarm(self) -> None:
        if self._signals:
            signal.setitimer(signal.ITIMER_REAL, DEAF * self._interval, self._interval)

    def _look(self, now: float) -> float:
        """Look once; the seconds until the next look."""
        if self._pulse.idle or self._pulse.beat != self._beat:
            self._beat, self._same, self._since = self._pulse.beat, 0, now
            self._named, self._wanted, self._raised = None, None, False
            return self._interval
        self._same += 1
        if self._same < self._patience:
            return self._interval
        if self._raised:  # and it goes on: give it the time again, perhaps it is cleaning up
            self._same, self._raised = 0, False
            return self._interval
        if self._named is None:
            self._named = self._name(now - self._since)
        if self._named is None:
            return self._interval
        self._interrupt(self._named, now - self._since)
        return self._interval * AGAIN

    def _name(self, seconds: float) -> Suspect | None:
        """Say who holds up the host."""
        frame = sys._current_frames().get(self._thread_id)
        suspect = self._suspects.look(frame)
        if suspect is None:
            self._warn(self._facts(frame, seconds))
            return None
        _log(self._count(suspect, frame, seconds))
        return suspect

    def _count(self, suspect: Suspect, frame: FrameType | None, seconds: float) -> dict[str, Any]:
        """What is to be logged about a stall."""
        self._stalls += 1
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._tell, suspect.plugin, _told(suspect, seconds))
        return {"plugin": suspect.plugin, "place": suspect.place, **self._facts(frame, seconds)}

    def _facts(self, frame: FrameType | None, seconds: float) -> dict[str, Any]:
        task = getattr(self._pulse.task, "name", None)
        return {"seconds": round(seconds, 1), "task": task, "stack": _stack(frame)}

    def _warn(self, facts: dict[str, Any]) -> None:
        if self._same == self._patience:
            self._unexplained += 1
        now = time.monotonic()
        if self._warned is None or now - self._warned >= WARN_EVERY:
            self._warned = now
            logger.warning("the host is held up, by no plugin", extra=facts)

    def _interrupt(self, suspect: Suspect, seconds: float) -> None:
        if self._signals:
            self._wanted = (self._beat, suspect.plugin, _told(suspect, seconds))
            signal.pthread_kill(self._thread_id, SIGNAL)

    # In the trio thread

    def _tell(self, name: str, what: str) -> None:
        if (told := self._told.get(name)) is not None:
            told(what)

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        """In the middle of whatever runs: raise only in the step that was meant, and where it harms nobody else."""
        suspect = self._suspects.look(frame)
        if self._wanted is None:
            message = self._look_in_alarm(suspect, frame)
        else:
            beat, plugin, told = self._wanted
            message = told if beat == self._pulse.beat and suspect is not None and suspect.plugin == plugin else None
        if message is None or suspect is None or not suspect.interruptible:
            return
        self._wanted, self._raised = None, True
        self._interruptions += 1
        raise PluginStalled(message)

    def _look_in_alarm(self, suspect: Suspect | None, frame: FrameType | None) -> str | None:
        """The thread does not get to look: do it here, as patiently; what to interrupt the plugin with."""
        if self._pulse.idle or self._pulse.beat != self._alarm_beat:
            self._alarm_beat, self._alarms = self._pulse.beat, 0
            return None
        self._alarms += 1
        if suspect is None or self._alarms < self._patience:
            return None
        seconds = (DEAF + self._alarms) * self._interval
        if self._alarms == self._patience:
            self._found.append(self._count(suspect, frame, seconds))
        return _told(suspect, seconds)


def _log(facts: dict[str, Any]) -> None:
    logger.error("plugin holds up the host", extra=facts)


def _told(suspect: Suspect, seconds: float) -> str:
    return f"held up the host for {seconds:.1f} s in {suspect.place}"


def _stack(frame: FrameType | None) -> str:
    return "" if frame is None else "".join(traceback.format_stack(frame)[-SHOWN:])


@asynccontextmanager
async def open_watchdog(*, interval: float = INTERVAL, patience: int = PATIENCE) -> AsyncIterator[Watchdog]:
    """Watch this trio run. Where it does not run in the main thread, signals do not reach it: stalls are only named."""
    watchdog = Watchdog(interval=interval, patience=patience)
    with _instrumented(watchdog._pulse), _signaled(watchdog):
        thread = threading.Thread(target=watchdog._run, name="podium-watchdog", daemon=True)
        thread.start()
        try:
            yield watchdog
        finally:
            watchdog._stop.set()
            thread.join()


@contextmanager
def _instrumented(pulse: Pulse) -> Iterator[None]:
    trio.lowlevel.add_instrument(pulse)
    try:
        yield
    finally:
        trio.lowlevel.remove_instrument(pulse)


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
        watchdog._wanted = None
        signal.signal(SIGNAL, signal.SIG_DFL)
