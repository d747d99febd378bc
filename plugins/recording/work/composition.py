# SPDX-License-Identifier: Apache-2.0
"""The child process that makes the pieces of one film, started as often as it takes.

It may be killed by whatever runs short of memory, and it may crash at something in the class. Both are tried again;
what crashes at the same place again and again has failed. While the class goes on nothing has failed yet.
"""

import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import final

import msgspec
import structlog
import trio

from podium.plugins.recording.timeline import run_folders
from podium.plugins.recording.work.child import Ended, Event, run_child
from podium.plugins.recording.work.watch import Watch
from podium.plugins.recording.work.workshop import (
    NO_SPACE,
    Bell,
    Holding,
    HopelessError,
    TroubleError,
    Workshop,
    beside,
)

MODULE = "podium.plugins.recording.composer"
END_GRACE = timedelta(seconds=3)
"""Capture writes that it has ended. When it has not so long after the class, it has died."""
MOST_CRASHES = 5
MOST_KILLS = 12
MOST_REMAKES = 3
_IN_USE_PAUSE = 0.5
_MOST_IN_USE = 60
_LOOK_EVERY = 1.0
_LONGEST_PAUSE = 60.0


@final
class Composition:
    """Of one film, while its job is held. `news` rings when there is a new piece."""

    def __init__(
        self,
        workshop: Workshop,
        holding: Holding,
        watch: Watch,
        log: structlog.stdlib.BoundLogger,
        forget: Callable[[], object],
        *,
        careful: bool,
    ) -> None:
        """`forget` is called when pieces that were there are made anew. `careful`: quality goes before time."""
        self.news = Bell()
        recording_id = holding.job.recording_id
        self._captured = workshop.place.captured(recording_id)
        self._folder = workshop.place.film(recording_id)
        self._workshop = workshop
        self._holding = holding
        self._watch = watch
        self._log = log
        self._forget = forget
        self._careful = careful
        self._finish = trio.Event()
        self._made = 0
        """Pieces since the work began."""
        self._made_before = 0
        self._failures = 0
        self._remakes = 0
        self._in_use = 0

    async def run(self) -> float:
        """Until all pieces are made; gives the seconds that were captured. Raises TroubleError, HopelessError."""
        self._finish = trio.Event()
        return await beside(self._announce_end, self._until_done)

    async def _announce_end(self) -> None:
        """Have the child finish when the class is over and capture had time to say so itself."""
        await self._watch.until(lambda: self._watch.is_over)
        await trio.sleep(min(max(self._grace_left(), 0.0), END_GRACE.total_seconds()))
        self._finish.set()

    def _grace_left(self) -> float:
        ended_at = self._watch.recording.ended_at or self._workshop.now()
        return (ended_at + END_GRACE - self._workshop.now()).total_seconds()

    async def _until_done(self) -> float:
        while True:
            before = await self._runs()
            ended = await run_child(self._command(), self._heard, self._finish, self._holding, self._log)
            if ended.status == 0 and ended.last.get("event") == "done":
                if await self._stays_done(before):
                    return float(ended.last["captured"] if "captured" in ended.last else ended.last["duration"])
            else:
                await self._ended_otherwise(ended)

    async def _runs(self) -> int:
        return len(await self._workshop.in_thread(run_folders, self._captured))

    def _command(self) -> list[str]:
        settings = msgspec.json.encode(self._workshop.config.film.composition()).decode()
        paths = [str(self._captured), str(self._folder)]
        return [sys.executable, "-m", MODULE, *paths, *([] if self._careful else ["--follow"]), "--settings", settings]

    async def _stays_done(self, runs: int) -> bool:
        """Whether capture did not go on since the child began, and will not: it may, after a host was stopped."""
        while await self._runs() == runs:
            if self._watch.is_over:
                return True
            with trio.move_on_after(_LOOK_EVERY):
                await self._watch.until(lambda: self._watch.is_over)
        return False

    def _heard(self, event: Event) -> None:
        kind = event["event"]
        if kind in ("segment", "progress"):
            known, behind = float(event.get("known", 0)), float(event.get("behind", 0))
            self._watch.made(known - behind, known, str(event.get("step", "")))
        if kind == "segment":
            self._made += 1
            self._watch.piece()
            self.news.ring()

    async def _ended_otherwise(self, ended: Ended) -> None:
        last = ended.last if ended.last.get("event") == "failed" else {}
        match last.get("code"):
            case "in_use":
                await self._wait_for_other()
            case "header_differs":
                await self._remake(str(last.get("message")))
            case "settings_invalid":
                raise HopelessError("settings_invalid", str(last.get("message")))
            case _ if last.get("errno") in NO_SPACE:
                raise TroubleError("disk_full", f"{last.get('message')}; free some space")
            case _:
                await self._crashed(ended, str(last.get("message") or ended.said or "it said nothing"))

    async def _wait_for_other(self) -> None:
        """The child of somebody who was killed ends a little later."""
        self._in_use += 1
        if self._in_use > _MOST_IN_USE:
            raise TroubleError("in_use", f"another process makes a film in {self._folder}")
        await trio.sleep(_IN_USE_PAUSE)

    async def _remake(self, why: str) -> None:
        self._remakes += 1
        if self._remakes > MOST_REMAKES:
            raise HopelessError("film_broken", why)
        self._log.warning("a film is made anew", reason=why)
        await self._workshop.in_thread(shutil.rmtree, self._folder, True)
        self._forget()

    async def _crashed(self, ended: Ended, why: str) -> None:
        if self._made > self._made_before:
            self._failures = 0
        self._failures += 1
        self._made_before = self._made
        what = "was killed" if ended.was_killed else "crashed"
        self._log.warning(f"the composer {what}", status=ended.status, problem=why, times=self._failures)
        if self._failures >= (MOST_KILLS if ended.was_killed else MOST_CRASHES):
            message = f"the composer {what} {self._failures} times at the same place: {why}"
            if self._watch.is_over:
                raise HopelessError("composer_crashed", message)
            await self._watch.failing(TroubleError("composer_crashed", message))
        if self._failures > 1:
            await trio.sleep(min(2.0 ** min(self._failures - 2, 10), _LONGEST_PAUSE))
