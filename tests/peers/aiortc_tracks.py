# SPDX-License-Identifier: Apache-2.0
"""What an aiortc peer publishes and how it watches what it gets: a loud tone, a moving picture, and counters."""

import asyncio
import fractions
import math
import time
from array import array
from dataclasses import dataclass

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

AUDIO_RATE = 48000
AUDIO_SAMPLES = 960
VIDEO_CLOCK = 90000


class Tone(MediaStreamTrack):
    """A sine tone in 20 ms frames, at half of full scale; `amplitude` may be changed while it plays."""

    kind = "audio"

    def __init__(self, frequency: float = 440.0, amplitude: float = 0.5) -> None:
        super().__init__()
        self.frequency = frequency
        self.amplitude = amplitude
        self._position = 0
        self._started = 0.0

    async def recv(self) -> AudioFrame:
        await self._pace()
        step = 2 * math.pi * self.frequency / AUDIO_RATE
        peak = 32767 * self.amplitude
        samples = array("h", (int(peak * math.sin(step * (self._position + n))) for n in range(AUDIO_SAMPLES)))
        frame = AudioFrame(format="s16", layout="mono", samples=AUDIO_SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = AUDIO_RATE
        frame.pts = self._position
        frame.time_base = fractions.Fraction(1, AUDIO_RATE)
        self._position += AUDIO_SAMPLES
        return frame

    async def _pace(self) -> None:
        if self.readyState != "live":
            raise MediaStreamError
        self._started = self._started or time.monotonic()
        await asyncio.sleep(max(0.0, self._started + self._position / AUDIO_RATE - time.monotonic()))


class MovingPicture(MediaStreamTrack):
    """A bright square that wanders over a background; the background's luma tells whose picture it is."""

    kind = "video"

    def __init__(self, background: int = 60, *, width: int = 320, height: int = 240, rate: int = 15) -> None:
        super().__init__()
        self.background = background
        self.width, self.height, self.rate = width, height, rate
        self._number = 0
        self._started = 0.0

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._started = self._started or time.monotonic()
        await asyncio.sleep(max(0.0, self._started + self._number / self.rate - time.monotonic()))
        frame = VideoFrame(self.width, self.height, "yuv420p")
        luma, *chroma = frame.planes
        luma.update(self._luma(luma.line_size))
        for plane in chroma:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts = self._number * VIDEO_CLOCK // self.rate
        frame.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        self._number += 1
        return frame

    def _luma(self, line_size: int) -> bytes:
        side = self.height // 4
        left = 4 * self._number % (self.width - side)
        plain = bytes([self.background]) * line_size
        marked = plain[:left] + b"\xe0" * side + plain[left + side :]
        top = self.height // 2
        return plain * top + marked * side + plain * (self.height - top - side)


@dataclass(frozen=True)
class Watched:
    """What has been decoded of one received track so far."""

    frames: int = 0
    width: int = 0
    height: int = 0
    background: int = 0
    level: float = 0.0
    last: float = 0.0


class Watcher:
    """Reads a received track to its end and keeps count."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.track = track
        self.seen = Watched()

    async def run(self) -> None:
        while True:
            try:
                frame = await self.track.recv()
            except MediaStreamError:
                return
            self.seen = self._after(frame)

    def _after(self, frame: object) -> Watched:
        count, now = self.seen.frames + 1, time.monotonic()
        if isinstance(frame, VideoFrame):
            corner = bytes(frame.planes[0])[frame.planes[0].line_size * 4 + 4]
            return Watched(count, frame.width, frame.height, corner, last=now)
        assert isinstance(frame, AudioFrame)
        return Watched(count, level=_level(frame), last=now)


def _level(frame: AudioFrame) -> float:
    """Root mean square of the first channel's samples, 0 to 1."""
    samples = array("h", bytes(frame.planes[0])[: 2 * frame.samples])
    return math.sqrt(sum(sample * sample for sample in samples) / max(1, len(samples))) / 32768
