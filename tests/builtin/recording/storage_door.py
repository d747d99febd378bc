# SPDX-License-Identifier: Apache-2.0
"""A door in front of the emulator of Google Cloud Storage: it counts what comes to be, lets wait, and can be shut.

It looks at the emulator's answers, so what is counted was done even if whoever asked was dead by then.
"""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, partialmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from tests.builtin.recording.storage_server import BUCKET, StorageServer

Mode = Literal["open", "refuses", "silent", "fails"]


class Made(NamedTuple):
    """An object that came to be; its content by size and checksum."""

    name: str
    size: int
    crc32c: str


class StorageDoor:
    """`url` is what hosts are told. `mode`: how it answers now; `wait` gives seconds before and after each request."""

    def __init__(self, server: StorageServer) -> None:
        self.server = server
        self.mode: Mode = "open"
        self.wait: Callable[[], float] = lambda: 0.0
        self.uploaded: list[Made] = []
        self.joined: list[Made] = []
        self.refused = 0
        """Requests that a shut door did not let in."""
        self.uploading = threading.Event()
        """Set while a piece of an upload is on its way."""
        self._finished: set[str] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def uploads_done_twice(self) -> dict[Made, int]:
        """Whatever was uploaded whole more than once with the same content."""
        return {made: times for made, times in Counter(self.uploaded).items() if times > 1}

    def objects(self) -> dict[str, int]:
        """What is in the bucket: sizes by name."""
        with urlopen(f"{self.server.url}/storage/v1/b/{BUCKET}/o", timeout=10) as answer:
            return {each["name"]: int(each["size"]) for each in json.load(answer).get("items", [])}

    def content(self, name: str) -> bytes:
        with urlopen(f"{self.server.url}/{BUCKET}/{name}", timeout=30) as answer:
            data: bytes = answer.read()
        return data

    @contextmanager
    def _running(self) -> Iterator["StorageDoor"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="storage door")
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def handle(self, handler: "Handler", method: str) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        upload = "upload_id=" in handler.path
        if len(body) < length or not self._lets_in(handler):
            return
        if upload:
            self.uploading.set()
        try:
            time.sleep(self.wait())
            status, headers, content = self._ask(method, handler, body)
            self._count(handler, method, status, content)
            time.sleep(self.wait())
        finally:
            if upload:
                self.uploading.clear()
        handler.answer(status, headers, content)

    def _lets_in(self, handler: "Handler") -> bool:
        if self.mode == "open":
            return True
        self.refused += 1
        if self.mode == "fails":
            handler.answer(503, [], b"")
        while self.mode == "silent":  # as long as it is: clients have to give up by themselves
            time.sleep(0.1)
        return False

    def _ask(self, method: str, handler: "Handler", body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
            connection.request(method, handler.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _count(self, handler: "Handler", method: str, status: int, content: bytes) -> None:
        if status != 200 or method not in ("PUT", "POST"):
            return
        address = urlsplit(handler.path)
        if address.path.endswith("/compose"):
            self.joined.append(_made(content))
        elif address.path.startswith("/upload/"):
            upload = parse_qs(address.query).get("upload_id", [""])[0]
            begins = method == "POST" and "uploadType=resumable" in address.query and not upload
            if not begins and (not upload or upload not in self._finished):  # one that is done may be asked about
                self._finished.add(upload)
                self.uploaded.append(_made(content))


class Handler(BaseHTTPRequestHandler):
    def __init__(self, door: StorageDoor, *arguments: Any) -> None:
        self._door = door
        super().__init__(*arguments)

    def pass_on(self, method: str) -> None:
        self._door.handle(self, method)

    do_GET = partialmethod(pass_on, "GET")  # noqa: N815 # http.server wants these names
    do_POST = partialmethod(pass_on, "POST")  # noqa: N815 # see above
    do_PUT = partialmethod(pass_on, "PUT")  # noqa: N815 # see above
    do_PATCH = partialmethod(pass_on, "PATCH")  # noqa: N815 # see above
    do_DELETE = partialmethod(pass_on, "DELETE")  # noqa: N815 # see above

    def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        try:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # whoever asked was killed meanwhile

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True  # killed while asking

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def _made(content: bytes) -> Made:
    found = json.loads(content)
    return Made(found["name"], int(found["size"]), found["crc32c"])


@contextmanager
def opened(server: StorageServer) -> Iterator[StorageDoor]:
    with StorageDoor(server)._running() as door:
        yield door
