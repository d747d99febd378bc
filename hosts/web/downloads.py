# SPDX-License-Identifier: Apache-2.0
"""Files that plugins answer with: whole, one range of bytes, or word that the client has it (RFC 9110 sections 13, 14).

They are read in threads, one piece at a time and none before the last one has been taken, so that slow clients cost
little memory. Quart's own send_file hops through three threads for each 8 KiB, knows no range from the end and says no
length when a range lies behind it. Several ranges in one request are answered with the whole file, which is allowed.
"""

import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, final

import trio
from quart import Request, Response, request
from quart.wrappers.response import ResponseBody
from werkzeug.exceptions import PreconditionFailed, RequestedRangeNotSatisfiable
from werkzeug.http import http_date

from podium.core.operations import OperationError
from podium.core.plugins.routes import WebFile
from podium.hosts.web.acceptor import connection
from podium.hosts.web.listening import PAUSED_TIMEOUT, UNREAD_TIMEOUT, set_unread_timeout

PIECE = 256 * 1024
MOST_AT_ONCE = 256
"""Files that may be on their way beside each other; each costs some memory and a task."""
MOST_THREADS = 16
"""Of them, those that may be reading."""

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")

logger = logging.getLogger(__name__)


class CutShortError(Exception):
    """The file turned out shorter than what was promised, or cannot be read on: the connection has to end."""


class Span(NamedTuple):
    """Some bytes of a file."""

    start: int
    length: int


@final
class Downloads:
    """The files that are on their way."""

    def __init__(self) -> None:
        self.under_way = 0
        self._threads = trio.CapacityLimiter(MOST_THREADS)

    async def respond(self, plugin: str, file: Path | WebFile) -> Response:
        """What the request of the moment gets of this file, without the headers that the plugin gives.

        Raises OperationError or HTTPException.
        """
        if self.under_way >= MOST_AT_ONCE:
            raise OperationError("exhausted", "too_many_requests", f"{MOST_AT_ONCE} files are being sent already")
        if isinstance(file, Path):
            file = await self._found(plugin, file)
        headers = {"ETag": f'"{file.version}"', "Cache-Control": "private, no-cache", "Accept-Ranges": "bytes"}
        if file.modified is not None:
            headers["Last-Modified"] = http_date(file.modified)
        if request.method in ("GET", "HEAD") and not changed_untrusted(request, file):
            response = Response(b"", status=HTTPStatus.NOT_MODIFIED, headers=headers)
            del response.headers["Content-Length"]
            return response
        span = _asked_span_untrusted(file)
        status = HTTPStatus.OK
        if span is not None:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {span.start}-{span.start + span.length - 1}/{file.size}"
        body = _Body(self, plugin, file, span or Span(0, file.size))
        response = Response(b"" if request.method == "HEAD" else body, status=status, headers=headers)
        response.headers["Content-Length"] = str(body.left)
        response.timeout = None  # as long as the client takes; the kernel ends one that takes nothing for too long
        return response

    async def piece(self, pieces: Iterator[bytes]) -> bytes | None:
        """The next one, None at the end."""
        return await trio.to_thread.run_sync(next, pieces, None, limiter=self._threads)

    async def close(self, pieces: Iterator[bytes]) -> None:
        """Let what is read from be closed, in a thread too."""
        if (close := getattr(pieces, "close", None)) is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(close, limiter=self._threads)

    async def _found(self, plugin: str, path: Path) -> WebFile:
        try:
            return await trio.to_thread.run_sync(file_at, path, limiter=self._threads)
        except OSError as error:
            logger.warning("file cannot be sent", extra={"plugin": plugin, "path": str(path), "error": str(error)})
            if isinstance(error, FileNotFoundError):
                raise OperationError("not_found", "file_unknown", "the file is not there any more") from None
            what = f"plugin {plugin!r} named a file that cannot be read; the log says why"
            raise OperationError("internal", "internal", what) from None


@final
class _Body(ResponseBody):
    """Some bytes of a file as Quart sends them: entered, read to the end or not, and left."""

    def __init__(self, downloads: Downloads, plugin: str, file: WebFile, span: Span) -> None:
        self.left = span.length
        self._downloads = downloads
        self._plugin = plugin
        self._file = file
        self._start = span.start
        self._pieces: Iterator[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._downloads.under_way += 1
        _set_unread_timeout(PAUSED_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._downloads.under_way -= 1
        _set_unread_timeout(UNREAD_TIMEOUT)
        if self._pieces is not None:
            await self._downloads.close(self._pieces)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        try:
            if self._pieces is None:
                self._pieces = iter(self._file.read(self._start, self.left))
            piece = await self._downloads.piece(self._pieces)
        except Exception as error:
            logger.exception("file cannot be read on", extra={"plugin": self._plugin, "missing": self.left})
            raise CutShortError from error
        if piece is None:
            logger.warning("file is shorter than promised", extra={"plugin": self._plugin, "missing": self.left})
            raise CutShortError
        piece = piece[: self.left]
        self.left -= len(piece)
        return piece


def _set_unread_timeout(seconds: float) -> None:
    """Of the connection of the moment, if it is still there."""
    if (stream := connection.get(None)) is not None:
        with suppress(OSError, trio.ClosedResourceError):
            set_unread_timeout(stream.socket, seconds)


def file_at(path: Path) -> WebFile:
    """A file on the disk as it is now. Raises OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is no regular file")
    with path.open("rb") as stream:  # so that one that cannot be read is known now
        version, size, modified = _facts(stream.fileno())

    def read(start: int, length: int) -> Iterator[bytes]:
        with path.open("rb", buffering=0) as stream:
            if _facts(stream.fileno())[0] != version:
                return  # another file has taken its place
            stream.seek(start)
            while length and (piece := stream.read(min(length, PIECE))):
                length -= len(piece)
                yield piece

    return WebFile(size=size, version=version, read=read, modified=modified)


def _facts(descriptor: int) -> tuple[str, int, datetime]:
    status = os.fstat(descriptor)
    modified = datetime.fromtimestamp(status.st_mtime_ns // 10**9, UTC)
    return f"{status.st_size:x}-{status.st_mtime_ns:x}", status.st_size, modified


def changed_untrusted(asked: Request, file: WebFile) -> bool:
    """Whether the client has not got this version yet (RFC 9110 section 13.2.2).

    Raises PreconditionFailed when it wants no other version than one that is gone.
    """
    modified = file.modified and file.modified.replace(microsecond=0)
    if "If-Match" in asked.headers:
        if not asked.if_match.contains(file.version):
            raise PreconditionFailed
    elif modified and (since := asked.if_unmodified_since) and modified > since:
        raise PreconditionFailed
    if "If-None-Match" in asked.headers:
        return not asked.if_none_match.contains_weak(file.version)
    since = asked.if_modified_since
    return not (modified and since and modified <= since)


def span_untrusted(text: str, size: int) -> Span | None:
    """The one range that is asked for; of length 0 when it lies behind the end, None for what is to be ignored."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        return Span(size - length, length)
    if last is not None and int(last) < int(first):
        return None
    end = size if last is None else min(int(last) + 1, size)
    return Span(int(first), max(0, end - int(first)))


def _asked_span_untrusted(file: WebFile) -> Span | None:
    """The range that the request of the moment is for. Raises RequestedRangeNotSatisfiable.

    With `If-Range` it counts for that version alone; a date there is no proof, so the whole is sent.
    """
    if request.method != "GET" or "Range" not in request.headers:
        return None
    if request.headers.get("If-Range", f'"{file.version}"') != f'"{file.version}"':
        return None
    span = span_untrusted(request.headers["Range"], file.size)
    if span is not None and span.length == 0:
        raise RequestedRangeNotSatisfiable(file.size)
    return span
