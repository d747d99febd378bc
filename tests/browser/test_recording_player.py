# SPDX-License-Identifier: Apache-2.0
"""The page behind a link to a recording, in a real browser, while a class becomes a film.

The class is gray, another gray in each of its pieces, so a pixel tells which is shown.
"""

import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
import trio
from msgspec import Meta
from playwright.sync_api import Response

from podium.core import Caller, Plugin, PluginContext
from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.segments import Index, SegmentStore, film, read_index
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.reading import open_class
from tests.browser.chromium import BrowserThread, Tab
from tests.builtin.recording.filming import Filming, Gray, tone
from tests.builtin.recording.school import BEGAN, School, open_school, recording
from tests.builtin.recording.stand_ins import ANN

pytestmark = pytest.mark.browser

SETTINGS = CompositionSettings(width=320, height=180, frame_rate=5)
LENGTH = 22.0
LUMA = (60, 130, 210)
GRAYS = tuple(round((luma - 16) * 255 / 219) for luma in LUMA)
SHADE = """() => {
  const canvas = new OffscreenCanvas(320, 180);
  const context = canvas.getContext("2d");
  context.drawImage(player.video, 0, 0, 320, 180);
  return context.getImageData(160, 60, 1, 1).data[0];
}"""
SHOWS = f"(gray) => !player.video.seeking && Math.abs(({SHADE})() - gray) < 12"
"""Whether this gray is on the screen."""
CHAPTERS = """() => [...document.querySelectorAll("#chapters li")].map(
  (each) => [...each.querySelectorAll("time, b, span")].map(({ textContent }) => textContent).join(" "))"""
TEXT = "([id, text]) => document.getElementById(id).textContent.includes(text)"
FITS = "document.documentElement.scrollWidth <= innerWidth"
NAMES = ("Ann <b>Ada</b>", "Ben")


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    after: Annotated[str | None, Meta(description="As in the chat.")] = None


class ExportChat(_Request, frozen=True, kw_only=True):
    """As the chat has it."""


class ChatExport(msgspec.Struct, frozen=True, kw_only=True):
    """As much of the chat's as is used."""

    messages: tuple[dict[str, Any], ...]
    next: str | None = None


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    chat = Plugin("writing", version="1.0")

    @chat.operation(roles=("service",), rest="GET /sessions/{session_id}/writing")
    async def export_chat(context: PluginContext, caller: Caller, request: ExportChat) -> ChatExport:
        """Two messages, one of them deleted."""
        began = BEGAN.timestamp()
        texts = [(2.0, "Is this <img src=x> half?"), (9.0, None), (18.0, "Yes.")]
        return ChatExport(messages=tuple(written(began + at, text) for at, text in texts))

    async with open_school(tmp_path, chat) as school:
        yield school


def written(at: float, text: str | None) -> dict[str, Any]:
    return {"at": msgspec.convert(at, type(BEGAN), strict=False), "sender": {"display_name": NAMES[0]}, "text": text}


def gray_class(time: float) -> Gray:
    return np.full((90, 160), LUMA[min(int(time // 8), 2)], np.uint8)


def make_pieces(folder: Path, out: Path) -> Index:
    filming = Filming(folder)
    filming.studio.capture.participant_joined(ANN)
    filming.camera(ANN, gray_class, (0.0, LENGTH), delay=0.01)
    filming.microphone(ANN, tone(440, times=[(1, LENGTH)]), (0.0, LENGTH))
    filming.now(LENGTH)
    filming.studio.finish()
    with SegmentStore(out, SETTINGS) as store, open_class(filming.studio.folder) as captured:
        composer = Composer(captured, store)
        try:
            list(composer.advance(final=True))
        finally:
            composer.close()
    index = read_index(out)
    assert index is not None
    return index


def put_chapters(folder: Path) -> None:
    chapters = [(0.5, 7.0, "spoke", NAMES[0]), (9.0, 15.0, "spoke", NAMES[1]), (17.0, 21.0, "shared", NAMES[1])]
    named = [dict(zip(("time", "until", "kind", "display_name"), each, strict=True)) for each in chapters]
    pieces = [[0.0, 0.0, LENGTH]]
    known = {"started_at": BEGAN.timestamp(), "pieces": pieces, "chapters": named}
    (folder / "chapters.json").write_bytes(msgspec.json.encode(known))


class Viewer:
    """Somebody with the link."""

    def __init__(self, thread: BrowserThread) -> None:
        self.tab = Tab(thread)
        self.ranges: list[int] = []
        self.tab.call(lambda page: page.on("response", self._responded))

    async def do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await trio.to_thread.run_sync(partial(function, *arguments))

    async def wait_for(self, expression: str, argument: Any = None) -> None:
        await self.do(self.tab.wait_for, expression, argument)

    async def evaluate(self, expression: str) -> Any:
        return await self.do(self.tab.evaluate, expression)

    async def click(self, selector: str) -> None:
        await self.do(self.tab.click, selector)

    async def keep(self, name: str) -> None:
        """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
        if folder := os.environ.get("PODIUM_SCREENSHOTS"):
            await trio.Path(folder, f"{name}.png").write_bytes(await self.do(self.tab.screenshot))

    async def keep_both(self, name: str) -> None:
        """On a desk and on a phone, where nothing may lie beside the screen."""
        await self.keep(name)
        await self.do(self.tab.resize, 390, 844)
        await self.wait_for(FITS)
        await self.keep(f"{name}-phone")
        await self.do(self.tab.resize, 1024, 640)

    def _responded(self, response: Response) -> None:
        if response.url.endswith("/film.mp4"):
            self.ranges.append(response.status)


@pytest.fixture
def viewer(browser: BrowserThread) -> Any:
    viewer = Viewer(browser)
    yield viewer
    viewer.tab.close()


async def test_a_class_is_watched_while_it_goes_on_and_as_a_film(
    school: School, viewer: Viewer, tmp_path: Path
) -> None:
    index = await trio.to_thread.run_sync(make_pieces, tmp_path, school.films)
    assert [segment.ticks for segment in index.segments] == [40, 40, 30]
    (school.films / "index.json").unlink()
    await school.keep(recording(title="Fractions"))
    await viewer.do(viewer.tab.goto, f"http://127.0.0.1:{school.host.port}{school.link}")
    await viewer.wait_for(TEXT, ["curtain-text", "Its picture comes here in some seconds."])
    await viewer.keep_both("player-begins")

    put_chapters(school.films)
    growing = msgspec.structs.replace(index, complete=False, segments=index.segments[:2])
    school.put_index(growing)
    await viewer.wait_for("player.playing === 'pieces' && player.video.currentTime > 4.3")
    await viewer.wait_for(SHOWS, GRAYS[0])
    assert await viewer.evaluate("player.video.duration") == 16
    await viewer.keep_both("player-live")
    school.put_index(msgspec.structs.replace(growing, segments=index.segments))
    await viewer.wait_for("Math.abs(player.video.duration - 22) < 0.1")
    await viewer.wait_for(f"({CHAPTERS})().length === 3")
    assert await viewer.evaluate(CHAPTERS) == [f"0:00 {NAMES[0]} speaks", "0:09 Ben speaks", "0:17 Ben shares a screen"]
    await viewer.click("#chapters li:nth-child(3) button")
    await viewer.wait_for(SHOWS, GRAYS[2])
    assert await viewer.evaluate("document.querySelector('#chapters [aria-current] time').textContent") == "0:17"
    await viewer.click("#chapters li:nth-child(2) button")
    await viewer.wait_for(SHOWS, GRAYS[1])

    await school.keep(recording(title="Fractions", state="PROCESSING", percent=93, ended_at=BEGAN))
    await viewer.wait_for(TEXT, ["state", "Processing 93 %"])
    await viewer.keep("player-processing")
    first, paths = film(school.films, index)
    row = school.make_film(first + b"".join(path.read_bytes() for path in paths))
    await school.keep(recording(title="Fractions", **row | {"duration": LENGTH}))
    await viewer.wait_for("player.playing === 'film' && player.video.currentTime > 9 && !player.video.paused")
    await viewer.wait_for(SHOWS, GRAYS[1])
    await viewer.click("#tab-chat")
    await viewer.click("#chat li:nth-child(3) button")
    await viewer.wait_for(SHOWS, GRAYS[2])
    await viewer.keep_both("player-film")
    await viewer.click("#chat li:nth-child(1) button")
    await viewer.wait_for(SHOWS, GRAYS[0])
    assert await viewer.evaluate("document.querySelectorAll('#chat img, #chat b b').length") == 0
    assert "Deleted" in await viewer.do(viewer.tab.text, "#chat")
    assert viewer.ranges
    assert set(viewer.ranges) == {206}
    assert viewer.tab.problems == []
