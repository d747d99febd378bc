# SPDX-License-Identifier: Apache-2.0
"""Rooms in a real Chromium, and a real host in a process of its own."""

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.bare import without_plugins
from tests.browser.chromium import BrowserThread, Tab

READY = """() => {
  const refused = document.getElementById("device-note").textContent !== "";
  return refused || (podium.isOn("camera") && podium.isOn("microphone"));
}"""


class HostProcess:
    """`podium serve --dev` on free ports. It logs into the file `log`, or to where the tests write."""

    def __init__(self, folder: Path, port: int = 0, *, log: Path | None = None, **settings: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
        environment |= {"PODIUM_WEB__PORT": str(port), "PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1"}
        environment |= without_plugins(folder) | settings
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
