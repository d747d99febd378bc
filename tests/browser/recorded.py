# SPDX-License-Identifier: Apache-2.0
"""A class of three in real browsers that goes by a script, to be recorded: turns, a shared screen, somebody muted.

The class lasts as long as its script. What everybody does is told to their pages beforehand, in one go, so that it does
not depend on how fast the test is.
"""

import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.browser.chromium import Tab
from tests.browser.lessons import ADMINISTRATOR, Lesson
from tests.browser.performing import Event, Part, on_grid, performed, play, preparation
from tests.browser.slides import DRAWING


class Person(NamedTuple):
    """`color` as `tests.builtin.recording.watching` names it."""

    color: str
    hue: int
    tone: float
    role: str


PEOPLE: Mapping[str, Person] = {
    "Ada": Person("red", 0, 300.0, "instructor"),
    "Ben": Person("green", 120, 440.0, "student"),
    "Cleo": Person("blue", 240, 640.0, "student"),
}

SCREEN = (
    DRAWING
    + """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  const writer = track.writable.getWriter();
  let count = 0;
  const timer = setInterval(() => {
    if (track.readyState === "ended") return clearInterval(timer);
    drawSlide(canvas, 1).fillRect(1200 + (count++ % 8) * 8, 4, 6, 6);
    writer.write(new VideoFrame(canvas, { timestamp: performance.now() * 1000, alpha: "discard" })).catch(() => {});
  }, 200);
  track.getSettings = () => ({ width: 1280, height: 720, frameRate: 5 });
  return new MediaStream([track]);
};
"""
)


class Turn(NamedTuple):
    """Somebody speaks; seconds since the class went by its script."""

    name: str
    start: float
    end: float


class Script(NamedTuple):
    """What happens when. The last turn is that of the one who shares the screen."""

    turns: tuple[Turn, ...]
    shared: tuple[float, float]
    muted: Turn
    """Speaks, but the microphone is off."""
    length: float

    def flashes(self, turn: Turn) -> list[float]:
        """Those of one turn; none while a screen is large."""
        if turn.end > self.shared[0]:
            return []
        return [turn.start + 1.6 + 0.8 * number for number in range(int((turn.end - turn.start - 1.4) / 0.8))]


def script(turn: float, rounds: int, shared: float) -> Script:
    """Everybody has their turns, then the first one shares a screen. In the second turn of all, the third is muted."""
    names = list(PEOPLE) * rounds
    turns = [Turn(name, number * turn, (number + 1) * turn) for number, name in enumerate(names)]
    end = len(turns) * turn
    muted = Turn("Cleo", turn + 1.2, turn + 2.8)
    turns.append(Turn("Ada", end, end + shared + 1))
    return Script(tuple(turns), (end, end + shared), muted, end + shared + 1)


class Held(NamedTuple):
    """What was. Times are seconds since 1970."""

    began: float
    """When the script began."""
    events: dict[str, list[Event]]
    ended: tuple[float, float]
    """Before and after it was said that the class is over."""
    problems: dict[str, list[str]]


def gather(lesson: Lesson) -> dict[str, Tab]:
    """All are there and see each other."""
    tabs = {}
    for name, person in PEOPLE.items():
        part = Part(hue=person.hue, tone=person.tone)
        tabs[name] = lesson.join(name, person.role, preparation(part) + SCREEN)
    for name, tab in tabs.items():
        for other in tabs:
            if other != name:
                tab.wait_for_picture(other.lower(), frames=3)
    return tabs


def hold(tabs: Mapping[str, Tab], plan: Script, end: Callable[[], object]) -> Held:
    """Until `end`, which ends the class, has been called."""
    began = on_grid(time.time() + 2)
    for name, tab in tabs.items():
        play(tab, _part(plan, name, began))
    muted = tabs[plan.muted.name]
    doing: list[tuple[float, Callable[[], object]]] = [
        (plan.muted.start - 0.5, lambda: muted.click("#microphone")),
        (plan.muted.end + 0.5, lambda: muted.click("#microphone")),
        (plan.shared[0], lambda: tabs["Ada"].click("#screen")),
        (plan.shared[1], lambda: tabs["Ada"].click("#screen")),
        (plan.length, lambda: None),
    ]
    for moment, action in sorted(doing, key=lambda each: each[0]):
        wait_until(began + moment)
        action()
    events = {name: performed(tab) for name, tab in tabs.items()}
    problems = {name: list(tab.problems) for name, tab in tabs.items()}
    before = time.time()
    end()
    return Held(began, events, (before, time.time()), problems)


def wait_until(moment: float) -> None:
    """The script goes by the clock, as the pages do."""
    time.sleep(max(0.0, moment - time.time()))


def _part(plan: Script, name: str, began: float) -> Part:
    person = PEOPLE[name]
    turns = [turn for turn in (*plan.turns, plan.muted) if turn.name == name]
    return Part(
        hue=person.hue,
        tone=person.tone,
        talks=[(began + turn.start, began + turn.end) for turn in turns],
        flashes=[on_grid(began + flash) for turn in turns if turn is not plan.muted for flash in plan.flashes(turn)],
    )


def wanted_slide(tab: Tab, seed: int) -> Any:
    """The text as it is drawn, as a PNG in a data URL."""
    draw = "(seed) => { const c = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });"
    return tab.evaluate(draw + " drawSlide(c, seed); return c.toDataURL(); }", seed)


class Recording(msgspec.Struct, frozen=True):
    """What is read of an answer about one."""

    recording_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    duration: float | None
    size: int | None
    download_url: str | None
    step: str
    problem: Any


def recording_of(lesson: Lesson) -> str:
    """The one that goes on."""
    status = lesson.ask("GET", f"sessions/{lesson.room.name}/recording", ADMINISTRATOR.key)
    assert status["state"] == "recording", status
    found: str = status["recording_id"]
    return found


def get_recording(lesson: Lesson, recording_id: str) -> Recording:
    answer = lesson.ask("GET", f"recordings/{recording_id}", ADMINISTRATOR.key)
    return msgspec.convert(answer, Recording, strict=False)


def when_available(lesson: Lesson, recording_id: str, timeout: float = 90) -> Recording:
    """Once it is there; fails at once when it never will be."""
    deadline = time.monotonic() + timeout
    while (recording := get_recording(lesson, recording_id)).state != "AVAILABLE":
        assert recording.state in ("RECORDING", "PROCESSING"), recording
        assert time.monotonic() < deadline, recording
        time.sleep(0.1)
    return recording


def download(url: str, path: Path, parts: int = 3) -> None:
    """In so many ranges, as players and resumed downloads ask for them."""
    size = _ranged(url, 0, 1)[1]
    step = -(-size // parts)
    with path.open("wb") as file:
        for start in range(0, size, step):
            file.write(_ranged(url, start, min(start + step, size))[0])
    assert path.stat().st_size == size


def _ranged(url: str, start: int, end: int) -> tuple[bytes, int]:
    """Some bytes, and how many there are altogether."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-{end - 1}"})
    with urllib.request.urlopen(request) as response:
        assert response.status == 206, response.status
        assert response.headers["Content-Type"] == "video/mp4"
        span, _, size = response.headers["Content-Range"].removeprefix("bytes ").partition("/")
        assert span == f"{start}-{end - 1}"
        return response.read(), int(size)
