# SPDX-License-Identifier: Apache-2.0
"""Whether a film is whole: as long as it should be, decodable where one looks, every byte as it was written.

Checksums are of all bytes; pictures and sound are decoded at the beginning, at the end and between, not everywhere: the
time this takes hardly grows with the film.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

import av
import google_crc32c
import msgspec

from podium.plugins.recording.composer.segments import Index, film
from podium.plugins.recording.mp4 import Joined

TOLERANCE = 0.2
_CHUNK = 1 << 20


class BrokenFilmError(Exception):
    """What is wrong: `code` is duration, size, checksum, header or decoding."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """Of the one file that head and pieces make."""

    duration: float
    size: int
    crc32c: int


def verify(folder: Path, index: Index, expected: float, *, places: int = 3) -> Verified:
    """`expected`: how many seconds there should be. Raises BrokenFilmError."""
    first, paths = film(folder, index)
    checksum = _checksums(first, paths, index)
    with Joined(first, paths) as joined:
        duration = check(cast("BinaryIO", joined), index, expected, places=places)
        return Verified(duration=duration, size=joined.size, crc32c=checksum)


def check(stream: BinaryIO, index: Index, expected: float, *, places: int = 3) -> float:
    """Without the checksums, for who has compared them already; gives the duration. Raises BrokenFilmError."""
    try:
        duration = _decodes(stream, index, places)
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        raise BrokenFilmError("decoding", f"the film cannot be decoded: {error}") from error
    if abs(duration - expected) > TOLERANCE:
        raise BrokenFilmError("duration", f"the film lasts {duration:.2f} seconds instead of {expected:.2f}")
    return duration


def _checksums(first: bytes, paths: Sequence[Path], index: Index) -> int:
    """Of the whole; those of the pieces are compared on the way."""
    whole = google_crc32c.value(first)
    for path, segment in zip(paths, index.segments, strict=True):
        part, size = 0, 0
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                part, whole = google_crc32c.extend(part, data), google_crc32c.extend(whole, data)
                size += len(data)
        if size != segment.size:
            raise BrokenFilmError("size", f"{path.name} has {size} bytes instead of {segment.size}")
        if part != segment.crc32c:
            raise BrokenFilmError("checksum", f"{path.name} is not as it was written")
    return int(whole)


def _decodes(stream: BinaryIO, index: Index, places: int) -> float:
    """At some places, a picture and a sound of each; gives the duration that players see."""
    with av.open(stream, "r", format="mp4") as container:
        if len(container.streams.video) != 1 or len(container.streams.audio) != 1:
            raise BrokenFilmError("header", "a film has one picture and one sound")
        duration = (container.duration or 0) / av.time_base
        for place in range(places):
            time = index.duration * place / places if place < places - 1 else max(0.0, index.duration - 1)
            for each in (container.streams.video[0], container.streams.audio[0]):
                container.seek(round(time * av.time_base))
                if next(container.decode(each), None) is None:
                    raise BrokenFilmError("decoding", f"nothing can be decoded at {time:.1f} seconds")
    return duration
