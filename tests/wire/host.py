# SPDX-License-Identifier: Apache-2.0
"""The host under test as a child process: `podium serve --dev` on free ports, and what outsiders can ask of it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.bare import without_plugins

READY = re.compile(r"https?://[^/\s:]+:(\d+)")
START_TIMEOUT = 30
STOP_TIMEOUT = 20
SETTINGS = {
    "PODIUM_WEB__HOST": "127.0.0.1",
    "PODIUM_WEB__PORT": "0",
    "PODIUM_MEDIA__PORTS": "0",
    "PODIUM_MEDIA__WORKERS": "1",
    "PODIUM_MEDIA__ANNOUNCED_ADDRESSES": "127.0.0.1",
}


@dataclass
class Host:
    """A running host."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    _sessions: count = field(default_factory=count)  # type: ignore[type-arg]  # count is not generic at run time

    @property
    def url(self) -> str:
        """Of the signaling WebSocket."""
        return f"ws://127.0.0.1:{self.port}/signal"

    def session(self) -> str:
        """The name of a room that no other test uses."""
        return f"wire-{next(self._sessions)}"

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as response:
            report: dict[str, Any] = json.load(response)
        return report

    def resident_bytes(self) -> int:
        """Memory in use by the process."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running_host(directory: Path, **settings: str) -> Iterator[Host]:
    """Start a host; on leaving, stop it by SIGTERM and check that it ended well and logged no traceback."""
    log = directory / "host.log"
    environment = {**os.environ, **SETTINGS, **without_plugins(directory), **settings, "PYTHONFAULTHANDLER": "1"}
    command = [sys.executable, "-m", "podium.hosts.cli", "serve", "--dev"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield Host(process, _wait_for_port(process, log), log)
        finally:
            status = _stop(process)
    text = log.read_text(errors="replace")
    assert status == 0, f"the host ended with {status}:\n{text[-5000:]}"
    assert "Traceback" not in text, text[-5000:]


def _wait_for_port(process: subprocess.Popen[str], log: Path) -> int:
    """The port in the line that says where the host is."""
    assert process.stdout is not None
    watchdog = threading.Timer(START_TIMEOUT, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            found = READY.search(line)
            if found:
                return int(found[1])
    finally:
        watchdog.cancel()
    raise AssertionError(f"the host did not start:\n{log.read_text(errors='replace')[-5000:]}")


def _stop(process: subprocess.Popen[str]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        return process.wait()
