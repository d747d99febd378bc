# SPDX-License-Identifier: Apache-2.0
"""One resumable upload to Google Cloud Storage, driven by hand so that it can go on after the process was killed.

A session is a URL at which the server takes a file piece by piece; it knows by itself how far it came
(https://cloud.google.com/storage/docs/performing-resumable-uploads). The URL is kept in a file beside the one that is
uploaded, readable by its owner alone, because whoever knows it may upload. Google's library gives up the session at any
exception, and its buffers grow with the file.
"""

import os
import re
import time
from pathlib import Path
from typing import Any, final

import msgspec
import requests

from podium.plugins.recording.storage.interface import StorageError

CHUNK = 8 * 1024 * 1024
GRAIN = 256 * 1024
"""What a server has of an unfinished upload is a multiple of this."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two bytes of an answer."""
_RECEIVED = re.compile(r"bytes=0-([0-9]{1,18})")


class SessionLostError(Exception):
    """The server does not know this session any more, or not as it should: another one is needed."""


class OutdatedError(Exception):
    """Somebody else changed the object since the upload began."""


class Progress(msgspec.Struct, frozen=True):
    """What is being uploaded where, and the session it is done in."""

    target: str
    size: int
    crc32c: int
    generation: int
    url: str


def progress_path(file: Path) -> Path:
    """Where the progress of this file's upload is kept."""
    return file.with_name(f"{file.name}.upload")


def load_progress(file: Path) -> Progress | None:
    """What an earlier upload left; None when there is nothing that can be used. Raises OSError."""
    try:
        return msgspec.json.decode(progress_path(file).read_bytes(), type=Progress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def save_progress(file: Path, progress: Progress) -> None:
    """Atomic; not flushed to the disk, since after a loss of power another session does it too. Raises OSError."""
    path = progress_path(file)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(msgspec.json.encode(progress))
    new.replace(path)


def drop_progress(file: Path) -> None:
    """Raises OSError."""
    progress_path(file).unlink(missing_ok=True)


@final
class UploadSession:
    """Sends what the server has not got yet. Short outages are bridged; `patience` seconds without progress are not."""

    def __init__(self, url: str, file: Path, size: int, *, patience: float) -> None:
        self._url = url
        self._file = file
        self._size = size
        self._patience = patience

    def run(self, *, fresh: bool) -> dict[str, Any]:
        """The object's metadata once it is complete; a session that is not `fresh` is asked how far it came.

        Raises SessionLostError, OutdatedError and StorageError.
        """
        offset = 0 if fresh else None
        stalled, last, failures = time.monotonic(), -1, 0
        with requests.Session() as http:
            while True:
                problem: object = None
                try:
                    response = self._send(http, offset)
                except requests.RequestException as error:
                    problem = error
                else:
                    if response.status_code in (200, 201):
                        return dict(response.json())
                    problem = self._problem(response)
                    offset = self._received(response) if problem is None else None
                if offset is not None and offset > last:
                    stalled, last, failures = time.monotonic(), offset, 0
                    continue
                failures += 1
                pause = min(4.0, 0.1 * 2**failures)
                if time.monotonic() - stalled + pause > self._patience:
                    what = f"the upload of {self._file.name} makes no progress: {problem or 'nothing is kept'}"
                    raise StorageError("storage_unavailable", what, retry=True)
                time.sleep(pause)

    def _send(self, http: requests.Session, offset: int | None) -> requests.Response:
        """The next piece, or the question how far it came."""
        piece, told = b"", f"bytes */{self._size}"
        if offset is not None and offset < self._size:
            with self._file.open("rb", buffering=0) as stream:
                stream.seek(offset)
                piece = stream.read(CHUNK)
            told = f"bytes {offset}-{offset + len(piece) - 1}/{self._size}"
            if not piece or offset + len(piece) > self._size:
                raise StorageError("changed_meanwhile", f"{self._file} changes while it is uploaded", retry=True)
        return http.put(self._url, piece, headers={"Content-Range": told}, timeout=TIMEOUT, allow_redirects=False)

    def _received(self, response: requests.Response) -> int:
        match = _RECEIVED.fullmatch(response.headers.get("Range", ""))
        received = int(match[1]) + 1 if match else 0
        if received > self._size or (received % GRAIN and received != self._size):
            raise SessionLostError
        return received

    def _problem(self, response: requests.Response) -> str | None:
        """None when it goes on, what is wrong when it may pass. Raises for all else."""
        status = response.status_code
        if status == 308:
            return None
        if status in (400, 404, 410, 416):
            raise SessionLostError
        if status == 412:
            raise OutdatedError
        if status in (401, 403):
            raise StorageError("forbidden", f"the upload was refused: {status} {response.text[:200]}")
        if status in (408, 429) or status >= 500:
            return f"status {status}"
        raise StorageError("storage_failed", f"an upload was answered with {status} {response.text[:200]}")
