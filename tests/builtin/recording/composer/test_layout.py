# SPDX-License-Identifier: Apache-2.0
"""Everything has its place in the picture."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.composer.layout import Rect, Scene, Shown, covering, fitted, places

RECTS = st.builds(Rect, st.just(10), st.just(20), *(2 * [st.integers(20, 600).map(lambda half: 2 * half)]))
SIDES = st.integers(16, 4000)


def scene(column: int) -> Scene:
    people = [Shown(f"person {number}", "camera") for number in range(column + 1)]
    return Scene(people[0], tuple(people[1:]))


def overlap(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_alone_somebody_has_the_whole_picture() -> None:
    assert [place.rect for place in places(scene(0), 1280, 720, 6)] == [(0, 0, 1280, 720)]
    assert places(Scene(), 1280, 720, 6) == []


def test_a_large_one_and_a_full_column() -> None:
    found = places(scene(5), 1280, 720, 6)
    assert [place.rect for place in found][:2] == [(0, 0, 1024, 720), (1028, 4, 248, 136)]
    assert [place.rect.y for place in found[1:]] == [4, 148, 292, 436, 580]


def test_there_are_never_more_than_tiles() -> None:
    assert len(places(scene(50), 1280, 720, 6)) == 6
    assert len(places(scene(50), 1280, 720, 1)) == 1


@given(
    st.integers(0, 20),
    st.integers(10, 240).map(lambda each: 16 * each),
    st.integers(23, 540).map(lambda each: 4 * each),
    st.integers(1, 16),
)
def test_nothing_overlaps_or_sticks_out(column: int, width: int, height: int, tiles: int) -> None:
    rects = [place.rect for place in places(scene(column), width, height, tiles)]
    for rect in rects:
        assert all(side % 2 == 0 for side in rect)
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.width > 0
        assert rect.height > 0
        assert rect.x + rect.width <= width
        assert rect.y + rect.height <= height
    assert not any(overlap(one, other) for one, other in combinations(rects, 2))


@given(RECTS, SIDES, SIDES)
def test_a_picture_fits_in(rect: Rect, width: int, height: int) -> None:
    inner = fitted(rect, width, height)
    assert all(side % 2 == 0 for side in inner)
    assert rect.x <= inner.x <= inner.x + inner.width <= rect.x + rect.width
    assert rect.y <= inner.y <= inner.y + inner.height <= rect.y + rect.height
    assert inner.width >= rect.width - 2 or inner.height >= rect.height - 2


@given(RECTS, SIDES, SIDES)
def test_a_picture_covers_or_loses_too_much(rect: Rect, width: int, height: int) -> None:
    size = covering(rect, width, height)
    if size is not None:
        assert size[0] >= rect.width
        assert size[1] >= rect.height
        assert rect.width * rect.height >= 0.6 * size[0] * size[1]


@pytest.mark.parametrize(("size", "covers"), [((640, 480), True), ((1280, 720), True), ((480, 640), False)])
def test_a_phone_held_upright_is_not_cut(size: tuple[int, int], covers: bool) -> None:
    assert (covering(Rect(0, 0, 256, 144), *size) is not None) == covers
