# SPDX-License-Identifier: Apache-2.0
"""A class to make a film of: people with moving test pictures and tones, encoded as browsers would and captured."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from podium.core import ParticipantView
from podium.plugins.recording.packets import RtpPacket
from tests.builtin.recording.packetizers import vp8_payloads
from tests.builtin.recording.stand_ins import CAMERA, MICROPHONE, SCREEN, FakeTap, Studio

Gray = npt.NDArray[np.uint8]
Drawing = Callable[[float], Gray]
Sound = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
RATE = 48_000
NTP = 5e8
"""What senders' clocks say when the class begins."""


def texture(seed: int, size: tuple[int, int] = (160, 120)) -> Gray:
    """Blobs that no other seed gives."""
    columns, rows = size[0] // 20, size[1] // 20
    small = np.random.default_rng(seed).integers(40, 200, (rows, columns), dtype=np.uint8)
    return np.kron(small, np.ones((20, 20), np.uint8))


def moving(seed: int, flash: tuple[float, float] | None = None, size: tuple[int, int] = (160, 120)) -> Drawing:
    """Blobs that move to the right, 20 pixels a second; white during the flash."""
    blobs = texture(seed, size)

    def draw(time: float) -> Gray:
        if flash is not None and flash[0] <= time < flash[1]:
            return np.full_like(blobs, 235)
        return np.roll(blobs, round(time * 20), 1)

    return draw


def slide(text: str, size: tuple[int, int] = (640, 360)) -> Drawing:
    image = Image.new("L", size, 230)
    draw = ImageDraw.Draw(image)
    for row in range(8):
        draw.text((20, 20 + row * 40), f"{row} {text}", fill=20, font=ImageFont.load_default(24))
    return lambda _time: np.asarray(image)


def tone(frequency: float, *, times: Iterable[tuple[float, float]], level: float = 0.2) -> Sound:
    spans = list(times)

    def sound(moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        on = np.zeros(len(moments), bool)
        for start, end in spans:
            on |= (moments >= start) & (moments < end)
        return np.where(on, level * np.sin(2 * np.pi * frequency * moments), 0.0)

    return sound


class Filming:
    """Puts what people send into a studio's taps. Times are seconds of the class."""

    def __init__(self, folder: Path) -> None:
        self.studio = Studio(folder)
        self.start = self.studio.now
        self._ssrc = 100

    def now(self, time: float) -> None:
        """Go on to this time."""
        while self.start + time - self.studio.now > 1e-6:
            self.studio.visit(min(1.0, self.start + time - self.studio.now))

    def camera(self, who: ParticipantView, drawing: Drawing, span: tuple[float, float], delay: float = 0.03) -> None:
        (tap,) = self.studio.publish(CAMERA, by=who)
        self._pictures(tap, drawing, span, 15, delay)

    def screen(self, who: ParticipantView, drawing: Drawing, span: tuple[float, float]) -> None:
        (tap,) = self.studio.publish(SCREEN, by=who)
        self._pictures(tap, drawing, span, 5, 0.03)

    def microphone(self, who: ParticipantView, sound: Sound, span: tuple[float, float], delay: float = 0.03) -> None:
        (tap,) = self.studio.publish(MICROPHONE, by=who)
        self._ssrc += 1
        moments = np.arange(round(span[0] * RATE), round(span[1] * RATE)) / RATE
        for number, (time, data) in enumerate(opus_packets(sound(moments).astype(np.float32))):
            made = span[0] + time
            timestamp = round(made * RATE) & 0xFFFFFFFF
            tap.put_rtp(self.start + made + delay, RtpPacket(111, False, number & 0xFFFF, timestamp, self._ssrc, data))
            if number % 50 == 5:
                tap.put_report(self.start + made + 0.03, self._ssrc, NTP + made, timestamp)

    def _pictures(self, tap: FakeTap, drawing: Drawing, span: tuple[float, float], rate: int, delay: float) -> None:
        self._ssrc += 1
        times = [span[0] + number / rate for number in range(round((span[1] - span[0]) * rate))]
        sequence = 0
        for number, (made, data) in enumerate(
            zip(times, vp8_frames([drawing(each) for each in times], rate), strict=True)
        ):
            timestamp = round(made * 90_000) & 0xFFFFFFFF
            payloads = vp8_payloads(data, number)
            for index, payload in enumerate(payloads):
                last = index == len(payloads) - 1
                tap.put_rtp(
                    self.start + made + delay,
                    RtpPacket(96, last, sequence & 0xFFFF, timestamp, self._ssrc, payload),
                )
                sequence += 1
            if number % rate == 3:
                tap.put_report(self.start + made + 0.03, self._ssrc, NTP + made, timestamp)


def vp8_frames(pictures: list[Gray], rate: int) -> list[bytes]:
    height, width = pictures[0].shape
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, rate), Fraction(rate)
    context.bit_rate = 1_500_000
    context.gop_size = 5 * rate
    context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets: list[av.Packet[av.VideoStream]] = []
    for number, picture in enumerate(pictures):
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = picture
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(packet) for packet in (*packets, *context.encode(None))]


def opus_packets(sound: npt.NDArray[np.float32]) -> list[tuple[float, bytes]]:
    """When each begins, and its bytes."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = RATE, "mono", "flt"
    context.bit_rate = 48_000
    packets: list[av.Packet[av.AudioStream]] = []
    for position in range(0, len(sound) - 959, 960):
        frame = av.AudioFrame.from_ndarray(sound[None, position : position + 960], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
        packets += context.encode(frame)
    return [(number * 0.02, bytes(packet)) for number, packet in enumerate(packets)]
