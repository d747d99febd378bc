# SPDX-License-Identifier: Apache-2.0
"""Tiles and slots are assigned by pure functions; they run in the browser that uses them."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

ASSIGN = "async ([slots, wanted]) => (await import('/static/stage.js')).assign(slots, wanted)"
LAYOUT = "async ([how, ...args]) => (await import('/static/stage.js'))[how](...args)"


def slot(mid: str, participant_id: str | None = None, source: str | None = None) -> dict[str, Any]:
    return {"mid": mid, "participantId": participant_id, "source": source}


def wish(participant_id: str, source: str = "camera") -> dict[str, Any]:
    return {"participantId": participant_id, "source": source, "maxHeight": 360}


def test_who_is_in_a_slot_stays_there(blank: Any) -> None:
    slots = [slot("4", "ada", "camera"), slot("5"), slot("6", "ben", "camera")]
    assigned = blank.evaluate(ASSIGN, [slots, [wish("cleo"), wish("ben"), wish("ada")]])
    assert [(one["mid"], one["participantId"]) for one in assigned] == [("4", "ada"), ("5", "cleo"), ("6", "ben")]


def test_the_most_important_come_first_when_slots_are_few(blank: Any) -> None:
    assigned = blank.evaluate(ASSIGN, [[slot("4", "ada", "camera")], [wish("ben", "screen"), wish("ada")]])
    assert assigned == [{"mid": "4", **wish("ben", "screen")}]


def test_slots_that_nobody_needs_are_emptied(blank: Any) -> None:
    assigned = blank.evaluate(ASSIGN, [[slot("4", "ada", "camera"), slot("5", "ben", "camera")], [wish("ben")]])
    assert assigned == [{"mid": "4", "participantId": None}, {"mid": "5", **wish("ben")}]


@pytest.mark.parametrize("how", ["grid", "focus"])
@pytest.mark.parametrize("area", [(1600, 800), (800, 1600), (300, 200)])
def test_tiles_stay_inside_and_apart(blank: Any, how: str, area: tuple[int, int]) -> None:
    width, height = area
    for count in (1, 2, 3, 5, 9, 10):
        tiles = blank.evaluate(LAYOUT, [how, count, width, height])
        assert len(tiles) == count
        for tile in tiles:
            assert tile["left"] >= -0.01
            assert tile["top"] >= -0.01
            assert tile["left"] + tile["width"] <= width + 0.01
            assert tile["top"] + tile["height"] <= height + 0.01
        for index, a in enumerate(tiles):
            for b in tiles[:index]:
                apart_x = a["left"] >= b["left"] + b["width"] - 0.01 or b["left"] >= a["left"] + a["width"] - 0.01
                apart_y = a["top"] >= b["top"] + b["height"] - 0.01 or b["top"] >= a["top"] + a["height"] - 0.01
                assert apart_x or apart_y
