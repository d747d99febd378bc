# SPDX-License-Identifier: Apache-2.0
"""Classes that are paused, followed, restarted, silent or empty, and machines that are too slow: there is a film."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.degrade import STEPS, Degrading, Step
from podium.plugins.recording.composer.segments import Index, SegmentStore, film
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.mp4 import Joined
from podium.plugins.recording.reading import CapturedClass, open_class
from podium.plugins.recording.verify import verify
from tests.builtin.recording.filming import Filming, Gray, moving, slide, tone
from tests.builtin.recording.stand_ins import ANN, BOB, Studio

SETTINGS = CompositionSettings(width=160, height=96)
QUIET = tone(440, times=[])


@contextmanager
def composing(captured: CapturedClass, out: Path, degrading: Degrading | None = None) -> Iterator[Composer]:
    with SegmentStore(out, SETTINGS) as store:
        composer = Composer(captured, store, degrading)
        try:
            yield composer
        finally:
            composer.close()


def made(recording: Path, out: Path, degrading: Degrading | None = None) -> Index:
    with open_class(recording) as captured, composing(captured, out, degrading) as composer:
        list(composer.advance(final=True))
        return composer.index


def pictures(out: Path, index: Index) -> dict[float, Gray]:
    with Joined(*film(out, index)) as joined, av.open(joined, "r") as container:
        frames = list(container.decode(video=0))
        return {round(frame.time or 0.0, 2): frame.to_ndarray(format="gray").astype(np.uint8) for frame in frames}


class Slow:
    """A machine that gets slower with every piece."""

    def __init__(self) -> None:
        self._left = list(STEPS)

    @property
    def step(self) -> Step:
        return self._left[0]

    def finished(self, behind: float, speed: float) -> Step:
        self._left = self._left[1:] or self._left
        return self.step


def test_all_steps_make_one_film(tmp_path: Path) -> None:
    """Ann's picture is in all but the last; all pieces have the same headers, or they would have been refused."""
    filming = Filming(tmp_path / "capture")
    filming.studio.capture.participant_joined(ANN)
    filming.studio.capture.participant_joined(BOB)
    filming.camera(ANN, moving(1, size=(80, 60)), (0.0, 40.0))
    filming.camera(BOB, moving(2, size=(80, 60)), (0.0, 40.0))
    filming.now(40.0)
    filming.studio.finish()
    index = made(filming.studio.folder, tmp_path / "film", cast("Degrading", Slow()))
    assert [segment.step for segment in index.segments] == [step.name for step in STEPS]
    verify(tmp_path / "film", index, 40.0)
    shown = pictures(tmp_path / "film", index)
    rates = [sum(8 * number <= time < 8 * number + 8 for time in shown) for number in range(5)]
    assert rates == [200, 100, 100, 100, 40]
    brightness = [float(np.median(shown[8 * number + 4.0][:, :100])) for number in range(5)]
    assert [value > 60 for value in brightness] == [True] * 4 + [False]
    beside = [shown[8 * number + 4.0][40:56, 128:].std() for number in range(5)]
    assert min(beside[:3]) > 10


def test_a_pause_is_not_in_the_film(tmp_path: Path) -> None:
    filming = Filming(tmp_path / "capture")
    capture = filming.studio.capture
    capture.participant_joined(ANN)
    filming.camera(ANN, moving(1, size=(80, 60)), (0.0, 12.0))
    filming.microphone(ANN, tone(440, times=[(0, 12)]), (0.0, 12.0))
    filming.now(4.0)
    capture.pause()
    filming.now(9.0)
    capture.resume()
    filming.now(12.0)
    filming.studio.finish()
    index = made(filming.studio.folder, tmp_path / "film")
    assert index.duration == pytest.approx(7.0, abs=0.05)
    verify(tmp_path / "film", index, 7.0)


def test_followed_it_stays_close_and_ends_at_once(tmp_path: Path) -> None:
    filming = Filming(tmp_path / "capture")
    filming.studio.capture.participant_joined(ANN)
    filming.camera(ANN, moving(1, size=(80, 60)), (0.0, 20.0))
    filming.microphone(ANN, tone(440, times=[(0, 20)]), (0.0, 20.0))
    filming.now(0.5)
    with (
        open_class(filming.studio.folder, follow=True) as captured,
        composing(captured, tmp_path / "film", Degrading()) as composer,
    ):
        numbers = []
        for second in range(1, 20):
            filming.now(second)
            filming.studio.capturing.tend()
            filming.studio.visit()
            numbers += [segment.number for segment in composer.advance(final=False)]
            assert composer.progress.behind < 5.1
        assert numbers == [0]
        filming.now(20.0)
        filming.studio.finish()
        captured.poll()
        assert captured.ended
        assert composer.progress.step == "full"
        assert [segment.ticks for segment in composer.advance(final=True)] == [200, 100]
        assert composer.progress.behind == 0
        followed = composer.index
    assert followed.complete
    again = made(filming.studio.folder, tmp_path / "again")
    assert again.segments == followed.segments


def test_a_class_that_goes_on_after_its_end_has_its_last_piece_made_anew(tmp_path: Path) -> None:
    first = Filming(tmp_path / "capture")
    first.studio.capture.participant_joined(ANN)
    first.camera(ANN, moving(1, size=(80, 60)), (0.0, 10.0))
    first.now(10.0)
    first.studio.finish()
    out = tmp_path / "film"
    before = made(first.studio.folder, out)
    assert before.duration == 10.0
    second = Studio(tmp_path / "capture", now=50.0, wall=1_700_000_012.0)
    second.capture.participant_joined(BOB)
    second.visit(3.0)
    second.finish()
    index = made(first.studio.folder, out)
    assert index.segments[0] == before.segments[0]
    assert index.duration == pytest.approx(15.0, abs=0.05)
    verify(out, index, 15.0)
    shown = pictures(out, index)
    assert shown[9.0].std() > 25
    assert shown[13.0].std() < 20


def test_who_is_loud_is_shown_when_the_room_says_nothing(tmp_path: Path) -> None:
    filming = Filming(tmp_path / "capture")
    capture = filming.studio.capture
    for person in (ANN, BOB):
        capture.participant_joined(person)
    filming.camera(ANN, lambda _: np.full((60, 80), 50, np.uint8), (0.0, 12.0))
    filming.camera(BOB, lambda _: np.full((60, 80), 200, np.uint8), (0.0, 12.0))
    filming.microphone(ANN, tone(440, times=[(0, 4)]), (0.0, 12.0))
    filming.microphone(BOB, tone(880, times=[(5, 8)]), (0.0, 12.0))
    filming.now(12.0)
    filming.studio.finish()
    out = tmp_path / "film"
    index = made(filming.studio.folder, out)
    shown = pictures(out, index)
    assert [shown[time][40, 64] > 128 for time in (2.0, 4.8, 5.4, 9.0, 11.88)] == [False, False, True, True, True]
    assert [segment.speaker for segment in index.segments] == ["bob", "bob"]
    (out / "000001.m4s").unlink()
    shown = pictures(out, made(filming.studio.folder, out))
    assert shown[8.0][40, 64] > 128


def test_voices_without_pictures_have_names(tmp_path: Path) -> None:
    filming = Filming(tmp_path / "capture")
    filming.studio.capture.participant_joined(ANN)
    filming.microphone(ANN, QUIET, (0.0, 3.0))
    filming.now(3.0)
    filming.studio.finish()
    shown = pictures(tmp_path / "film", made(filming.studio.folder, tmp_path / "film"))
    assert shown[2.0].max() > 150
    assert np.median(shown[2.0]) < 50


def test_a_slide_that_stays_is_shown_until_it_is_taken_away(tmp_path: Path) -> None:
    filming = Filming(tmp_path / "capture")
    filming.studio.capture.participant_joined(ANN)
    filming.screen(ANN, slide("fox", (160, 90)), (0.0, 1.0))
    filming.now(9.0)
    filming.studio.finish()
    shown = pictures(tmp_path / "film", made(filming.studio.folder, tmp_path / "film"))
    assert shown[8.48].mean() > 150


def test_a_class_in_which_nothing_happened_has_a_film(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "capture")
    studio.visit()
    studio.finish()
    index = made(studio.folder, tmp_path / "film")
    assert [segment.ticks for segment in index.segments] == [1]
    verify(tmp_path / "film", index, 0.0)
