# SPDX-License-Identifier: Apache-2.0
"""Fragments of MP4 (ISO/IEC 14496-12) put behind a header with an index: one file that players can seek in.

Nothing of the fragments is copied or changed for it: the bytes `head + piece + piece ...` are the file. So a server can
put it together by itself, and the same pieces serve for HLS.
"""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from struct import pack, pack_into, unpack_from
from typing import NamedTuple, final

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf"})


class BrokenFileError(ValueError):
    """The bytes are not what a piece of film is."""


class Box(NamedTuple):
    """Where it is, its header included; `path` is the names of the boxes it is in, and its own."""

    path: tuple[bytes, ...]
    start: int
    end: int


class Part(NamedTuple):
    """A piece: its length in bytes, and in seconds."""

    size: int
    duration: Fraction


def boxes(data: bytes, start: int = 0, end: int | None = None, path: tuple[bytes, ...] = ()) -> Iterator[Box]:
    """All of them, each before those in it."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise BrokenFileError("a box is cut off")
        size, name = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        if size < 8 or start + size > end:
            raise BrokenFileError(f"a box says that it has {size} bytes")
        yield Box((*path, name), start, start + size)
        if name in _CONTAINERS:
            yield from boxes(data, start + 8, start + size, (*path, name))
        start += size


def split_fragment(data: bytes, number: int, start: Fraction) -> tuple[bytes, bytes]:
    """Header (ftyp, moov) and fragment (moof, mdat) of a file of one fragment, which gets its place in the film."""
    found = list(boxes(data))
    top = {box.path[0]: box for box in found if len(box.path) == 1}
    if [box.path[0] for box in found if len(box.path) == 1][:4] != [b"ftyp", b"moov", b"moof", b"mdat"]:
        raise BrokenFileError("not a file of one fragment")
    header = data[: top[b"moov"].end]
    media = bytearray(data[top[b"moof"].start : top[b"mdat"].end])
    offset = top[b"moof"].start
    rates = timescales(header)
    track = 0
    for box in found:
        position = box.start - offset
        if box.path[-1] == b"mfhd":
            pack_into(">I", media, position + 12, number)
        elif box.path[-1] == b"tfhd":
            (track,) = unpack_from(">I", media, position + 12)
        elif box.path[-1] == b"tfdt":
            if media[position + 8] != 1:
                raise BrokenFileError("a time of 32 bits is too short")
            pack_into(">Q", media, position + 12, int(start * rates[track]))
    return header, bytes(media)


def timescales(header: bytes) -> dict[int, int]:
    """Of each track by its id: units of time in a second."""
    found: dict[int, int] = {}
    track = 0
    for box in boxes(header):
        if box.path[-1] == b"tkhd":
            (track,) = unpack_from(">I", header, box.start + (28 if header[box.start + 8] else 20))
        elif box.path[-1] == b"mdhd":
            (found[track],) = unpack_from(">I", header, box.start + (28 if header[box.start + 8] else 20))
    return found


def head(header: bytes, parts: Sequence[Part], *, room: int = 0) -> bytes:
    """What the file begins with: the pieces' common header with the whole duration, and where each piece is.

    With `room` it has so many bytes, whatever is in it: a `free` box is between header and index, since the first piece
    has to follow directly behind the index.
    """
    rates = timescales(header)
    track = min(rates)
    first = _with_duration(header, sum((part.duration for part in parts), Fraction(0)))
    index = _index(track, rates[track], parts)
    left = room - len(first) - len(index)
    if room and left < 8:
        raise ValueError(f"the beginning of a film of {len(parts)} pieces takes more than {room} bytes")
    return first + (pack(">I4s", left, b"free") + bytes(left - 8) if room else b"") + index


def _with_duration(header: bytes, duration: Fraction) -> bytes:
    """With a `mehd` box, by which players know the duration at once."""
    found = {box.path: box for box in boxes(header)}
    movie, extends = found[b"moov",], found[b"moov", b"mvex"]
    rate_at = found[b"moov", b"mvhd"].start + (28 if header[found[b"moov", b"mvhd"].start + 8] else 20)
    (rate,) = unpack_from(">I", header, rate_at)
    added = pack(">I4sIQ", 20, b"mehd", 1 << 24, round(duration * rate))
    result = bytearray(header[: extends.start + 8] + added + header[extends.start + 8 :])
    for box in (movie, extends):
        pack_into(">I", result, box.start, box.end - box.start + len(added))
    return bytes(result)


def _index(track: int, rate: int, parts: Sequence[Part]) -> bytes:
    """A `sidx` box (section 8.16.3); it comes directly before the first piece."""
    if len(parts) > 0xFFFF:
        raise ValueError("an index has at most 65535 pieces")
    ends = [round(end * rate) for end in accumulate(part.duration for part in parts)]
    references = b"".join(
        pack(">III", part.size, end - start, 0x90000000)  # media, beginning with a key frame
        for part, start, end in zip(parts, [0, *ends], ends, strict=False)
    )
    body = pack(">IIIQQHH", 1 << 24, track, rate, 0, 0, 0, len(parts)) + references
    return pack(">I4s", len(body) + 8, b"sidx") + body


@final
class Joined(io.RawIOBase):
    """Bytes and files read as if they were one file, one of them open at a time."""

    def __init__(self, first: bytes, paths: Sequence[Path]) -> None:
        self._first = first
        self._paths = paths
        self._ends = list(accumulate((path.stat().st_size for path in paths), initial=len(first)))
        self._position = 0
        self._open: tuple[int, io.FileIO] | None = None

    @property
    def size(self) -> int:
        return self._ends[-1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self.size)[whence]
        return self._position

    def read(self, size: int = -1) -> bytes:
        """As much as there is in one of them."""
        size = self.size if size < 0 else size
        if self._position < len(self._first):
            data = self._first[self._position : self._position + size]
        else:
            data = self._read_file(size)
        self._position += len(data)
        return data

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
        super().close()

    def _read_file(self, size: int) -> bytes:
        number = bisect_right(self._ends, self._position) - 1
        if number >= len(self._paths):
            return b""
        if self._open is None or self._open[0] != number:
            if self._open is not None:
                self._open[1].close()
            self._open = (number, io.FileIO(self._paths[number]))
        file = self._open[1]
        file.seek(self._position - self._ends[number])
        return file.read(size)
