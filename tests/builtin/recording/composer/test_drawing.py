# SPDX-License-Identifier: Apache-2.0
"""Pictures, names and grounds where they belong."""

from pathlib import Path

import av
import numpy as np
import pytest

from podium.plugins.recording.composer.decoding import Picture
from podium.plugins.recording.composer.drawing import CARD, GROUND, Canvas
from podium.plugins.recording.composer.layout import Place, Rect, Shown
from podium.plugins.recording.composer.lettering import Lettering
from tests.builtin.recording.filming import Gray

CAMERA, SCREEN = Shown("ann", "camera"), Shown("ann", "screen")


def picture(number: int = 1, size: tuple[int, int] = (160, 90), bright: int = 200) -> Picture:
    planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
    planes[: size[1]] = bright
    return Picture(av.VideoFrame.from_ndarray(planes, format="yuv420p"), 0.0, number)


def canvas() -> Canvas:
    return Canvas(320, 180, Lettering())


def shown(canvas: Canvas) -> Gray:
    return canvas.frame(canvas.width, canvas.height).to_ndarray()[: canvas.height].astype(np.uint8)


def test_a_picture_fills_its_place_and_nothing_else() -> None:
    drawn = canvas()
    assert drawn.draw(Place(SCREEN, Rect(32, 18, 160, 90), cover=False), picture(), "Ann")
    brightness = shown(drawn)
    assert (brightness[18:108, 32:192] > 195).all()
    brightness[18:108, 32:192] = GROUND.y
    assert (brightness == GROUND.y).all()


def test_nothing_is_drawn_twice() -> None:
    drawn, place = canvas(), Place(CAMERA, Rect(0, 0, 320, 180), cover=False)
    assert drawn.draw(place, picture(1), "Ann")
    assert not drawn.draw(place, picture(1), "Ann")
    assert drawn.draw(place, picture(2), "Ann")
    assert drawn.draw(place, picture(2), "Anna")
    assert drawn.draw(place, None, "Anna")
    assert not drawn.draw(place, None, "Anna")


def test_cameras_have_names_and_screens_are_left_alone() -> None:
    for which, dark in ((CAMERA, True), (SCREEN, False)):
        drawn = canvas()
        drawn.draw(Place(which, Rect(0, 0, 320, 180), cover=False), picture(), "Ann")
        corner = shown(drawn)[150:, :40]
        assert bool((corner < 150).any()) == dark


def test_without_a_picture_there_is_a_card() -> None:
    drawn = canvas()
    drawn.draw(Place(CAMERA, Rect(100, 60, 120, 60), cover=True), None, "Ann")
    brightness = shown(drawn)[60:120, 100:220]
    assert (brightness[:4] == CARD.y).all()
    assert (brightness > 200).any()


def test_a_window_that_changes_its_shape_leaves_nothing_behind() -> None:
    drawn, place = canvas(), Place(SCREEN, Rect(0, 0, 320, 180), cover=False)
    drawn.draw(place, picture(1), "Ann")
    drawn.draw(place, picture(2, size=(90, 90)), "Ann")
    brightness = shown(drawn)
    assert (brightness[:, :70] == GROUND.y).all()
    assert (brightness[:, 250:] == GROUND.y).all()


def test_an_upright_phone_in_a_tile_is_not_cut() -> None:
    drawn = canvas()
    drawn.draw(Place(CAMERA, Rect(0, 0, 160, 90), cover=True), picture(size=(90, 160)), "")
    brightness = shown(drawn)[:90, :160]
    assert (brightness[:, :50] == GROUND.y).all()
    assert (brightness[:, 70:90] > 190).all()


def test_pictures_of_any_kind_are_drawn() -> None:
    full = av.VideoFrame.from_ndarray(np.full((97, 131, 3), 200, np.uint8), format="rgb24").reformat(format="yuv444p")
    drawn = canvas()
    drawn.draw(Place(CAMERA, Rect(0, 0, 96, 54), cover=True), Picture(full, 0.0, 1), "")
    assert (shown(drawn)[:40, :96] > 150).all()


def test_it_can_be_drawn_smaller_than_it_is_shown() -> None:
    frame = canvas().frame(640, 360)
    assert (frame.width, frame.height, frame.format.name) == (640, 360, "yuv420p")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ann Lee", "Ann Lee"),
        ("  Zoë \t Müller\n", "Zoe Muller"),
        ("Łukasz", "Lukasz"),
        ("Жанна", "Zhanna"),
        ("김철수", "Gim Cheol Su"),
        ("Ann 😀", "Ann"),
        ("\U0010ffff", ""),
        ("", ""),
    ],
)
def test_any_name_is_written_in_letters_there_are(name: str, written: str) -> None:
    lettering = Lettering()
    assert lettering.writable(name) == written
    mask = lettering.mask(name, 24, 200)
    assert mask.any()
    assert mask.shape[1] <= 200


def test_long_names_are_shortened() -> None:
    lettering = Lettering()
    assert lettering.mask("A very long name indeed " * 50, 20, 150).shape[1] <= 150
    assert lettering.mask("W", 40, 4).shape[1] <= 4


def test_a_font_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot open resource"):
        Lettering(str(tmp_path / "none.ttf")).mask("Ann", 20, 100)
