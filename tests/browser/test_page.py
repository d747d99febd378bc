# SPDX-License-Identifier: Apache-2.0
"""What the page looks like: tiles in view with pictures and names, usable by keyboard and on a phone."""

import io
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

pytestmark = pytest.mark.browser

TILES = """() => [...document.querySelectorAll(".tile")].map((tile) => {
  const { left, top, width, height } = tile.getBoundingClientRect();
  return { left, top, width, height, name: tile.querySelector(".name").textContent };
})"""


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    with av.open(io.BytesIO(png), "r") as image:
        return np.asarray(next(image.decode(video=0)).to_ndarray(format="rgb24"), dtype=np.uint8)


def keep(png: bytes, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(png)


def overlap(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return bool(
        a["left"] < b["left"] + b["width"] - 1
        and b["left"] < a["left"] + a["width"] - 1
        and a["top"] < b["top"] + b["height"] - 1
        and b["top"] < a["top"] + a["height"] - 1
    )


def assert_tiles_fit(tiles: list[dict[str, Any]], width: int, height: int) -> None:
    for tile in tiles:
        assert tile["left"] >= 0
        assert tile["top"] >= 0
        assert tile["left"] + tile["width"] <= width
        assert tile["top"] + tile["height"] <= height
        assert tile["width"] >= 60
    assert not any(overlap(a, b) for index, a in enumerate(tiles) for b in tiles[:index])


def test_the_classroom_shows_a_tile_with_picture_and_name_for_everybody(room: Any) -> None:
    tabs = [room.join(name) for name in ("Ada Lovelace", "Ben", "Cleo")]
    ada = tabs[0]
    ada.wait_for("document.querySelectorAll('.tile.live').length === 3")
    tiles = ada.evaluate(TILES)
    assert {tile["name"] for tile in tiles} == {"Ben", "Cleo", "Ada Lovelace (you)"}
    assert_tiles_fit(tiles, 1024, 640)
    png = ada.screenshot()
    keep(png, "classroom")
    picture = pixels(png)
    for tile in tiles:
        left, top = round(tile["left"]), round(tile["top"])
        area = picture[top : top + round(tile["height"]), left : left + round(tile["width"])].astype(np.int16)
        greener = (area[:, :, 1] - area[:, :, 0] > 40).mean()  # the fake camera is a green field
        assert greener > 0.3, f"no picture in the tile of {tile['name']}"
    ada.resize(400, 760)
    ada.wait_for("document.querySelector('.tile').getBoundingClientRect().right <= 400")
    assert_tiles_fit(ada.evaluate(TILES), 400, 760)
    keep(ada.screenshot(), "classroom-phone")


def test_the_lobby_previews_the_camera(room: Any) -> None:
    tab = room.open("Ada")
    tab.wait_for("document.getElementById('preview').videoWidth > 0")
    png = tab.screenshot()
    keep(png, "lobby")
    area = pixels(png).astype(np.int16)
    assert (area[:, :, 1] - area[:, :, 0] > 40).mean() > 0.1
    assert tab.evaluate("document.getElementById('name').value") == "Ada"
    assert tab.evaluate("document.activeElement.id") == "join"


def test_everything_can_be_reached_and_has_a_name(room: Any) -> None:
    tab = room.join("Ada")
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll("#classroom button, #classroom video, #lobby button, #lobby input")]
          .filter((e) => !e.getAttribute("aria-label") && !e.textContent.trim() && !e.labels?.length)
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert tab.evaluate("document.documentElement.lang") == "en"
    reached = set()
    for _ in range(12):
        tab.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id"))
    assert {"microphone", "camera", "screen", "leave"} <= reached


def test_the_start_page_leads_to_a_room(blank: Any) -> None:
    keep(blank.screenshot(), "start")
    blank.fill("#name", "Ada")
    blank.fill("#room", "algebra")
    blank.click("button[type=submit]")
    blank.wait_for("location.pathname === '/room/algebra' && document.getElementById('name')?.value === 'Ada'")
    assert blank.problems == []


def test_leaving_says_goodbye_and_offers_to_come_back(room: Any) -> None:
    tab = room.join("Ada")
    tab.click("#leave")
    tab.wait_for("!document.getElementById('farewell').hidden")
    keep(tab.screenshot(), "farewell")
    assert tab.evaluate("podium.local.camera") is None
    tab.click("#rejoin")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected'")
