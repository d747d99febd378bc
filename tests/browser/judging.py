# SPDX-License-Identifier: Apache-2.0
"""What the film of a class that went by its script has to show, measured on the film alone.

The pictures carry a time code of the page that drew them, so the film itself says which of its seconds is which moment
of the class. Flashes and beeps are compared with how far apart the page gave them to the browser.
"""

import base64
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from tests.browser.performing import BEEP, CODE_BLOCKS, CODE_LEFT, CODE_SIZE, CODE_TOP, Event, nearest_number
from tests.browser.recorded import PEOPLE, Held, Script, Turn
from tests.browser.slides import LINES
from tests.builtin.recording.watching import (
    LARGE,
    CodePlace,
    Film,
    Picture,
    beeps,
    color_of,
    cut,
    lines_alike,
    loudness,
    nearest,
    picture_at,
)

CODES = CodePlace(CODE_LEFT / 640, CODE_TOP / 360, CODE_SIZE / 640, CODE_SIZE / 360, CODE_BLOCKS)
HOLD = 1.5
"""`speaker_hold`: who speaks longer is large."""
STEADY = 0.1
"""A page that was held up for longer between a flash and its beep says nothing about recording."""
TOLD = 1.0
"""Within so many seconds after the answer that the class is over, plugins hear of it."""


class Figures(msgspec.Struct, kw_only=True):
    """In seconds, unless said otherwise."""

    duration: float
    class_lasted: float
    start_off: float = 0.0
    """By how much the film begins later than the recording says."""
    end_off: float = 0.0
    """How much of the film there is behind the moment at which the end of the class was asked for."""
    code_spread: tuple[float, float] = (0.0, 0.0)
    """Between which differences to the median nine tenths of all time codes are."""
    appeared: dict[str, float] = {}
    """How long after their first word somebody was large, for each turn."""
    flash_behind_beep: list[float] = []
    """As the film has it, less how far apart they were made."""
    flash_behind_beep_raw: list[float] = []
    available_after: float = 0.0
    """From when the end of the class was asked for until its recording could be had."""
    step: str = ""
    """What was left out of the film when the machine was too busy for all of it."""
    legible: float = 0.0
    """How much the worst line looks like it should, from 0 to 1."""
    mistaken: float = 0.0
    """How much the most similar line looks like one of another text."""


def start_of(film: Film, held: Held) -> tuple[float, tuple[float, float]]:
    """Which moment the film begins at, by all time codes; and their spread."""
    starts = [nearest_number(look.code, held.began) - look.time for look in film.looks if look.code is not None]
    assert len(starts) > len(film.looks) // 3, f"time codes can be read in {len(starts)} of {len(film.looks)} pictures"
    start = float(np.median(starts))
    low, high = np.percentile(starts, [5, 95]) - start
    return start, (float(low), float(high))


def check_times(film: Film, held: Held, started: datetime, ended: datetime) -> Figures:
    """The film is as long as the class was, and is the class."""
    lasted = (ended - started).total_seconds()
    figures = Figures(duration=film.duration, class_lasted=lasted)
    assert abs(film.duration - lasted) < 0.2, f"a film of {film.duration} s, a class of {lasted} s"
    assert abs(len(film.sound) / 48_000 - film.duration) < 0.1
    start, figures.code_spread = start_of(film, held)
    figures.start_off = start - started.timestamp()
    figures.end_off = start + film.duration - held.ended[0]
    assert abs(figures.start_off) < 0.2, figures
    assert -0.2 < figures.end_off < held.ended[1] - held.ended[0] + TOLD, figures
    return figures


def check_speakers(film: Film, held: Held, plan: Script, figures: Figures) -> None:
    """Each is large when they speak, from the first word on, and heard; nobody is heard who is muted."""
    start = start_of(film, held)[0]
    for turn in plan.turns:
        color = PEOPLE[turn.name].color
        begins, ends = held.began + turn.start - start, held.began + turn.end - start
        _check_heard(film, turn, begins, ends)
        if turn.end > plan.shared[0]:
            continue
        shown = [look.time for look in film.looks if look.color == color and look.time > begins - 0.5]
        figures.appeared[f"{turn.name} {turn.start:g}"] = min(shown, default=float("inf")) - begins
        assert figures.appeared[f"{turn.name} {turn.start:g}"] < HOLD, figures
        large = film.large(begins + HOLD, ends - 0.3)
        assert large.get(color, 0.0) > 0.95, (turn, large)
    muted = held.began + plan.muted.start - start
    tone = PEOPLE[plan.muted.name].tone
    loud = loudness(film, tone, muted, muted + plan.muted.end - plan.muted.start)
    assert loud.max() < 0.01, f"{plan.muted.name} was muted and is heard: {loud.max()}"


def _check_heard(film: Film, turn: Turn, begins: float, ends: float) -> None:
    loud = np.median(loudness(film, PEOPLE[turn.name].tone, begins + 0.3, ends - 0.3))
    assert loud > 0.05, f"{turn} is not heard: {loud}"


def check_sync(film: Film, held: Held, figures: Figures) -> None:
    """Each flash with its beep."""
    start = start_of(film, held)[0]
    heard = beeps(film.sound, BEEP)
    steady = [event for events in held.events.values() for event in events if _steady(event)]
    for event in steady:
        flash = nearest((each.time for each in film.flashes), event.drawn - start)
        beep = nearest(heard, event.beeped - start)
        assert flash is not None, f"no flash near {event.drawn - start}"
        assert beep is not None, f"no beep near {event.beeped - start}"
        figures.flash_behind_beep_raw.append(flash - beep)
        figures.flash_behind_beep.append((flash - event.drawn) - (beep - event.beeped))
    assert len(steady) >= 4, f"pages were too busy to flash: {held.events}"
    apart = figures.flash_behind_beep
    assert abs(float(np.median(apart))) <= 0.045, apart
    assert max(map(abs, apart)) <= 0.045, apart


def _steady(event: Event) -> bool:
    return abs(event.drawn - event.wanted) < STEADY and abs(event.beeped - event.wanted) < STEADY


def check_screen(path: Path, film: Film, held: Held, plan: Script, slides: tuple[str, str], figures: Figures) -> None:
    """Each line of the shared text looks like it should, and not like one of the other text."""
    start = start_of(film, held)[0]
    picture = picture_at(path, held.began + plan.shared[1] - 0.5 - start)
    seen = cut(picture, LARGE)
    full = np.asarray(Image.fromarray(seen).resize((1280, 720), Image.Resampling.LANCZOS))
    wanted, other = (image_of(each) for each in slides)
    figures.legible = min(lines_alike(full, wanted, LINES))
    figures.mistaken = max(lines_alike(full, other, LINES))
    assert figures.legible > 0.8, figures
    assert figures.mistaken < 0.7, figures
    beside = cut(picture, (0.82, 0.22, 0.98, 0.38))
    assert PEOPLE["Ada"].color in colors_in(beside), "the speaker is not beside the screen"


def colors_in(picture: Picture) -> set[str | None]:
    """Those of the parts of a picture."""
    height, width = picture.shape[:2]
    return {
        color_of(picture[top : top + height // 3, left : left + width // 3])
        for top in range(0, height - height // 3, height // 6)
        for left in range(0, width - width // 3, width // 6)
    }


def image_of(data_url: str) -> Picture:
    data = base64.b64decode(data_url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


OPEN_FILM = """async (url) => {
  globalThis.film = Object.assign(document.createElement("video"), { muted: true, src: url });
  document.body.append(film);
  await new Promise((resolve, reject) => {
    film.onloadedmetadata = resolve;
    film.onerror = () => reject(new Error(film.error.message));
  });
  return [film.duration, film.videoWidth, film.videoHeight];
}"""
SEEK = """async (time) => {
  film.pause();
  const sought = new Promise((resolve) => (film.onseeked = resolve));
  film.currentTime = time;
  await sought;
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  canvas.getContext("2d").drawImage(film, 0, 0, 1280, 720);
  return canvas.toDataURL();
}"""


def check_playing(tab: Any, url: str, film: Film, held: Held, plan: Script) -> None:
    """Chromium plays it, and shows the right picture wherever it seeks to."""
    duration, width, height = tab.evaluate(OPEN_FILM, url)
    assert abs(duration - film.duration) < 0.1
    assert (width, height) == (1280, 720)
    tab.evaluate("film.play()")
    tab.wait_for("film.currentTime > 1.5 && film.getVideoPlaybackQuality().totalVideoFrames > 20")
    start = start_of(film, held)[0]
    for turn in reversed([turn for turn in plan.turns if turn.end <= plan.shared[0]]):
        time = held.began + turn.start + 2.0 - start  # between two flashes
        seen = cut(image_of(tab.evaluate(SEEK, time)), LARGE)
        assert color_of(seen) == PEOPLE[turn.name].color, f"Chromium shows another picture at {time}"
        code = CODES.read(seen)
        assert code is not None, f"no time code at {time}"
        assert abs(nearest_number(code, held.began) - start - time) < 0.3
