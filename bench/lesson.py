# SPDX-License-Identifier: Apache-2.0
"""A class of any length, captured in a moment: a few seconds of pictures and voices, encoded once and sent again.

Three people with cameras speak in turns, and one of them shares a screen for a third of the time. What is repeated
begins with a key frame, so every repetition can be decoded; sequence numbers, timestamps and arrivals go on.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path

import av
import numpy as np

from podium.core import ParticipantView
from podium.plugins.recording.packets import RtpPacket
from podium.plugins.recording.writing import Disk
from tests.builtin.recording.filming import NTP, RATE, Drawing, Gray, opus_packets, slide, texture
from tests.builtin.recording.packetizers import vp8_payloads
from tests.builtin.recording.stand_ins import CAMERA, MICROPHONE, SCREEN, FakeTap, Studio

VISIT = 0.2
LATENCY = 0.03
REPORT_EVERY = 1.0
CYCLE = 600.0
"""After so many seconds everything happens again."""

_LOOP = 10
_SHARED = (0.3, 0.65)
"""Of each cycle, the part in which a screen is shared."""


@dataclass(frozen=True, eq=False)
class Loop:
    """Encoded frames of some seconds."""

    frames: list[bytes]
    rate: float


@dataclass(frozen=True)
class Pictures:
    """How a camera or screen sends."""

    size: tuple[int, int] = (640, 360)
    rate: int = 30
    bit_rate: int = 600_000


FACE = Pictures()
TILE = Pictures((320, 180), 15, 150_000)
SLIDES = Pictures((1280, 720), 5, 600_000)


def face(seed: int, size: tuple[int, int]) -> Drawing:
    """Something that moves before a wall, with a sensor's noise over it; it comes round after ten seconds."""
    noise = np.random.default_rng(seed).normal(0, 1.5, (8, size[1], size[0]))
    wall, head = texture(seed, size), texture(seed + 100, size)
    rows, columns = slice(size[1] // 4, size[1]), slice(size[0] // 3, size[0] * 2 // 3)

    def draw(time: float) -> Gray:
        sway = round(20 * np.sin(2 * np.pi * time / _LOOP)), round(12 * np.sin(4 * np.pi * time / _LOOP))
        picture = wall + noise[round(time * 30) % 8]
        picture[rows, columns] += np.roll(head, sway, (1, 0))[rows, columns] - 128.0
        seen: Gray = np.clip(picture, 16, 235).astype(np.uint8)
        return seen

    return draw


def slides(seed: int, size: tuple[int, int]) -> Drawing:
    """Another one each five seconds."""
    shown = [slide(f"Page {seed + number}: what the board says", size) for number in range(2)]
    return lambda time: shown[int(time // 5) % 2](time)


@cache
def pictures(seed: int, how: Pictures, draw: str = "face") -> Loop:
    """Encoded as browsers do, in real time and at a rate."""
    drawing = (slides if draw == "slides" else face)(seed, how.size)
    drawn = [drawing(number / how.rate) for number in range(_LOOP * how.rate)]
    return Loop(_vp8(drawn, how), how.rate)


@cache
def voice(seed: int) -> Loop:
    """Syllables of a hum with overtones."""
    moments = np.arange(_LOOP * RATE) / RATE
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * moments + seed), 0, 1)
    pitch = 110 + 40 * seed
    hum = sum(np.sin(2 * np.pi * pitch * each * moments) / each for each in range(1, 12))
    return Loop([data for _, data in opus_packets((0.12 * syllables * hum).astype(np.float32))], 50)


@cache
def silence() -> Loop:
    """A room in which nothing is said."""
    hiss = np.random.default_rng(0).normal(0, 0.0005, _LOOP * RATE)
    return Loop([data for _, data in opus_packets(hiss.astype(np.float32))], 50)


def _vp8(drawn: list[Gray], how: Pictures) -> list[bytes]:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = how.size
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = Fraction(1, how.rate), Fraction(how.rate)
    context.bit_rate = how.bit_rate
    context.gop_size = 10 * len(drawn)
    context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets: list[av.Packet[av.VideoStream]] = []
    for number, picture in enumerate(drawn):
        planes = np.full((how.size[1] * 3 // 2, how.size[0]), 128, np.uint8)
        planes[: how.size[1]] = picture
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(packet) for packet in (*packets, *context.encode(None))]


@dataclass
class Sender:
    """One track on its way into its tap."""

    tap: FakeTap
    loop: Loop
    ssrc: int
    clock_rate: int
    start: float
    """When it began, on the clock of taps."""
    number: int = 0
    sequence: int = 0
    reported: float = field(default=-REPORT_EVERY)

    def send(self, until: float) -> None:
        """What is sent before this time."""
        while (made := self.start + self.number / self.loop.rate) < until:
            timestamp = round((made - self.start) * self.clock_rate) & 0xFFFFFFFF
            payloads = self._payloads(self.loop.frames[self.number % len(self.loop.frames)])
            for left, payload in zip(reversed(range(len(payloads))), payloads, strict=True):
                kind = 111 if self.clock_rate == RATE else 96
                packet = RtpPacket(kind, left == 0, self.sequence & 0xFFFF, timestamp, self.ssrc, payload)
                self.tap.put_rtp(made + LATENCY, packet)
                self.sequence += 1
            if made - self.reported >= REPORT_EVERY:
                self.reported = made
                self.tap.put_report(made + LATENCY, self.ssrc, NTP + made, timestamp)
            self.number += 1

    def _payloads(self, frame: bytes) -> list[bytes]:
        return [frame] if self.clock_rate == RATE else vp8_payloads(frame, self.number & 0x7FFF)


class _Unsynced(Disk):
    """This class can be made again."""

    def sync(self, file: int) -> None:
        pass


@dataclass
class _Speaker:
    view: ParticipantView
    camera: Sender
    microphone: Sender
    voice: Loop


class Lesson:
    """A class that is captured as fast as packets can be made. `captured` is the folder of the recording."""

    def __init__(self, folder: Path, speakers: int = 3) -> None:
        self.studio = Studio(folder, disk=_Unsynced(), queue_limit=1 << 30)
        self.captured = self.studio.folder
        self._start = self.studio.now
        self._ssrcs = count(1000)
        self._random = random.Random(1)
        self._cycle = 0.0
        self._turn_ends = 0.0
        self._screen: Sender | None = None
        self._speakers = [self._join(number) for number in range(speakers)]

    def teach(self, minutes: float) -> Iterator[float]:
        """Seconds that are captured, now and then; to be exhausted."""
        for step in range(round(minutes * 60 / VISIT)):
            time = step * VISIT
            if time >= self._turn_ends:
                self._turn(time)
            self._share(_SHARED[0] <= time / CYCLE % 1 < _SHARED[1])
            for sender in self._senders():
                sender.send(self._start + time + VISIT - LATENCY)
            self.studio.visit(VISIT)
            if step % 5 == 0:
                self.studio.capturing.tend()
                yield time
        self.studio.finish()

    def _join(self, number: int) -> _Speaker:
        role = "instructor" if number == 0 else "student"
        view = ParticipantView(participant_id=f"p{number}", display_name=f"Participant {number}", role=role)
        self.studio.capture.participant_joined(view)
        camera, microphone = self.studio.publish(CAMERA, MICROPHONE, by=view)
        return _Speaker(
            view, self._sender(camera, pictures(number, FACE)), self._sender(microphone, silence()), voice(number)
        )

    def _sender(self, tap: FakeTap, loop: Loop) -> Sender:
        rate = RATE if tap.kind == "audio" else 90_000
        return Sender(tap, loop, next(self._ssrcs), rate, self.studio.now)

    def _senders(self) -> Iterator[Sender]:
        for speaker in self._speakers:
            yield from (speaker.camera, speaker.microphone)
        if self._screen is not None:
            yield self._screen

    def _turn(self, time: float) -> None:
        """The same turns in each ten minutes."""
        if time // CYCLE != self._cycle:
            self._cycle, self._random = time // CYCLE, random.Random(1)
        speaking = self._random.choice(self._speakers)
        for speaker in self._speakers:
            speaker.microphone.loop = speaker.voice if speaker is speaking else silence()
        self.studio.capture.speaking(speaking.view.participant_id)
        self._turn_ends = min(time + self._random.uniform(3, 25), (self._cycle + 1) * CYCLE)

    def _share(self, shared: bool) -> None:
        teacher = self._speakers[0].view
        if shared and self._screen is None:
            (tap,) = self.studio.publish(SCREEN, by=teacher)
            self._screen = self._sender(tap, pictures(0, SLIDES, "slides"))
        elif not shared and self._screen is not None:
            self.studio.capture.track_unpublished(teacher.participant_id, SCREEN)
            self._screen = None
