# SPDX-License-Identifier: Apache-2.0
"""Browsers on the page behind a personal link, and the host they ask, each in time that a test moves."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import trio
from playwright.sync_api import Page

from podium.plugins.scheduling.desk import desk_of
from tests.browser.chromium import BrowserThread, Tab
from tests.builtin.host import BuiltinHost
from tests.builtin.scheduling.stage import EPOCH, Time


def shows(selector: str, text: str) -> str:
    return f"document.querySelector({selector!r}).textContent.includes({text!r})"


class Visit:
    """One person's browser on the page, whose clock stands still."""

    def __init__(self, thread: BrowserThread) -> None:
        self.tab = Tab(thread)
        self.asked: list[str] = []
        self.tab.call(self._prepare)

    async def open(self, url: str) -> None:
        await trio.to_thread.run_sync(self.tab.goto, url)

    async def wait_for(self, expression: str) -> None:
        await trio.to_thread.run_sync(self.tab.wait_for, expression)

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        return await trio.to_thread.run_sync(self.tab.evaluate, expression, argument)

    async def join(self) -> None:
        """Click the button; the page of the room is there."""
        await trio.to_thread.run_sync(self.tab.click, "#join")
        await trio.to_thread.run_sync(self.tab.call, lambda page: page.wait_for_url("**/room/algebra?*"))

    async def text(self, selector: str) -> str:
        return await trio.to_thread.run_sync(self.tab.text, selector)

    async def sees(self, selector: str) -> bool:
        return await trio.to_thread.run_sync(self.tab.call, lambda page: page.is_visible(selector))

    async def click_and_hear(self) -> tuple[int, Any]:
        """Click the button; how the server answered, once the page has looked again why."""
        return await trio.to_thread.run_sync(self.tab.call, self._click_and_hear)

    async def pass_time(self, seconds: float) -> None:
        """For the browser: all its timers that are due run."""
        await trio.to_thread.run_sync(self.tab.call, lambda page: page.clock.run_for(round(seconds * 1000)))

    async def keep_picture(self, name: str) -> None:
        """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
        if folder := os.environ.get("PODIUM_SCREENSHOTS"):
            png = await trio.to_thread.run_sync(self.tab.screenshot)
            await trio.Path(folder, f"{name}.png").write_bytes(png)

    async def resize(self, width: int, height: int) -> None:
        await trio.to_thread.run_sync(self.tab.resize, width, height)

    @staticmethod
    def _click_and_hear(page: Page) -> tuple[int, Any]:
        with page.expect_response("**/status"), page.expect_response("**/join") as answer:
            page.click("#join")
        return answer.value.status, answer.value.json()["code"]

    def _prepare(self, page: Page) -> None:
        page.clock.install(time=EPOCH)
        page.clock.pause_at(EPOCH + timedelta(seconds=1))
        page.on("request", lambda request: self.asked.append(request.url.rpartition("/")[2]))


class School:
    """A host with one class, in an hour from the beginning; time stands still until a test moves it."""

    def __init__(self, host: BuiltinHost, time: Time, scheduled: Any) -> None:
        self.host = host
        self.time = time
        session = scheduled.session
        people = (session.instructor, *session.participants)
        self.ids = {each.email: each.participant_id for each in people}
        self._paths = {each.participant_id: each.path for each in scheduled.invitations}

    def link(self, person: Mapping[str, str]) -> str:
        return self.url(self._paths[self.ids[person["email"]]])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.host.port}{path}"

    def set_time(self, minutes: float) -> None:
        """It is so many minutes before the class, and nobody has noticed."""
        self.time.now = EPOCH + timedelta(minutes=60 - minutes)

    def let_it_be(self, minutes: float) -> None:
        """It is so many minutes before the class, and the plugin sees what is due."""
        self.set_time(minutes)
        desk_of(self.host.context("scheduling")).nudge()
