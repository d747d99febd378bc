# SPDX-License-Identifier: Apache-2.0
"""What a container has to say of a picture: its size, and what decoders want to know before the first frame.

FFmpeg finds it out from a key frame, of which one is put into an IVF file in memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from struct import pack
from typing import NamedTuple

import av

from podium.plugins.recording.reading import Frame

_CODES = {"vp8": b"VP80", "vp9": b"VP90", "h264": b"H264", "av1": b"AV01"}
_MOST_SIDE = 8192


class Shape(NamedTuple):
    """What is the same in all frames of a file."""

    codec: str
    width: int = 0
    height: int = 0
    profile: str = ""


@contextmanager
def probed(frame: Frame) -> Iterator[tuple[Shape, av.VideoStream] | None]:
    """A stream to make others like it, as long as the context lasts; None when it cannot be shown."""
    code = _CODES.get(frame.codec)
    if code is None:
        yield None
        return
    head = pack("<4sHH4sHHIIII", b"DKIF", 0, 32, code, 0, 0, 1000, 1, 1, 0)
    try:
        container = av.open(BytesIO(head + pack("<IQ", len(frame.data), 0) + frame.data), "r", format="ivf")
    except (av.error.FFmpegError, ValueError):
        yield None
        return
    with container:
        stream = container.streams.video[0]
        shape = Shape(frame.codec, stream.width, stream.height, stream.profile or "")
        yield (shape, stream) if min(shape[1:3]) > 0 and max(shape[1:3]) <= _MOST_SIDE else None
