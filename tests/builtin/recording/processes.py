# SPDX-License-Identifier: Apache-2.0
"""`podium serve` and `podium recorder` as processes of their own, to be killed and started again in one folder.

Films are small and short so that many can be made. The ports stay the same over a kill.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from socket import create_server
from types import TracebackType
from typing import Any, Self

from podium.core import new_key
from tests.builtin.recording.storage_server import BUCKET
from tests.builtin.shipped import site

SETTINGS = """
[web]
host = "127.0.0.1"
port = {port}

[metrics]
enabled = false

[media]
ports = "0"
workers = 1
announced_addresses = ["127.0.0.1"]

[rooms]
ad_hoc = true

[database]
url = "sqlite:///podium.db"

[storage]
directory = "store"

[auth]
secret = "{secret}"
api_keys = ["{key}"]

[plugins.recording]
gcs_bucket = "{bucket}"
gcs_endpoint = "{endpoint}"
work = {work}
{more}
[plugins.recording.film]
width = 320
height = 180
frame_rate = 5
"""
PATIENCE = 90
READY = re.compile(r"https?://[^/\s:]+:(\d+)")


class School:
    """A context manager; at the end all its processes are killed. `recorder`: the host itself makes no films.

    Without an `endpoint` of a storage films are kept in a folder.
    """

    def __init__(self, folder: Path, endpoint: str, *, recorder: bool = False, more: str = "") -> None:
        self.folder = folder
        self.has_recorder = recorder
        self._host: subprocess.Popen[str] | None = None
        self._recorder: subprocess.Popen[str] | None = None
        self._key = new_key("school")
        self._site = site(folder / "site")
        with create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        (folder / "podium.toml").write_text(
            SETTINGS.format(
                port=self._port,
                secret="s" * 32,
                key=self._key.entry,
                bucket=BUCKET if endpoint else "",
                endpoint=endpoint,
                work="false" if recorder else "true",
                more=more,
            )
        )

    def __enter__(self) -> Self:
        try:
            self.start_host()
            if self.has_recorder:
                self.start_recorder()
                self._wait_for_recorder()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def signaling(self) -> str:
        return f"ws://127.0.0.1:{self._port}/signal"

    @property
    def store(self) -> Path:
        """The plugin's own folder."""
        return self.folder / "store" / "recording"

    def start_host(self) -> None:
        """Returns when it is ready."""
        self._host = self._start("host", "serve")
        assert self._host.stdout is not None
        said = self._host.stdout.readline()
        assert READY.search(said), self.log("host")

    def start_recorder(self) -> None:
        self._recorder = self._start("recorder", "recording", "recorder")

    def _wait_for_recorder(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "recorder works" not in self.log("recorder"):
            assert time.monotonic() < deadline, self.log("recorder")
            time.sleep(0.02)

    def kill_host(self) -> float:
        """SIGKILL; when that was."""
        process, self._host = self._host, None
        return _kill(process)

    def kill_recorder(self) -> float:
        process, self._recorder = self._recorder, None
        return _kill(process)

    def stop_host(self) -> None:
        """SIGTERM, and until it has ended in order."""
        assert self._host is not None
        self._host.terminate()
        assert self._host.wait(PATIENCE) == 0, self.log("host")
        self.kill_host()

    def kill(self) -> None:
        self.kill_host()
        self.kill_recorder()

    def composers(self) -> list[int]:
        """Processes that make films of this school: they run in the folder of those that began them."""
        return [pid for pid, line, folder in _processes() if b"recording.composer" in line and folder == self.folder]

    def kill_composer(self) -> bool:
        """SIGKILL; False when there was none."""
        for pid in self.composers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        """The answer of an operation. Raises OSError when there is no host, or it refuses."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api{path}",
            method=method,
            data=json.dumps(fields).encode() if fields or method != "GET" else None,
            headers={"authorization": f"Bearer {self._key.key}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            error.add_note(error.read().decode(errors="replace"))
            raise

    def age_failures(self, hours: int) -> None:
        """As if the class had ended so much earlier, and what does not succeed had not done so since."""
        with closing(sqlite3.connect(self.folder / "podium.db", timeout=10)) as database, database:
            for table, column in (("session_recordings", "ended_at"), ("recording_jobs", "failing_since")):
                earlier = f"datetime({column}, ?) || '.000000'"
                database.execute(f"UPDATE {table} SET {column} = {earlier}", (f"-{hours} hours",))

    def run(self, *arguments: str) -> str:
        """A command of `podium` until it has ended well; what it wrote."""
        done = subprocess.run(
            [sys.executable, "-m", "podium.hosts.cli", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _environment(self) -> dict[str, str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PODIUM_")}
        return environment | {
            "PYTHONPATH": os.pathsep.join(filter(None, (str(self._site), os.environ.get("PYTHONPATH"))))
        }

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "podium.hosts.cli", *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "host" else log,
                stderr=log,
                text=True,
            )


def _kill(process: subprocess.Popen[str] | None) -> float:
    now = time.time()
    if process is not None:
        process.kill()
        process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()
    return now


def _processes() -> Iterator[tuple[int, bytes, Path]]:
    """Command line and current folder of each that goes on."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes(), (entry / "cwd").readlink()
