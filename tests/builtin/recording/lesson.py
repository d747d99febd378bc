# SPDX-License-Identifier: Apache-2.0
"""A short class that is recorded while what records it is killed, and what has to be true of the film in the end.

The class tells the time (`teller`). In the film everything has to be at its place that was sent while the host was
there, but for the last second before a kill of the host and the moment until capture has begun again after it.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.error import HTTPError

from tests.builtin.recording.processes import School
from tests.builtin.recording.storage_door import StorageDoor
from tests.builtin.recording.teller import Teller
from tests.builtin.recording.told_time import STEP, Film, Seen, read_film

ROOM = "lesson"
LOST = 1.0
"""Seconds before a kill of the host that may be missing."""
SETTLED = 1.5
"""Seconds after the first packets of a connection in which capture has to have begun."""
APART = 0.4
"""By how many seconds something may be at a wrong place in the film: pictures come five times a second."""
HOLE = 0.16
"""Seconds of sound that may be missing at a time: a packet lost on the way, an edge between two pitches."""


class Blow(NamedTuple):
    """Something that is done to a class, so many seconds after its beginning or its end."""

    at: float
    who: str
    away: float = 0.0
    """For how many seconds it is left dead."""


class Hole(NamedTuple):
    """When nothing can have been captured."""

    begin: float
    end: float


class Report(NamedTuple):
    """How it ended."""

    state: str
    took: float
    """Seconds from the end of the class, or the last blow after it."""
    lost: float
    """The longest time before a kill of the host of which nothing is there."""
    settled: float
    """The longest time until capture had begun."""
    judged: float
    """Seconds of the class that had to be in the film."""
    uploads: int
    duration: float


class Lesson:
    """Made by `lesson`."""

    def __init__(self, school: School, door: StorageDoor | None, teller: Teller) -> None:
        self.school = school
        self.door = door
        self.teller = teller
        self.recording_id = ""
        self.asked = self.started = self.stopped = 0.0
        self.holes: list[Hole] = []
        self.blows: list[str] = []

    def begin(self) -> None:
        self.teller.wait_until_sending()
        self.asked = time.time()
        info = self.school.ask("POST", f"/sessions/{ROOM}/recording/start")
        self.recording_id = info["recording_id"]
        self.started = time.time()

    def go_on(self, seconds: float, blows: tuple[Blow, ...] = ()) -> None:
        """Let the class, or the time after it, last so long and strike when it is time."""
        began = time.monotonic()
        for blow in sorted(blows):
            time.sleep(max(0.0, began + blow.at - time.monotonic()))
            self.strike(blow)
        time.sleep(max(0.0, began + seconds - time.monotonic()))

    def strike(self, blow: Blow) -> None:
        at = f"at {time.time() - self.started:.2f}"
        if blow.who == "host":
            self.hole(self.school.kill_host())
            time.sleep(blow.away)
            self.school.start_host()
        elif blow.who == "recorder":
            self.school.kill_recorder()
            time.sleep(blow.away)
            self.school.start_recorder()
        elif blow.who == "composer":
            deadline = time.monotonic() + 1
            while not (struck := self.school.kill_composer()) and time.monotonic() < deadline:
                time.sleep(0.02)
            at += "" if struck else ", when there was none"
        else:
            raise AssertionError(blow.who)
        self.blows.append(f"{blow.who} {at}")

    def hole(self, begin: float, end: float | None = None) -> None:
        """Nothing could be captured from then until then, or until somebody comes back to the room."""
        self.holes.append(Hole(begin, inf if end is None else end))

    def strike_while_uploading(self, away: float, patience: float = 90) -> bool:
        """Kill whoever uploads in the middle of it; False when nobody did."""
        assert self.door is not None
        if not self.door.uploading.wait(patience):
            return False
        self.strike(Blow(0.0, "recorder" if self.school.has_recorder else "host", away))
        return True

    def end(self) -> None:
        """Stop recording; asked again until a host is there to do it."""
        deadline = time.monotonic() + 30
        while True:
            self.stopped = time.time()
            try:
                self.school.ask("POST", f"/sessions/{ROOM}/recording/stop")
            except HTTPError:
                if self.info()["state"] == "RECORDING":
                    raise
                return  # an answer that got lost before
            except OSError:
                assert time.monotonic() < deadline, self.logs()
                time.sleep(0.1)
            else:
                return

    def info(self) -> Any:
        return self.school.ask("GET", f"/recordings/{self.recording_id}")

    def wait_for(self, *states: str, seconds: float = 180) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            info = self.info()
            if info["state"] in states:
                return info
            assert info["state"] not in ("AVAILABLE", "FAILED"), f"{info}\n{self.logs()}"
            assert time.monotonic() < deadline, f"{info}\n{self.logs()}"
            time.sleep(0.25)

    def logs(self) -> str:
        return "".join(f"--- {name}\n{self.school.log(name)[-6000:]}\n" for name in ("host", "recorder"))

    def check_available(self, *, seconds: float = 180, corrupted: bool = False, logged: bool = False) -> Report:
        """Wait for the film, and see whether all that has to be there is there, and nothing was done twice.

        `corrupted`: a little more may be missing; `logged`: something is wrong with the machine, and logs say so.
        """
        since = time.monotonic()
        info = self.wait_for("AVAILABLE", seconds=seconds)
        took = time.monotonic() - since
        report = self.check_film(info, took, LOST + (0.2 if corrupted else 0.0))
        if self.door is not None:
            self.check_storage(self.door)
        self.check_processes()
        if not logged:
            self.check_logs()
        return report

    def check_film(self, info: Any, took: float = 0.0, lost: float = LOST) -> Report:
        content = self.kept_film()
        path = self.school.folder / "film.mp4"
        path.write_bytes(content)
        film = read_film(path, _seconds(info["started_at"]))
        problems = [f"{info['size']=} {len(content)}"] if info["size"] != len(content) else []
        if abs(info["duration"] - film.duration) > 0.1:
            problems.append(f"says {info['duration']} and lasts {film.duration} seconds")
        judgment = Judgment(self, film, lost)
        problems += judgment.problems
        assert not problems, f"{self.account()}\n" + "\n".join(problems[:20]) + f"\n{self.logs()}"
        uploads = 0 if self.door is None else len(self.door.uploaded)
        return Report(info["state"], took, judgment.lost, judgment.settled, judgment.judged, uploads, film.duration)

    def account(self) -> str:
        spans = [f"{each.began - self.started:.2f}..{each.ended - self.started:.2f}" for each in self.teller.spans]
        stalled = sum(end - begin for begin, end in self.teller.stalls)
        stopped = self.stopped - self.started
        return f"blows: {self.blows}; sent: {spans}, but for {stalled:.1f} seconds; stopped at {stopped:.2f}"

    def kept_film(self) -> bytes:
        """As the storage has it."""
        if self.door is None:
            (path,) = (self.school.store / "kept").rglob("film.mp4")
            return path.read_bytes()
        return self.door.content(next(name for name in self.door.objects() if name.endswith("film.mp4")))

    def check_storage(self, door: StorageDoor) -> None:
        """Nothing was uploaded twice, and nothing is left but the film and what belongs to it."""
        twice = door.uploads_done_twice()
        assert not twice, f"{self.account()}\n{twice}\n{door.uploaded}\n{self.logs()}"
        deadline = time.monotonic() + 20
        while len(left := {name.rpartition("/")[2] for name in door.objects()} - {"chapters.json"}) > 1:
            assert time.monotonic() < deadline, f"{self.account()}\n{sorted(left)}\n{self.logs()}"
            time.sleep(0.1)

    def check_processes(self) -> None:
        deadline = time.monotonic() + 10
        while self.school.composers():
            assert time.monotonic() < deadline, "a composer has nothing to do and is still there"
            time.sleep(0.1)

    def check_logs(self) -> None:
        for name in ("host", "recorder"):
            assert "Traceback" not in self.school.log(name), f"{self.account()}\n{self.logs()}"


class Judgment:
    """What is wrong with a film of a lesson."""

    def __init__(self, lesson: Lesson, film: Film, lost: float) -> None:
        self.problems: list[str] = []
        self.lost = self.settled = 0.0
        self.judged = 0.0
        """Seconds that had to be there."""
        told = [each.made - each.at for each in film.pictures if each.made is not None]
        self._began = median(told or [lesson.started])
        """What time it was at the film's beginning."""
        if not lesson.asked - 0.3 < self._began < lesson.started + 0.3:
            self.problems.append(f"begins {self._began - lesson.started:+.2f} seconds from when it was started")
        pictures = [(self._began + each.at, each.made is not None) for each in film.pictures]
        sounds = [(self._began + each.at, each.made is not None) for each in film.sounds]
        for begin, end, killed in _windows(lesson, lost):
            if end < begin:
                continue
            self.judged += end - begin
            self._placed(film.pictures, "picture", 0.0, begin, end)
            self._placed(film.sounds, "sound", STEP / 2, begin, end)
            self._present(lesson, film, pictures, sounds, begin, end)
            self._measure(lesson, sounds, begin, killed)

    def _placed(self, seen: list[Seen], what: str, middle: float, begin: float, end: float) -> None:
        for each in seen:
            due = self._began + each.at
            if begin <= due <= end and each.made is not None and abs(each.made + middle - due) > APART:
                self.problems.append(f"{what} at {each.at:.2f} is {each.made + middle - due:+.2f} from its place")

    def _present(
        self,
        lesson: Lesson,
        film: Film,
        pictures: list[tuple[float, bool]],
        sounds: list[tuple[float, bool]],
        begin: float,
        end: float,
    ) -> None:
        if end > self._began + film.duration + 0.2:
            ends = self._began + film.duration - lesson.started
            self.problems.append(f"ends at {ends:.2f} before {end - lesson.started:.2f}")
        for what, found, hole in (("pictures", pictures, 0.45), ("sound", sounds, HOLE)):
            last = begin
            for due, there in [each for each in found if begin <= each[0] <= end] + [(end, True)]:
                if there:
                    if due - last > hole + 0.2:
                        self.problems.append(
                            f"no {what} from {last - lesson.started:.2f} to {due - lesson.started:.2f}"
                        )
                    last = due

    def _measure(self, lesson: Lesson, sounds: list[tuple[float, bool]], begin: float, killed: float | None) -> None:
        """How much was missing in truth."""
        first = begin - SETTLED
        if found := [due for due, there in sounds if there and first <= due]:
            self.settled = max(self.settled, found[0] - max(first, lesson.started))
        if killed is not None:
            before = [due for due, there in sounds if there and first <= due < killed]
            self.lost = max(self.lost, killed - max(before, default=first))


def _windows(lesson: Lesson, lost: float) -> Iterator[tuple[float, float, float | None]]:
    """From when to when everything has to be there, and the kill that ended it."""
    stalls: list[tuple[float, float, float | None, float]] = [
        (begin - 0.1, end + 0.5, None, 0.0) for begin, end in lesson.teller.stalls
    ]
    holes: list[tuple[float, float, float | None, float]] = [
        (hole.begin - lost, hole.end, hole.begin, SETTLED) for hole in lesson.holes
    ]
    for span in lesson.teller.spans:
        begin, last = max(span.began, lesson.started) + SETTLED, min(span.ended, lesson.stopped) - 0.1
        for gone, back, killed, settling in sorted(holes + stalls, key=lambda each: each[0]):
            over = killed is not None and back == inf and killed < span.began  # before this connection
            if gone < last and back > begin - SETTLED and not over:
                yield begin, gone, killed
                begin = max(begin, back + settling)
        yield begin, last, None


def _seconds(time_of_day: str) -> float:
    return datetime.fromisoformat(time_of_day).timestamp()


@contextmanager
def lesson(folder: Path, door: StorageDoor | None, *, recorder: bool = False, more: str = "") -> Iterator[Lesson]:
    """A host, and a recorder where that is wanted, with somebody who tells the time in a room that is recorded."""
    with ExitStack() as open_:
        school = open_.enter_context(School(folder, door.url if door is not None else "", recorder=recorder, more=more))
        teller = open_.enter_context(Teller(lambda: school.signaling, ROOM))
        made = Lesson(school, door, teller)
        made.begin()
        yield made
