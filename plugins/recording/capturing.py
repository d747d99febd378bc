# SPDX-License-Identifier: Apache-2.0
"""Capture of all recordings of a host: one thread drains the taps, another one writes (`writing`).

Every 50 ms all taps are visited; a tap holds seconds of media, so none is waited for by itself, however many cameras
there are. When the queue to the disk grows, steps are taken (`degrading`); when it is full, sound stays in its taps
until there is room. The trio thread opens and closes captures and calls `tend` once a second.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, final

import msgspec

from podium.plugins.recording.capture import Capture, Media, Recorded
from podium.plugins.recording.degrading import Ladder, Step
from podium.plugins.recording.writing import Disk, Failure, Writer, WriterStatistics

DRAIN_EVERY = 0.05
ALIVE_EVERY = 0.2
QUEUE_LIMIT = 64 << 20


class CapturingStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of all captures of a host."""

    captures: int
    tracks: int
    step: Step
    """What is left out because the disk is slow."""
    fill: float
    """How much of the queue to the disk is used, from 0 to 1."""
    slowest_visit: float
    """How many seconds the longest visit to all taps took."""
    writer: WriterStatistics


@final
class Capturing:
    """`call_soon` has something called on the trio thread, such as `TrioToken.run_sync_soon`."""

    def __init__(
        self,
        call_soon: Callable[[Callable[[], object]], object],
        *,
        queue_limit: int = QUEUE_LIMIT,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.call_soon = call_soon
        self.clock = clock
        self.wall = wall
        self.writer = Writer(disk, clock)
        self.recorded: tuple[Recorded, ...] = ()
        """Replaced by the trio thread, read by the draining one."""
        self._captures: tuple[Capture, ...] = ()
        self._queue_limit = queue_limit
        self._ladder = Ladder()
        self._step = Step.EVERYTHING
        self._alive_at = 0.0
        self._slowest = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recording-drain", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self.writer.start()
        self._thread.start()

    def stop(self) -> None:
        """Drain and write what there is. Waits for the disk: call it in a thread, after captures were closed."""
        self._stopping.set()
        self._thread.join()
        self.writer.stop()

    # For the trio thread

    def open(
        self,
        recording: Path,
        recording_id: str,
        session_id: str,
        media: Media,
        failed: Callable[[Failure], object] = lambda _: None,
    ) -> Capture:
        """Begin a run in the folder of this recording; `failed` is called on the trio thread when it must stop."""
        capture = Capture(self, recording, recording_id, session_id, media, failed)
        self._captures = (*self._captures, capture)
        return capture

    def tend(self) -> None:
        """Once a second."""
        now = self.clock()
        for capture in self._captures:
            capture.tend(now)
        if self._ladder.step != self._step:
            self._step = self._ladder.step
            for capture in self._captures:
                capture.note("degraded", step=self._step.name.lower())

    def statistics(self) -> CapturingStatistics:
        writer = self.writer.statistics()
        return CapturingStatistics(
            captures=len(self._captures),
            tracks=len(self.recorded),
            step=self._ladder.step,
            fill=writer.queued_bytes / self._queue_limit,
            slowest_visit=self._slowest,
            writer=writer,
        )

    def add(self, recorded: Recorded) -> None:
        self.recorded = (*self.recorded, recorded)

    # In the draining thread

    def _work(self) -> None:
        while not self._stopping.wait(DRAIN_EVERY):
            self.visit()
        self.visit(final=True)

    def visit(self, *, final: bool = False) -> None:
        """Take what all taps have. `final`: even if the queue is full."""
        now = self.clock()
        full = self.writer.queued >= self._queue_limit and not final
        step = self._ladder.judge(self.writer.queued / self._queue_limit, now)
        busy = set()
        for recorded in self.recorded:
            if recorded.drained:
                continue
            visited = recorded.tapped.video or not full
            if not visited or not self._drain(recorded, step, now):
                busy.add(recorded.capture)
        for capture in self._captures:
            if capture.closed and not capture.finished and capture not in busy:
                capture.finish(now)
                self.call_soon(partial(self._forget_capture, capture))
        if now - self._alive_at >= ALIVE_EVERY:
            self._alive_at = now
            for capture in self._captures:
                capture.alive(now)
        self._slowest = max(self._slowest, self.clock() - now)

    def _drain(self, recorded: Recorded, step: Step, now: float) -> bool:
        """Whether this was the last time."""
        tapped, capture = recorded.tapped, recorded.capture
        over = tapped.ending or tapped.tap.ended
        drained = tapped.drain(kept=capture.keeps(tapped, step, now), now=now, hidden_times=capture.hidden_times)
        if over:
            drained.media.append(tapped.end(now))
        if drained.clocks:
            self.writer.append(capture.clocks, b"".join(drained.clocks))
        if drained.media:
            self.writer.append(recorded.file, b"".join(drained.media))
        if over:
            self.writer.end(recorded.file)
            recorded.drained = True
            self.call_soon(partial(self._forget, recorded))
        return over

    # Called soon, on the trio thread

    def _forget(self, recorded: Recorded) -> None:
        self.recorded = tuple(each for each in self.recorded if each is not recorded)
        recorded.capture.forget(recorded)

    def _forget_capture(self, capture: Capture) -> None:
        self._captures = tuple(each for each in self._captures if each is not capture)
