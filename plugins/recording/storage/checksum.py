# SPDX-License-Identifier: Apache-2.0
"""CRC-32C of files, and that of joined parts out of theirs, without reading them again.

Appending n bytes to data is a linear map of its CRC over GF(2), the same for all data (as in zlib's crc32_combine).
Maps for powers of two are computed once; one CRC takes microseconds per part then.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import google_crc32c

from podium.plugins.recording.storage.interface import Stored

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, with its bits reversed."""
PIECE = 1024 * 1024

_Map = tuple[int, ...]


def checksum(file: Path) -> tuple[int, int]:
    """Size and CRC of a file as it is now. Raises OSError."""
    crc = size = 0
    with file.open("rb", buffering=0) as stream:
        while piece := stream.read(PIECE):
            crc = google_crc32c.extend(crc, piece)
            size += len(piece)
    return size, crc


def joined(parts: Iterable[Stored], name: str) -> Stored:
    """What these parts make together."""
    size = crc = 0
    for part in parts:
        crc = combine(crc, part.crc32c, part.size)
        size += part.size
    return Stored(name, size, crc)


def combine(first: int, second: int, length: int) -> int:
    """The CRC of data with CRC `first` followed by `length` bytes with CRC `second`."""
    bits = length * 8
    for power in range(bits.bit_length()):
        if bits >> power & 1:
            first = _apply(_zeros(power), first)
    return first ^ second


@cache
def _zeros(power: int) -> _Map:
    """What 2**power zero bits make of a CRC, as the images of its single bits."""
    if power == 0:
        return (POLYNOMIAL, *(1 << bit for bit in range(31)))
    half = _zeros(power - 1)
    return tuple(_apply(half, image) for image in half)


def _apply(images: _Map, value: int) -> int:
    result = 0
    for image in images:
        if not value:
            break
        if value & 1:
            result ^= image
        value >>= 1
    return result
