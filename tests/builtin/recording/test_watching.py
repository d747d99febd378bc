# SPDX-License-Identifier: Apache-2.0
"""What tests see and hear in films: a film whose flashes, beeps and codes are known, and pictures by themselves."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.segments import SegmentStore, film
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.reading import open_class
from tests.builtin.recording.filming import Filming, Gray, tone
from tests.builtin.recording.stand_ins import ANN, BOB
from tests.builtin.recording.watching import (
    RATE,
    CodePlace,
    Film,
    Picture,
    apart,
    beeps,
    color_of,
    likeness,
    lines_alike,
    loudness,
    nearest,
    picture_at,
    watch,
)

SETTINGS = CompositionSettings(width=640, height=360, preset="ultrafast")
LENGTH = 6.0
FLASHES = (1.0, 2.4, 4.2)
ON_THE_WAY = 0.03
"""What reports of `Filming` take to arrive."""
LATE = 0.1
"""By how much the second beep is later than its flash."""
CODES = CodePlace(0.05, 0.8, 0.1, 0.1, 8)


def coded(time: float) -> Gray:
    """Gray, with the number of the picture; white in flashes."""
    picture = np.full((180, 320), 90, np.uint8)
    number = round(time * 15)
    for block in range(8):
        white = block == 0 or (block > 1 and number >> (7 - block) & 1)
        picture[144:162, 16 + 32 * block : 48 + 32 * block] = 235 if white else 16
    if any(flash <= time + 1e-6 < flash + 2 / 15 for flash in FLASHES):
        picture[:] = 235
    return picture


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watching")
    filming = Filming(folder / "capture")
    capture = filming.studio.capture
    capture.participant_joined(ANN)
    capture.participant_joined(BOB)
    filming.camera(ANN, coded, (0.0, LENGTH))
    times = [
        (flash + LATE * (number == 1), flash + LATE * (number == 1) + 0.08) for number, flash in enumerate(FLASHES)
    ]
    beep, voice = tone(2000, times=times, level=0.4), tone(400, times=[(0.5, 5.5)])
    filming.microphone(ANN, lambda moments: beep(moments) + voice(moments), (0.0, LENGTH))
    filming.camera(BOB, coded, (0.0, LENGTH))
    filming.now(LENGTH)
    filming.studio.finish()
    with SegmentStore(folder / "film", SETTINGS) as store, open_class(filming.studio.folder) as captured:
        composer = Composer(captured, store)
        try:
            list(composer.advance(final=True))
        finally:
            composer.close()
        first, pieces = film(folder / "film", store.index)
    path = folder / "film.mp4"
    path.write_bytes(first + b"".join(piece.read_bytes() for piece in pieces))
    return path


@pytest.fixture(scope="module")
def watched(path: Path) -> Film:
    return watch(path, codes=CODES)


def test_flashes_and_beeps_are_found_where_they_are(watched: Film) -> None:
    assert watched.duration == pytest.approx(LENGTH, abs=0.1)
    shown = [flash.time - ON_THE_WAY for flash in watched.flashes]
    assert shown == pytest.approx(FLASHES, abs=0.021)  # half of the time that a picture is seen
    heard = [flash + ON_THE_WAY + 0.0065 for flash in (1.0, 2.4 + LATE, 4.2)]  # libopus looks so far ahead
    assert beeps(watched.sound, 2000) == pytest.approx(heard, abs=0.003)
    assert beeps(watched.sound, 3000) == []
    assert apart(watched, 2000) == pytest.approx([-0.0065, -0.0065 - LATE, -0.0065], abs=0.025)


def test_a_tone_is_heard_while_it_lasts(watched: Film) -> None:
    assert loudness(watched, 400, 1.5, 2.0)[60:-60] == pytest.approx(0.2, abs=0.02)
    assert loudness(watched, 400, 5.7, 5.9).max() < 0.01
    assert loudness(watched, 500, 1.5, 2.0).max() < 0.01


def test_codes_say_which_picture_it_is(watched: Film) -> None:
    behind = [look.time - look.code / 15 for look in watched.looks if look.code is not None and look.time < 4]
    assert len(behind) > 70
    assert -0.01 < min(behind) < max(behind) < 0.12


def test_a_picture_can_be_had_of_any_moment(path: Path) -> None:
    picture = picture_at(path, 3.0)
    assert picture.shape == (360, 640, 3)
    assert picture_at(path, FLASHES[2] + 0.06)[100:200, 100:300].min() > 200


@pytest.mark.parametrize(("color", "name"), [((200, 20, 20), "red"), ((20, 90, 30), "green"), ((0, 0, 130), "blue")])
def test_colors_are_told_apart(color: tuple[int, int, int], name: str) -> None:
    picture: Picture = np.full((30, 40, 3), color, np.uint8)
    assert color_of(picture) == name
    picture[:, ::2] = 255
    assert color_of(picture) is None
    assert color_of(np.full((30, 40, 3), 128, np.uint8)) is None


def test_an_uncertain_code_is_none() -> None:
    picture: Picture = np.full((180, 320, 3), 20, np.uint8)
    assert CODES.read(picture) is None
    picture[144:162, 16:48] = 230
    assert CODES.read(picture) == 0
    picture[144:162, 80:112] = 125
    assert CODES.read(picture) is None


def test_lines_are_like_themselves_and_not_like_others() -> None:
    lines = [(10, 10 + 30 * row, 300, 36 + 30 * row) for row in range(3)]

    def page(texts: list[str]) -> Picture:
        image = Image.new("RGB", (320, 110), "white")
        for row, text in enumerate(texts):
            ImageDraw.Draw(image).text((12, 12 + 30 * row), text, "black", ImageFont.load_default(16))
        return np.asarray(image)

    wanted = page(["integrals of sums", "converge on compact", "sets of any kind"])
    assert lines_alike(wanted, wanted, lines) == pytest.approx([1, 1, 1])
    other = page(["converge on compact", "sets of any kind", "integrals of sums"])
    assert max(lines_alike(wanted, other, lines)) < 0.7
    assert likeness(np.zeros((4, 4)), np.ones((4, 4))) == 0


def test_the_beep_of_a_silent_film_is_nowhere() -> None:
    assert beeps(np.zeros(RATE), 2000) == []
    assert nearest([1.0, 4.0], 1.3) == 1.0
    assert nearest([1.0, 4.0], 2.5) is None
