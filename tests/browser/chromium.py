# SPDX-License-Identifier: Apache-2.0
"""A real Chromium with fake devices, and what a test does with one of its pages.

Playwright's synchronous interface runs in a thread of its own, so that it gets along with tests of every kind; those
with an event loop call it in threads.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page, sync_playwright

T = TypeVar("T")

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream=fps=15",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)

PREPARATION = """
// Counts negotiations, and keeps cameras small unless a test wants them large.
globalThis.offersMade = 0;
const setLocalDescription = RTCPeerConnection.prototype.setLocalDescription;
RTCPeerConnection.prototype.setLocalDescription = function (...args) {
  globalThis.offersMade += 1;
  return setLocalDescription.apply(this, args);
};
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (constraints) => {
  if (constraints.video && !globalThis.largeCamera) constraints.video = { width: 640, height: 360, frameRate: 15 };
  return getUserMedia(constraints);
};
globalThis.receivedStatistics = async () => {
  const rows = [...(await podium.connection.getStats()).values()].filter(({ type }) => type === "inbound-rtp");
  return rows.map((row) => ({ ...row, participantId: podium.slots.get(row.mid)?.participantId ?? null }));
};
"""


class BrowserThread:
    """Playwright's synchronous interface in one thread, away from the loops of other tests."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started: Future[None] = Future()
        self.browser: Browser
        self._thread = threading.Thread(target=self._run, name="playwright")
        self._thread.start()
        self._started.result()

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        result: Future[T] = Future()

        def work() -> None:
            try:
                result.set_result(function(*args, **kwargs))
            except BaseException as error:
                result.set_exception(error)

        self._calls.put(work)
        return result.result()

    def close(self) -> None:
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            with sync_playwright() as playwright:
                self.browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", headless=True, args=list(CHROMIUM_FLAGS)
                )
                self._started.set_result(None)
                while (work := self._calls.get()) is not None:
                    work()
                self.browser.close()
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)


class Tab:
    """One page in a context of its own, as one person sees it."""

    def __init__(self, thread: BrowserThread, preparation: str = "") -> None:
        self._thread = thread
        self.problems: list[str] = []
        self.page: Page = thread.call(self._open, preparation)

    def goto(self, url: str) -> None:
        self._thread.call(self.page.goto, url)

    def evaluate(self, expression: str, argument: Any = None) -> Any:
        return self._thread.call(self.page.evaluate, expression, argument)

    def wait_for(self, expression: str, argument: Any = None, timeout: float = 30) -> None:
        """Until the expression or (possibly async) function is true."""
        self._thread.call(self._poll, expression, argument, time.monotonic() + timeout)

    def click(self, selector: str) -> None:
        self._thread.call(self.page.click, selector)

    def fill(self, selector: str, text: str) -> None:
        self._thread.call(self.page.fill, selector, text)

    def press(self, keys: str) -> None:
        self._thread.call(self.page.keyboard.press, keys)

    def text(self, selector: str) -> str:
        return self._thread.call(self.page.inner_text, selector)

    def resize(self, width: int, height: int) -> None:
        self._thread.call(self.page.set_viewport_size, {"width": width, "height": height})

    def screenshot(self) -> bytes:
        return self._thread.call(self.page.screenshot, animations="disabled")

    def call(self, function: Callable[[Page], T]) -> T:
        """For what Playwright offers and this class does not."""
        return self._thread.call(function, self.page)

    def close(self) -> None:
        if not self.page.is_closed():
            self._thread.call(self.page.context.close)

    def wait_for_picture(self, participant_id: str, frames: int = 10) -> None:
        """Until this many more frames of this participant were decoded."""
        before = self.evaluate(DECODED, participant_id)
        self.wait_for(f"async ([id, n]) => (await ({DECODED})(id)) >= n", [participant_id, before + frames])

    @property
    def own_id(self) -> str:
        own: str = self.evaluate("podium.participantId")
        return own

    def _poll(self, expression: str, argument: Any, deadline: float) -> None:
        # Playwright's own wait_for_function evaluates strings in the page, which the page's policy rightly forbids.
        while not self.page.evaluate(expression, argument):
            if time.monotonic() > deadline:
                raise AssertionError(f"in vain: {expression} with {argument}; problems: {self.problems}")
            self.page.wait_for_timeout(50)

    def _open(self, preparation: str) -> Page:
        context = self._thread.browser.new_context(viewport={"width": 1024, "height": 640})
        context.add_init_script(preparation + PREPARATION)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda entry: self.problems.append(entry.text) if entry.type == "error" else None)
        return page


DECODED = """async (id) => {
  const rows = await receivedStatistics();
  const theirs = rows.filter((row) => row.kind === "video" && row.participantId === id);
  return theirs.reduce((count, row) => count + row.framesDecoded, 0);
}"""
