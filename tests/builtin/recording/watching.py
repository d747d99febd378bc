# SPDX-License-Identifier: Apache-2.0
"""Films watched by a test: who is large when, flashes and beeps, time codes, lines of text that can be read.

Each picture is looked at once, at a small size, and forgotten; `picture_at` gives one in full. People are told apart by
their color (`tests.browser.performing`); white is a flash. Times are seconds of the film: a picture counts from the
moment it is shown, a beep from the middle of its rise.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Rows, columns, red green blue."""
Sound = npt.NDArray[np.float64]
Color = str

RATE = 48_000
COLORS = ("red", "green", "blue")
LARGE = (0.0, 0.1, 0.8, 0.9)
"""Where a large picture of 16:9 is when there are others, as parts of the film: left, top, right, bottom."""
_LOOK = (320, 180)
_WHITE = 200
_CLEAR = 0.6
"""Who is large has so much of the large picture in their color."""


class Look(NamedTuple):
    """What one picture shows where the large one is."""

    time: float
    white: bool
    color: Color | None
    code: int | None
    """The number in the time code."""


class Flash(NamedTuple):
    """Shown from `time` on; the picture before was shown from `before` on."""

    before: float
    time: float


class Film(NamedTuple):
    """All of one film."""

    duration: float
    """What its container says."""
    looks: list[Look]
    sound: Sound

    @property
    def flashes(self) -> list[Flash]:
        """Each by its first picture."""
        pairs = zip(self.looks, self.looks[1:], strict=False)
        return [Flash(before.time, look.time) for before, look in pairs if look.white and not before.white]

    def large(self, start: float, end: float) -> dict[Color | None, float]:
        """Which part of a time somebody was large; flashes are nobody's, and do not count."""
        seen = [look.color for look in self.looks if start <= look.time < end and not look.white]
        return {color: seen.count(color) / len(seen) for color in set(seen)}


def watch(path: Path, region: tuple[float, float, float, float] = LARGE, codes: "CodePlace | None" = None) -> Film:
    """The whole film, from its first picture to its last."""
    with av.open(str(path), "r") as container:
        container.streams.video[0].thread_type = "AUTO"
        video, audio = container.streams.video[0], container.streams.audio[0]
        looks: list[Look] = []
        sounds: list[npt.NDArray[np.float32]] = []
        for frame in container.decode(video, audio):
            if isinstance(frame, av.VideoFrame):
                small = frame.reformat(*_LOOK, format="rgb24", interpolation="POINT").to_ndarray()
                looks.append(_look(frame.time or 0.0, cut(small.astype(np.uint8), region), codes))
            elif isinstance(frame, av.AudioFrame):
                sounds.append(frame.to_ndarray().astype(np.float32).mean(axis=0))
        duration = (container.duration or 0) / av.time_base
    sound = np.concatenate(sounds).astype(np.float64) if sounds else np.zeros(0)
    return Film(duration, looks, sound)


def picture_at(path: Path, time: float) -> Picture:
    """What is shown at a time, in full size, found by seeking."""
    with av.open(str(path), "r") as container:
        container.seek(round(time * av.time_base))
        shown = None
        for frame in container.decode(video=0):
            if shown is not None and (frame.time or 0.0) > time:
                break
            shown = frame
    assert shown is not None, f"no picture at {time}"
    return shown.to_ndarray(format="rgb24").astype(np.uint8)


def cut(picture: Picture, region: tuple[float, float, float, float]) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = region
    return picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def color_of(picture: Picture) -> Color | None:
    """The color that most of a picture has, None when there is none of which that can be said."""
    values = picture.reshape(-1, 3).astype(np.int16)
    strongest = values.argmax(axis=1)
    colorful = values.max(axis=1) - values.min(axis=1) > 30
    parts = [float(np.mean(colorful & (strongest == channel))) for channel in range(3)]
    best = max(range(3), key=lambda channel: parts[channel])
    return COLORS[best] if parts[best] > _CLEAR else None


class CodePlace(NamedTuple):
    """A row of square blocks: white, black, and a number, its highest bit first. Parts of the picture's size."""

    left: float
    top: float
    width: float
    height: float
    blocks: int

    def read(self, picture: Picture) -> int | None:
        """None when it cannot be read with certainty."""
        height, width = picture.shape[:2]
        row = round((self.top + self.height / 2) * height)
        levels = []
        for block in range(self.blocks):
            column = round((self.left + (block + 0.5) * self.width) * width)
            levels.append(float(picture[row - 2 : row + 3, column - 1 : column + 2].mean()))
        white, black, *bits = levels
        if white - black < 100:
            return None
        parts = [(level - black) / (white - black) for level in bits]
        if any(0.35 < part < 0.65 for part in parts):
            return None
        return sum((part > 0.5) << (len(parts) - 1 - place) for place, part in enumerate(parts))


def _look(time: float, picture: Picture, codes: CodePlace | None) -> Look:
    some = picture[::3, ::3]
    white = float(np.mean(some.min(axis=2) > _WHITE)) > 0.9
    code = codes.read(picture) if codes is not None and not white else None
    return Look(time, white, None if white else color_of(some), code)


def envelope(sound: Sound, frequency: float, window: int = 13) -> Sound:
    """How loud a tone is, every millisecond, looked at through so many milliseconds around it.

    Tones of 2000 / `window` Hz more or less are not heard.
    """
    moments = np.arange(len(sound)) / RATE
    shifted = sound * np.exp(-2j * np.pi * frequency * moments)
    step = RATE // 1000
    blocks = shifted[: len(shifted) // step * step].reshape(-1, step).mean(axis=1)
    weights = np.hanning(window)
    return np.abs(np.convolve(blocks, weights / weights.sum(), "same")) * 2


def loudness(film: Film, frequency: float, start: float, end: float) -> Sound:
    """Of a tone, told from others 20 Hz away, every millisecond of a time."""
    return envelope(film.sound[max(0, round(start * RATE)) : round(end * RATE)], frequency, 101)


def beeps(sound: Sound, frequency: float, level: float = 0.02) -> list[float]:
    """When a tone of this frequency began: each time it rose to half of what it then reached."""
    loud = envelope(sound, frequency)
    found = []
    millisecond = 0
    while millisecond < len(loud):
        if loud[millisecond] < level:
            millisecond += 1
            continue
        end = millisecond
        while end < len(loud) and loud[end] >= level:
            end += 1
        found.append(_risen(loud, millisecond, float(loud[millisecond:end].max()) / 2))
        millisecond = end
    return found


def _risen(loud: Sound, since: int, half: float) -> float:
    """Blocks of a millisecond are known by their middle."""
    place = since
    while loud[place] < half:
        place += 1
    before = loud[place - 1] if place else 0.0
    part = (half - before) / (loud[place] - before) if loud[place] > before else 1.0
    return float(place - 1 + part + 0.5) / 1000


def nearest(times: Iterable[float], wanted: float, within: float = 0.5) -> float | None:
    """The one that is closest."""
    return min((time for time in times if abs(time - wanted) <= within), key=lambda t: abs(t - wanted), default=None)


def apart(film: Film, frequency: float, within: float = 0.3) -> list[float]:
    """For each flash with a beep near it: by how many seconds the flash is later."""
    heard = beeps(film.sound, frequency)
    pairs = ((flash.time, nearest(heard, flash.time, within)) for flash in film.flashes)
    return [time - beep for time, beep in pairs if beep is not None]


def likeness(seen: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> float:
    """Correlation: 1 is the same, 0 has nothing of it."""
    if seen.std() < 1 or wanted.std() < 1:
        return 0.0
    return float(np.corrcoef(seen.ravel(), wanted.ravel())[0, 1])


def lines_alike(seen: Picture, wanted: Picture, lines: Sequence[tuple[int, int, int, int]]) -> list[float]:
    """How much each line of a text looks like it should; both pictures have one size. Lines as rectangles of pixels."""
    a, b = seen[..., 1].astype(np.float64), wanted[..., 1].astype(np.float64)
    return [likeness(a[top:bottom, left:right], b[top:bottom, left:right]) for left, top, right, bottom in lines]
