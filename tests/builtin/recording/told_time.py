# SPDX-License-Identifier: Apache-2.0
"""Pictures and sounds that say at what time they were made, and how to tell it from a film of them.

A picture shows tenths of a second as a field of light and dark cells, each with its opposite below. A sound has another
pitch in each quarter of a second. Both come again after some time: who reads them says about when it was.
"""

from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt

SIZE = 320, 180
"""Of pictures and of films that are read."""
TENTH = 0.1
STEP = 0.25
RATE = 48_000
_BITS = 12
_COLUMNS, _ROWS = 4, 3
_LEFT, _TOP, _WIDTH, _HEIGHT = 40, 10, 60, 20
_DARK, _LIGHT = 40, 210
_PITCHES = 32
_LOWEST, _APART = 400, 50
_BLOCK = 0.05
"""Seconds of sound that are looked at together."""


class Seen(NamedTuple):
    """In a film: at its second `at`, what was made at `made` (seconds since 1970); None when it cannot be told."""

    at: float
    made: float | None


class Film(NamedTuple):
    """All there is in one."""

    duration: float
    pictures: list[Seen]
    sounds: list[Seen]


def picture(time: float) -> npt.NDArray[np.uint8]:
    """Luma of what is made now."""
    number = round(time / TENTH) % (1 << _BITS)
    bits = [number >> bit & 1 for bit in range(_BITS)]
    field = np.full(SIZE[::-1], 110, np.uint8)
    for place, bit in enumerate(bits + [1 - bit for bit in bits]):
        x, y = _LEFT + place % _COLUMNS * _WIDTH, _TOP + place // _COLUMNS * _HEIGHT
        field[y : y + _HEIGHT, x : x + _WIDTH] = _LIGHT if bit else _DARK
    return field


def time_of_picture(luma: npt.NDArray[np.uint8], about: float) -> float | None:
    """When it was made, next to `about`; None when it is no such picture."""
    cells = luma[_TOP : _TOP + 2 * _ROWS * _HEIGHT, _LEFT : _LEFT + _COLUMNS * _WIDTH]
    inner = cells.reshape(2 * _ROWS, _HEIGHT, _COLUMNS, _WIDTH)[:, 5:-5, :, 10:-10].mean(axis=(1, 3)).ravel()
    first, opposite = inner[:_BITS] > 125, inner[_BITS:] > 125
    if np.any(first == opposite) or np.any(np.abs(inner - 125) < 30):
        return None
    number = sum(int(bit) << place for place, bit in enumerate(first))
    return _nearest(number, 1 << _BITS, TENTH, about)


def sound(time: float, samples: int) -> npt.NDArray[np.float32]:
    """From this time on."""
    moments = time + np.arange(samples) / RATE
    step = np.floor(moments / STEP)
    pitch = _LOWEST + _APART * (step % _PITCHES)
    return np.asarray(0.25 * np.sin(2 * np.pi * pitch * (moments - step * STEP)), np.float32)


def time_of_sound(samples: npt.NDArray[np.float32], about: float) -> float | None:
    """When the step began that is heard; None when nothing or something else is."""
    if np.sqrt(np.mean(samples**2)) < 0.03:
        return None
    strength = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), RATE))
    number = round((int(np.argmax(strength)) - _LOWEST) / _APART)
    return _nearest(number, _PITCHES, STEP, about) if 0 <= number < _PITCHES else None


def _nearest(number: int, of: int, unit: float, about: float) -> float:
    """The time next to `about` that has this number among so many."""
    behind = (number - round(about / unit)) % of
    return (round(about / unit) + behind - (of if behind > of // 2 else 0)) * unit


def read_film(path: Path, began: float) -> Film:
    """Decodes all of it; `began` is about when its first moment was."""
    pictures, decoded = list[Seen](), 0.0
    blocks = list[npt.NDArray[np.float32]]()
    block = round(_BLOCK * RATE)
    with av.open(str(path)) as container:
        duration = (container.duration or 0) / av.time_base
        for frame in container.decode(video=0):
            luma = frame.reformat(format="gray").to_ndarray().astype(np.uint8, copy=False)
            pictures.append(Seen(frame.time or 0.0, time_of_picture(luma, began + (frame.time or 0.0))))
        container.seek(0)
        for each in container.decode(audio=0):
            if not blocks:
                decoded = each.time or 0.0
            blocks.append(each.to_ndarray()[0].astype(np.float32, copy=False))
    whole = np.concatenate(blocks)
    sounds = []
    for place in range(0, len(whole) - block + 1, block):
        at = decoded + place / RATE
        sounds.append(Seen(at, time_of_sound(whole[place : place + block], began + at)))
    return Film(duration, pictures, sounds)
