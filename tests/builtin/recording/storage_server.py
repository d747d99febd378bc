# SPDX-License-Identifier: Apache-2.0
"""The emulator of Google Cloud Storage in a process of its own, which can be told to fail and tells what it was asked.

Beside what the emulator does by itself it keeps to `ifGenerationMatch`, joins no more than 32 objects, and takes
nothing that did not arrive whole. Run as a program it serves at the port given until its standard input ends.
"""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial, partialmethod
from http.server import HTTPServer
from io import BytesIO
from pathlib import Path
from socket import create_server
from time import perf_counter
from typing import Any
from urllib.parse import unquote_plus
from urllib.request import urlopen

BUCKET = "classes"


class StorageServer:
    """A running emulator. It keeps its objects over `stop` and `start`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        command = [sys.executable, __file__, str(self._port), str(self._directory)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.wait_for("ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def wait_for(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"{word}\n".encode()

    def go_on(self) -> None:
        """After it has stopped because of `hold`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def fail(self, **faults: Any) -> None:
        """`refuse=(status, times, method and path)`, `corrupt=times`, `hold=after so many pieces of uploads`."""
        urlopen(f"{self.url}/faults", json.dumps(faults).encode(), 10).close()

    def requests(self, beginning: str = "") -> list[str]:
        """What was asked since the last time, as `POST /upload/...`, of these what begins so."""
        with urlopen(f"{self.url}/requests", timeout=10) as answer:
            return [line for line in json.load(answer) if line.startswith(beginning)]

    def joining(self) -> float:
        """For how many seconds it has read and written the content of what it joined, since the last time."""
        with urlopen(f"{self.url}/joining", timeout=10) as answer:
            return float(json.load(answer))


@contextmanager
def running(directory: Path) -> Iterator[StorageServer]:
    server = StorageServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Wrapped:
    """What stands between HTTP and the emulator's own functions."""

    def __init__(self, real: dict[str, Any], compose: Any, checksums: Any) -> None:
        self.asked: list[str] = []
        self.refuse: tuple[int, int, str] = (0, 0, "")
        self.corrupt = 0
        self.hold = 0
        self.joining = 0.0
        self._real = real
        self._real_compose = compose
        self._real_checksums = checksums

    def handle(self, handler: Any, name: str) -> None:
        request = f"{name[3:]} {handler.path}"
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            return
        handler.rfile = BytesIO(body)
        if handler.path == "/faults":
            vars(self).update(json.loads(body))
            _answer(handler, 200)
        elif handler.path == "/requests":
            _answer(handler, 200, json.dumps(self.asked).encode())
            self.asked.clear()
        elif handler.path == "/joining":
            _answer(handler, 200, json.dumps(self.joining).encode())
            self.joining = 0.0
        else:
            if f"/b/{BUCKET}?" not in request:  # by Google's library, for its traces, in a thread whenever it likes
                self.asked.append(request)
            self._serve(handler, name, request)

    def _serve(self, handler: Any, name: str, request: str) -> None:
        status, times, beginning = self.refuse
        if times and request.startswith(beginning):
            self.refuse = (status, times - 1, beginning)
            _answer(handler, status)
        elif _outdated(handler):
            _answer(handler, 412)
        else:
            self._real[name](handler)
        if self.hold and request.startswith("PUT /upload"):
            self.hold -= 1
            if not self.hold:
                handler.wfile.flush()
                handler.connection.close()
                print("held", flush=True)
                signal.raise_signal(signal.SIGSTOP)

    def compose(self, request: Any, response: Any, storage: Any) -> None:
        if len(request.data["sourceObjects"]) > 32:
            response.status = response.status.BAD_REQUEST
        else:
            began = perf_counter()
            self._real_compose(request, response, storage)
            self.joining += perf_counter() - began

    def checksums(self, content: bytes, found: Any) -> Any:
        if self.corrupt:
            self.corrupt -= 1
            content = b"other" + content[5:]
        return self._real_checksums(content, found)


def _answer(handler: Any, status: int, body: bytes = b"") -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _outdated(handler: Any) -> bool:
    """Whether the object is of another generation than the request wants."""
    wanted = re.search(r"[?&]ifGenerationMatch=([0-9]+)", handler.path)
    name = re.search(r"/o/([^?]+?)(/compose)?(\?|$)", handler.path)
    if wanted is None or name is None:
        return False
    there = handler.storage.objects.get(BUCKET, {}).get(unquote_plus(name[1]))
    return int(there["generation"] if there else 0) != int(wanted[1])


def main(port: int, directory: str) -> None:
    from gcp_storage_emulator.handlers import objects  # type: ignore[import-untyped]  # has no types

    real: dict[str, Any] = {}
    wrapped = Wrapped(real, objects.compose, objects._checksums)
    objects.compose, objects._checksums = wrapped.compose, wrapped.checksums

    # Only now: the table of routes keeps the functions that it finds.
    from gcp_storage_emulator.handlers.buckets import create_bucket  # type: ignore[import-untyped]  # has no types
    from gcp_storage_emulator.server import RequestHandler  # type: ignore[import-untyped]  # has no types
    from gcp_storage_emulator.storage import Storage  # type: ignore[import-untyped]  # has no types

    for name in ("do_GET", "do_POST", "do_PUT", "do_DELETE"):
        real[name] = getattr(RequestHandler, name)
        setattr(RequestHandler, name, partialmethod(lambda handler, name: wrapped.handle(handler, name), name))
    storage = Storage(data_dir=directory)
    create_bucket(BUCKET, storage)
    server = HTTPServer(("127.0.0.1", port), partial(RequestHandler, storage))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
