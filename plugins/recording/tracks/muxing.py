# SPDX-License-Identifier: Apache-2.0
"""One track in one file: WebM, or Matroska for H.264. Times are seconds of the film.

Sound has silence where there is none, so that it is as long as its times say. Pictures last until the next one.
"""

from fractions import Fraction
from pathlib import Path
from typing import final

import av

from podium.plugins.recording.depacketize.opus import duration_untrusted
from podium.plugins.recording.tracks.probing import Shape
from podium.plugins.recording.tracks.silence import SHORTEST, silence

RATE = 48_000
AHEAD = 312
"""Samples by which an Opus decoder's sound is late (RFC 7845 section 4.2); players leave them out at the beginning."""
_GAP = 480
_LAST = 0.04
_OPTIONS = {"fflags": "+bitexact"}
"""The same again is the same file: else each has a random number in it."""
_MILLISECOND = Fraction(1, 1000)


@final
class PictureFile:
    """Of one shape."""

    def __init__(self, path: Path, shape: Shape, like: av.VideoStream) -> None:
        self.shape = shape
        self.frames = 0
        self._file = path.open("wb")
        self._container = av.open(self._file, "w", format=format_of(shape.codec), options=_OPTIONS)
        self._stream = self._container.add_stream_from_template(like, opaque=True)
        self._first = self._last = -1

    @property
    def begins(self) -> float:
        return max(0, self._first) / 1000

    @property
    def end(self) -> float:
        """When the last picture was there for sure."""
        return self._last / 1000 + _LAST

    @property
    def free_from(self) -> float:
        """What comes earlier does not fit behind what is there."""
        return self._last / 1000

    def add(self, data: bytes, time: float, *, key: bool) -> bool:
        """Several of the same time are a millisecond apart. Whether it could be added; what is damaged cannot."""
        at = max(round(time * 1000), self._last + 1)
        packet = av.Packet(data)
        packet.stream, packet.time_base = self._stream, _MILLISECOND
        packet.pts = packet.dts = at
        packet.is_keyframe = key
        try:
            self._container.mux_one(packet)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            return False
        if not self.frames:
            self._first = at
        self._last = at
        self.frames += 1
        return True

    def close(self) -> None:
        try:
            self._container.close()
        finally:
            self._file.close()


@final
class SoundFile:
    """Opus."""

    def __init__(self, path: Path) -> None:
        self.shape = Shape("opus")
        self.frames = 0
        self._file = path.open("wb")
        self._container = av.open(self._file, "w", format=format_of("opus"), options=_OPTIONS)
        self._stream = self._container.add_stream("libopus", rate=RATE, layout="stereo")
        self._first = 0
        self._end = 0
        self._samples = 0

    @property
    def begins(self) -> float:
        return self._first / RATE

    @property
    def end(self) -> float:
        return self._end / RATE

    @property
    def free_from(self) -> float:
        """What comes earlier does not fit behind what is there."""
        return self._end / RATE

    def add(self, data: bytes, time: float) -> None:
        """What overlaps with what is there by more than half is left out."""
        at, length = round(time * RATE), duration_untrusted(data)
        if self._end - at > length // 2:
            return
        if at - self._end >= _GAP:
            self._fill(at)
        if not self.frames:
            self._first = at
        self._put(data, max(at, self._end), length)
        self._end = max(at, self._end) + length
        self.frames += 1

    def _fill(self, until: int) -> None:
        """As much as makes all samples up to there as many as they should be."""
        packets = silence(until - self._samples + SHORTEST // 2)
        for number, (length, data) in enumerate(packets):
            self._put(data, self._end + (until - self._end) * number // len(packets), length)

    def _put(self, data: bytes, at: int, length: int) -> None:
        packet = av.Packet(data)
        packet.stream, packet.time_base = self._stream, Fraction(1, RATE)
        packet.pts = packet.dts = at - AHEAD
        packet.duration, packet.is_keyframe = length, True
        self._container.mux_one(packet)
        self._samples += length

    def close(self) -> None:
        try:
            self._container.close()
        finally:
            self._file.close()


TrackFile = PictureFile | SoundFile


def format_of(codec: str) -> str:
    """WebM has no H.264."""
    return "matroska" if codec == "h264" else "webm"


SUFFIXES = (".webm", ".mkv")


def suffix_of(codec: str) -> str:
    return SUFFIXES[codec == "h264"]
