# SPDX-License-Identifier: Apache-2.0
"""A film of any length out of one whose class repeats itself: pieces once more, later.

A piece says its number and its time in the film; nothing else in it has to be changed.
"""

from pathlib import Path
from struct import pack_into, unpack_from

import google_crc32c
import msgspec

from bench.lesson import CYCLE
from podium.plugins.recording.composer.segments import HEADER, INDEX, Index, Segment, read_index
from podium.plugins.recording.composer.settings import SEGMENT_SECONDS
from podium.plugins.recording.mp4 import boxes, timescales

PIECES = round(CYCLE / SEGMENT_SECONDS)
"""In one cycle of a class."""


def repeat(made: Path, out: Path, pieces: int, *, cycle: int = PIECES) -> None:
    """So many pieces in the folder `out`, of the first cycle that is in the folder `made`."""
    out.mkdir(parents=True)
    header = (made / HEADER).read_bytes()
    (out / HEADER).write_bytes(header)
    index = read_index(made)
    assert index is not None
    assert len(index.segments) >= min(pieces, cycle)
    rates = timescales(header)
    segments = []
    for number in range(pieces):
        first = index.segments[number % cycle]
        data = _moved((made / first.name).read_bytes(), number + 1, round(number // cycle * CYCLE), rates)
        segment = msgspec.structs.replace(
            first, number=number, name=f"{number:06d}.m4s", crc32c=google_crc32c.value(data)
        )
        (out / segment.name).write_bytes(data)
        segments.append(segment)
    _keep(out, index, segments)


def _keep(out: Path, index: Index, segments: list[Segment]) -> None:
    (out / INDEX).write_bytes(
        msgspec.json.encode(msgspec.structs.replace(index, segments=tuple(segments), complete=False))
    )


def _moved(piece: bytes, number: int, seconds: int, rates: dict[int, int]) -> bytes:
    data = bytearray(piece)
    track = 0
    for box in boxes(piece):
        if box.path[-1] == b"mfhd":
            pack_into(">I", data, box.start + 12, number)
        elif box.path[-1] == b"tfhd":
            (track,) = unpack_from(">I", data, box.start + 12)
        elif box.path[-1] == b"tfdt":
            (time,) = unpack_from(">Q", data, box.start + 12)
            pack_into(">Q", data, box.start + 12, time + seconds * rates[track])
    return bytes(data)
