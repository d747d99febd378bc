# SPDX-License-Identifier: Apache-2.0
"""Files of a capture: records one after the other, appended only, each with a checksum of its own.

A record is a little-endian header of 17 bytes and a payload: magic (2 bytes), CRC-32C of everything behind it (u32),
length of the payload (u16), kind (u8), arrival in microseconds of the clock that taps use (i64). A file may end in the
middle of a record: the reader stops before it, or goes on there when the rest has come. Behind a damaged record it
goes on at the next whole one. The checksum finds accidents; it keeps nobody from forging files.
"""

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import NamedTuple, Self

import google_crc32c

MAGIC = b"\xff\xc5"
"""No text in UTF-8 has such bytes."""

MAX_PAYLOAD = 0xFFFF

_HEAD = Struct("<2sI")
_BODY = Struct("<HBq")
HEADER_SIZE = _HEAD.size + _BODY.size
_CHUNK = 1 << 18


class Kind(IntEnum):
    """What a record is; readers skip kinds they do not know."""

    DESCRIPTION = 1
    """JSON: what this file is of. The first record."""
    RTP = 2
    SENDER_REPORT = 3
    """RTCP behind the number of its track (u16, little-endian)."""
    EVENT = 4
    """JSON: something that happened in the room."""
    ALIVE = 5
    """Nothing: capture went on at least until then."""
    GAP = 6
    """JSON: why packets are missing from here on, such as a slow disk."""
    END = 7
    """Nothing: nothing will follow."""
    TRACK = 8
    """JSON: the description of a track once more, in the timeline."""


class Record(NamedTuple):
    """`at` is in microseconds."""

    kind: int
    at: int
    payload: bytes


def packed(kind: int, at: int, payload: bytes) -> bytes:
    """The bytes of a record. Raises struct.error for more than MAX_PAYLOAD bytes."""
    body = _BODY.pack(len(payload), kind, at)
    return _HEAD.pack(MAGIC, google_crc32c.extend(google_crc32c.value(body), payload)) + body + payload


class RecordReader:
    """Reads a file from its beginning, in pieces of bounded size; the file may still grow.

    `read` gives what is there and stops; calling it again goes on with what has come since.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.corrupt = 0
        """How many times damaged bytes were stepped over, a torn end not among them."""
        self._file = path.open("rb", buffering=0)
        self._restart(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def read(self, *, final: bool = False) -> Iterator[Record]:
        """What is there. `final`: nothing will be added, so that what looks like a torn end is searched as well."""
        while True:
            record = self._record()
            if record is not None:
                if self._damaged or self._lost:
                    self._found_again()
                yield record
            elif not self._starving:
                self._step()
            elif not self._fill():
                if not final or self._position >= len(self._data):
                    return
                self._step()

    def seek(self, at: int) -> None:
        """Go on near the first record of this time and not behind it. Times in a file do not decrease."""
        low, high = 0, self.path.stat().st_size
        while high - low > _CHUNK:
            middle = (low + high) // 2
            self._restart(middle)
            first = next(self.read(final=True), None)
            if first is not None and first.at < at:
                low = middle
            else:
                high = middle
        self._restart(low)

    def _restart(self, offset: int) -> None:
        """Somewhere in the file; no damage if that is not where a record begins."""
        self._file.seek(offset)
        self._data, self._position = b"", 0
        self._starving = self._damaged = False
        self._lost = offset > 0

    def _found_again(self) -> None:
        self.corrupt += not self._lost
        self._lost = self._damaged = False

    def _fill(self) -> bool:
        more = self._file.read(_CHUNK)
        if more:
            self._data = self._data[self._position :] + more
            self._position = 0
        return bool(more)

    def _record(self) -> Record | None:
        """The record here. None: there is none, or, if it starves, none that is whole."""
        data, start = self._data, self._position
        payload = start + HEADER_SIZE
        if payload > len(data):
            self._starving = MAGIC.startswith(data[start : start + 2]) or data.startswith(MAGIC, start)
            return None
        magic, checksum = _HEAD.unpack_from(data, start)
        length, kind, at = _BODY.unpack_from(data, start + _HEAD.size)
        end = payload + length
        self._starving = magic == MAGIC and end > len(data)
        if magic != MAGIC or end > len(data) or google_crc32c.value(data[start + _HEAD.size : end]) != checksum:
            return None
        self._position = end
        return Record(kind, at, data[payload:end])

    def _step(self) -> None:
        """Over a damaged byte, to where the next record could begin."""
        self._damaged = True
        found = self._data.find(MAGIC, self._position + 1)
        self._position = found if found >= 0 else max(len(self._data) - 1, self._position + 1)
