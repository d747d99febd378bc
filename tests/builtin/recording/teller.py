# SPDX-License-Identifier: Apache-2.0
"""Somebody in a room who sends what time it is, by picture and sound, and comes back whenever the host does.

Signaling, ICE, DTLS and SRTP are real. Kept is from when to when something was sent, so that a film can be judged.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
import numpy as np
from websockets.exceptions import WebSocketException

from tests.builtin.recording.packetizers import vp8_payloads
from tests.builtin.recording.told_time import RATE, SIZE, TENTH, picture, sound
from tests.peers import offers
from tests.peers.dtls import Identity
from tests.peers.packets import FullIntraRequest, PictureLoss, RtpPacket, sender_report
from tests.peers.rtp_peer import RtpPeer, pump_peers
from tests.peers.signalling import SignallingError

FRAME = 960
"""Samples in a packet of sound."""
_SINCE_1900 = 2_208_988_800
_HURRY = 0.25
"""Seconds after which what was not sent in time is left out: the machine was too busy for it."""
_NICE = -15


class Span:
    """From when to when something was sent over one connection."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended = began

    def __repr__(self) -> str:
        return f"{self.began:.2f}..{self.ended:.2f}"


class Teller:
    """A context manager. `spans` has what was sent until now, but for the `stalls`."""

    def __init__(self, url: Callable[[], str], session_id: str, name: str = "Ada") -> None:
        """`url` of the signaling, which may change when the host comes back."""
        self._url = url
        self._session_id = session_id
        self._name = name
        self._identity = Identity()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="teller")
        self.spans: list[Span] = []
        self.stalls: list[tuple[float, float]] = []
        self.refusals: list[str] = []
        """Why it was not in the room between."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        self._stopping.set()
        self._thread.join()

    def wait_until_sending(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not self.spans or time.time() - self.spans[-1].ended > 0.3:
            assert time.monotonic() < deadline, self.refusals[-3:]
            time.sleep(0.02)

    def _run(self) -> None:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not self._stopping.is_set():
            try:
                with RtpPeer(
                    self._url(), self._session_id, self._name, audio_slots=0, video_slots=0, identity=self._identity
                ) as peer:
                    self._tell(peer)
            except (OSError, TimeoutError, SignallingError, WebSocketException) as error:
                self.refusals.append(repr(error))
                self._stopping.wait(0.1)

    def _tell(self, peer: RtpPeer) -> None:
        picture_source, sound_source = _Pictures(peer), _Sounds(peer)
        span: Span | None = None
        now = time.time()
        next_sound, next_picture, next_report = _grid(now, FRAME / RATE), _grid(now, TENTH), now + 0.1
        while not self._stopping.is_set() and peer.calls.closed is None:
            now = time.time()
            if span is None:
                span = Span(now)
                self.spans.append(span)
            if now - next_sound > _HURRY:
                self.stalls.append((next_sound, now))
                next_sound, next_picture = _grid(now, FRAME / RATE), _grid(now, TENTH)
            while next_sound <= now:
                sound_source.send(next_sound)
                span.ended = next_sound
                next_sound += FRAME / RATE
            while next_picture <= now:
                picture_source.send(next_picture)
                next_picture += TENTH
            if next_report <= now:
                picture_source.report(now)
                sound_source.report(now)
                next_report += 1.0
            pump_peers([peer], seconds=max(0.0, next_sound - time.time()))


def _grid(time: float, unit: float) -> float:
    """The next moment that is a multiple of this."""
    return (time // unit + 1) * unit


class _Pictures:
    """A camera of 10 pictures a second that sends a key frame whenever it is asked for one."""

    def __init__(self, peer: RtpPeer) -> None:
        self._peer = peer
        self._mid = peer.camera.mid
        self._ssrc = peer.camera.ssrc
        self._number = self._sequence = self._asked = 0
        context = av.CodecContext.create("libvpx", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height = SIZE
        context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 10), Fraction(10)
        context.bit_rate = 300_000
        context.gop_size = 10_000
        context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        self._encoder = context

    def send(self, made: float) -> None:
        planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
        planes[: SIZE[1]] = picture(made)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._number
        asked = sum(isinstance(each, PictureLoss | FullIntraRequest) for each in self._peer.transport.rtcp)
        if asked != self._asked:
            self._asked = asked
            frame.pict_type = av.video.frame.PictureType.I
        for packet in self._encoder.encode(frame):
            payloads = vp8_payloads(bytes(packet), self._number)
            for index, payload in enumerate(payloads):
                self._send(payload, made, last=index == len(payloads) - 1)
        self._number += 1

    def _send(self, payload: bytes, made: float, *, last: bool) -> None:
        extensions = {offers.MID: self._mid.encode()}
        timestamp = round(made * 90_000) & 0xFFFFFFFF
        self._peer.send(
            RtpPacket(offers.VP8, self._sequence & 0xFFFF, timestamp, self._ssrc, payload, last, extensions=extensions)
        )
        self._sequence += 1

    def report(self, now: float) -> None:
        _report(self._peer, self._ssrc, now, 90_000)


class _Sounds:
    """A microphone."""

    def __init__(self, peer: RtpPeer) -> None:
        self._peer = peer
        self._mid = peer.microphone.mid
        self._ssrc = peer.microphone.ssrc
        self._sequence = 0
        context = av.CodecContext.create("libopus", "w")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate, context.layout, context.format = RATE, "mono", "flt"
        context.bit_rate = 48_000
        self._encoder = context

    def send(self, made: float) -> None:
        frame = av.AudioFrame.from_ndarray(sound(made, FRAME)[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sequence * FRAME, Fraction(1, RATE)
        for packet in self._encoder.encode(frame):
            extensions = {offers.MID: self._mid.encode(), offers.AUDIO_LEVEL: bytes([0x80 | 12])}
            timestamp = round(made * RATE) & 0xFFFFFFFF
            self._peer.send(
                RtpPacket(
                    offers.OPUS, self._sequence & 0xFFFF, timestamp, self._ssrc, bytes(packet), extensions=extensions
                )
            )
            self._sequence += 1

    def report(self, now: float) -> None:
        _report(self._peer, self._ssrc, now, RATE)


def _report(peer: RtpPeer, ssrc: int, now: float, rate: int) -> None:
    ntp = int((now + _SINCE_1900) * (1 << 32))
    peer.transport.send_rtcp(sender_report(ssrc, ntp, round(now * rate) & 0xFFFFFFFF))
