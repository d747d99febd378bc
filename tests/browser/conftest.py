# SPDX-License-Identifier: Apache-2.0
"""A real Chromium with fake devices, and a real host in a process of its own."""

import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import pytest
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


READY = """() => {
  const refused = document.getElementById("device-note").textContent !== "";
  return refused || (podium.isOn("camera") && podium.isOn("microphone"));
}"""


class HostProcess:
    """`podium serve --dev` on free ports. It logs into the file `log`, or to where the tests write."""

    def __init__(self, folder: Path, port: int = 0, *, log: Path | None = None, **settings: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
        environment |= {"PODIUM_WEB__PORT": str(port), "PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1"}
        environment |= settings
        with nullcontext() if log is None else log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "podium.hosts.cli", "serve", "--dev"],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            self.url = self._printed_url()
        except BaseException:
            self.kill()
            raise

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(15) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _printed_url(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if match := re.search(r"(http://\S+)/room/", line):
                return match[1]
        raise AssertionError("the host ended before it printed a link")


class Room:
    """One room of the host, and tabs of people in it."""

    def __init__(self, thread: BrowserThread, host: HostProcess, name: str) -> None:
        self._thread = thread
        self._tabs = ExitStack()
        self.host = host
        self.name = name

    def open(self, name: str = "", preparation: str = "") -> Tab:
        """A tab in the lobby."""
        tab = Tab(self._thread, preparation)
        self._tabs.callback(tab.close)
        tab.goto(f"{self.host.url}/room/{self.name}?name={name}")
        return tab

    def join(self, name: str, preparation: str = "") -> Tab:
        """A tab in the classroom, with camera and microphone where there are any."""
        tab = self.open(name, preparation)
        tab.wait_for(READY)
        tab.click("#join")
        tab.wait_for("podium.state === 'connected'")
        return tab

    def close(self) -> None:
        self._tabs.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserThread]:
    thread = BrowserThread()
    yield thread
    thread.close()


@contextmanager
def running_host(folder: Path, port: int = 0, *, log: Path | None = None, **settings: str) -> Iterator[HostProcess]:
    host = HostProcess(folder, port, log=log, **settings)
    try:
        yield host
    finally:
        host.stop()


@pytest.fixture(scope="session")
def start_host() -> Callable[..., Any]:
    """Starts another host: a context manager taking a folder, a port and environment variables."""
    return running_host


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with running_host(tmp_path_factory.mktemp("host")) as host:
        yield host


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def open_room(browser: BrowserThread) -> Callable[[HostProcess], Room]:
    """A room on a host that a test started itself; the test closes it."""
    return lambda host: Room(browser, host, f"class-{next(_numbers)}")


@pytest.fixture
def room(browser: BrowserThread, host: HostProcess) -> Iterator[Room]:
    room = Room(browser, host, f"class-{next(_numbers)}")
    yield room
    room.close()


@pytest.fixture
def blank(browser: BrowserThread, host: HostProcess) -> Iterator[Tab]:
    """A tab on the start page, for modules that need no room."""
    tab = Tab(browser)
    tab.goto(host.url)
    yield tab
    tab.close()
