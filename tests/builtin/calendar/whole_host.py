# SPDX-License-Identifier: Apache-2.0
"""`podium serve` as a process of its own, to be killed and started again over one database, and asked over REST."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podium.core import new_key
from tests.builtin.shipped import site

SETTINGS = """
[web]
host = "127.0.0.1"
port = 0

[metrics]
enabled = false

[media]
ports = "0"
workers = 1

[database]
url = "{database_url}"

[auth]
secret = "{secret}"
api_keys = ["{key}"]

[plugins.scheduling]
[plugins.events]
[plugins.calendar]
base_url = "https://classes.example.org"
sender = "classes@example.org"
[plugins.calendar.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
timeout = {timeout}
"""
PATIENCE = 30


class WholeHost:
    """Runs in a folder; `timeout` is how long it waits for the mail server, in seconds."""

    def __init__(self, folder: Path, database_url: str, smtp_port: int, *, timeout: int = 30) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._key = new_key("school")
        (folder / "podium.toml").write_text(
            SETTINGS.format(
                database_url=database_url, secret="s" * 32, key=self._key.entry, port=smtp_port, timeout=timeout
            )
        )
        self._site = site(folder / "site")

    def start(self) -> None:
        """Returns when it is ready."""
        path = os.pathsep.join(filter(None, (str(self._site), os.environ.get("PYTHONPATH"))))
        with (self._folder / "host.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "podium.hosts.cli", "serve"],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said.startswith("Podium is ready: "), self.log()
        self._url = said.split()[-1]

    def kill(self) -> None:
        """SIGKILL; nothing of it is left when this returns."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def stop(self) -> float:
        """SIGTERM; how many seconds it took to end in order."""
        assert self._process is not None
        begin = time.monotonic()
        self._process.terminate()
        assert self._process.wait(PATIENCE) == 0, self.log()
        took = time.monotonic() - begin
        self._end()
        return took

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def log(self) -> str:
        return (self._folder / "host.log").read_text()

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        """The answer of an operation."""
        request = urllib.request.Request(
            f"{self._url}/api{path}",
            method=method,
            data=json.dumps(fields).encode() if fields else None,
            headers={"authorization": f"Bearer {self._key.key}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)

    def mails(self, session_id: str) -> dict[str, Any]:
        """How the newest mail to each person stands, by address."""
        found = self.ask("GET", f"/calendar/{session_id}/invitations")["invitations"]
        return {each["recipient"]: each for each in found}

    def wait_until_sent(self, session_id: str, method: str, sequence: int, people: int) -> None:
        """Until there is nothing left to send: as many people have this mail, and none waits."""
        wanted = (method, sequence, "sent")
        self.wait_until(session_id, people, lambda mail: (mail["method"], mail["sequence"], mail["state"]) == wanted)

    def wait_until(self, session_id: str, people: int, fits: Callable[[Any], bool]) -> None:
        """Until there are mails to as many people and all fit."""
        until = time.monotonic() + PATIENCE
        while len(mails := self.mails(session_id)) != people or not all(map(fits, mails.values())):
            assert time.monotonic() < until, f"{mails}\n{self.log()}"
            time.sleep(0.02)
