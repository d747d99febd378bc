# SPDX-License-Identifier: Apache-2.0
"""Voices in their places, gaps silent, peaks rounded, and never more decoded than allowed."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest

from podium.plugins.recording.composer.mixing import Mixer, Voice, limited
from podium.plugins.recording.reading import CapturedTrack, Frame
from tests.builtin.recording.filming import opus_packets, tone

TONE = opus_packets(tone(500, times=[(0, 1)])(np.arange(48_000) / 48_000).astype(np.float32))


def frame(number: int, time: float | None = None) -> Frame:
    return Frame(number * 0.02 if time is None else time, "opus", True, TONE[number][1], 0)


class Cursor:
    ended = False

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Frame]:
        frames, self._frames = self._frames, []
        self.ended = True
        return iter(frames)

    def close(self) -> None:
        pass


class Track:
    kind = "audio"

    def __init__(self, number: int, frames: list[Frame]) -> None:
        self.id = f"{number:04d}"
        self.participant_id = f"p{number}"
        self._frames = frames

    def frames(self, since: float) -> Cursor:
        return Cursor([each for each in self._frames if each.time >= since])


def mixer(*voices: list[Frame], start: int = 0, most: int = 8) -> Mixer:
    mixer = Mixer(start, most, lambda time: time, lambda time: time)
    for number, frames in enumerate(voices):
        mixer.add(cast("CapturedTrack", Track(number, frames)))
    return mixer


def test_packets_follow_one_another_in_spite_of_jitter() -> None:
    voice = Voice("ann")
    placed = [
        position
        for number in range(1, 6)
        for position, _ in voice.place(frame(number, number * 0.02 + 0.004 * (number % 2)))
    ]
    assert placed == [1152, 2112, 3072, 4032, 4992]


def test_a_short_gap_is_filled_and_a_long_one_silent() -> None:
    voice = Voice("ann")
    voice.place(frame(1))
    (filled, concealing), (position, _) = voice.place(frame(3))
    assert (filled, concealing.shape[1], position) == (1920, 960, 2880)
    assert abs(concealing[0, -1]) < 0.01
    ((position, sound),) = voice.place(frame(40))
    assert position == 40 * 960
    assert abs(sound[0, 0]) < 0.001


def test_what_overlaps_is_cut() -> None:
    voice = Voice("ann")
    voice.place(frame(1))
    ((position, sound),) = voice.place(frame(2, 0.025))
    assert (position, sound.shape[1]) == (1920, 960 - 720)
    assert voice.place(frame(3, 0.0)) == []


def test_damaged_packets_are_counted_and_silent() -> None:
    voice = Voice("ann")
    for data in (b"", b"\xff", b"\xff\xff\xff", bytes(2000)):
        voice.place(Frame(0.0, "opus", True, data, 0))
    assert voice.place(Frame(0.0, "pcmu", True, b"1234", 0)) == []
    assert voice.failed
    assert voice.place(frame(5))


def test_blocks_make_one_sound() -> None:
    frames = [frame(number) for number in range(50)]
    at_once = mixer(frames).mix(48_000)
    blocks = mixer(frames)
    assert np.array_equal(at_once, np.concatenate([blocks.mix(4800) for _ in range(10)], axis=1))
    assert np.abs(at_once[:, 2000:40_000]).max() == pytest.approx(0.2, abs=0.02)
    assert blocks.levels == {"p0": pytest.approx(0.14, abs=0.02)}


def test_it_can_begin_before_the_film_and_in_the_middle() -> None:
    frames = [frame(number) for number in range(50)]
    assert not mixer(frames, start=-4800).mix(4800).any()
    whole, late = mixer(frames).mix(48_000), mixer(frames, start=24_000).mix(24_000)
    assert np.abs(whole[:, 30_000:] - late[:, 6000:]).max() < 0.02


def test_only_the_busiest_are_decoded() -> None:
    speaking = [frame(number) for number in range(50)]
    silent = [Frame(number * 0.02, "opus", True, b"\x78", 0) for number in range(50)]
    crowd = mixer(*[silent] * 20, speaking, *[silent] * 20, most=2)
    for _ in range(5):
        crowd.mix(4800)
    assert "p20" in crowd.levels
    assert len(crowd.levels) <= 2


def test_loud_sound_is_rounded_off_and_soft_left_alone() -> None:
    soft = np.linspace(-0.7, 0.7, 100, dtype=np.float32)[None]
    assert limited(soft) is soft
    loud = np.linspace(-5, 5, 1001, dtype=np.float32)[None]
    rounded = limited(loud)
    assert np.abs(rounded).max() <= 1.0
    assert (np.diff(rounded) >= 0).all()
    assert np.array_equal(rounded[np.abs(loud) <= 0.7], loud[np.abs(loud) <= 0.7])
