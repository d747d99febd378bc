# SPDX-License-Identifier: Apache-2.0
"""Choice of a simulcast layer."""

import pytest

from podium.core.rooms.layers import Layer, automatic_height, choose_layer

LOW, MIDDLE, HIGH = 10, 20, 30


def layers(*heights: int | None, running: tuple[bool, ...] = (True, True, True)) -> list[Layer]:
    ids = (LOW, MIDDLE, HIGH)
    return [Layer(ids[rank], rank, height, running[rank]) for rank, height in enumerate(heights)]


@pytest.mark.parametrize(
    ("max_height", "chosen"),
    [(None, HIGH), (2000, HIGH), (720, HIGH), (719, MIDDLE), (360, MIDDLE), (359, LOW), (180, LOW), (90, LOW)],
)
def test_the_tallest_layer_that_fits_is_chosen_and_else_the_smallest(max_height: int | None, chosen: int) -> None:
    assert choose_layer(layers(180, 360, 720), max_height) == chosen


@pytest.mark.parametrize(
    ("running", "max_height", "chosen"),
    [
        ((True, True, False), None, MIDDLE),
        ((True, False, True), 360, LOW),
        ((False, False, True), 180, HIGH),
        ((False, False, False), None, None),
    ],
)
def test_only_running_layers_are_chosen(running: tuple[bool, ...], max_height: int | None, chosen: int | None) -> None:
    assert choose_layer(layers(180, 360, 720, running=running), max_height) == chosen


def test_heights_decide_even_when_rids_were_announced_from_large_to_small() -> None:
    assert choose_layer(layers(720, 360, 180), None) == LOW
    assert choose_layer(layers(720, 360, 180), 180) == HIGH


def test_an_unknown_height_is_guessed_from_a_known_one() -> None:
    assert choose_layer(layers(180, None, None), 360) == MIDDLE
    assert choose_layer(layers(None, None, 1080), 400) == LOW


def test_without_any_known_height_a_limit_means_the_smallest_and_none_the_last_announced() -> None:
    assert choose_layer(layers(None, None, None), 720) == LOW
    assert choose_layer(layers(None, None, None), None) == HIGH


def test_a_track_without_layers_shows_nothing() -> None:
    assert choose_layer([], None) is None


@pytest.mark.parametrize(
    ("source", "filled", "height"), [("camera", 1, None), ("camera", 2, None), ("camera", 3, 360), ("screen", 9, None)]
)
def test_automatic_tiles_are_small_in_a_crowd_but_screens_never(source: str, filled: int, height: int | None) -> None:
    assert automatic_height(source, filled) == height
