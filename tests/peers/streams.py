# SPDX-License-Identifier: Apache-2.0
"""Synthetic RTP streams: each packet's body is unique and remembered, so a test can tell what a receiver was sent.

Video is VP8 whose frames cannot be decoded; audio is opaque. Nothing is sent from here: a stream makes packets.
"""

import hashlib
from dataclasses import dataclass, field
from itertools import count

from tests.peers import offers
from tests.peers.packets import RtpPacket
from tests.peers.vp8 import Vp8Payload, frame_header

VIDEO_STEP = 3000
AUDIO_STEP = 960


def _filler(name: str, number: int, size: int) -> bytes:
    """Bytes that say where they are from, the same in every run."""
    label = f"{name}/{number}/".encode()
    return (label + hashlib.shake_128(label).digest(max(0, size)))[: max(size, len(label))]


@dataclass
class VideoStream:
    """A VP8 stream. `sent` maps the bytes behind the payload descriptor to the packet they were sent in."""

    name: str
    ssrc: int
    mid: str = ""
    rid: str = ""
    width: int = 320
    height: int = 240
    payload_type: int = offers.VP8
    sequence: int = 1000
    timestamp: int = 500_000
    picture_id: int = 100
    tl0picidx: int = 10
    sent: dict[bytes, RtpPacket] = field(default_factory=dict)
    _numbers: count = field(default_factory=count, repr=False)  # type: ignore[type-arg]  # count is not generic at run time

    def frame(self, *, key: bool = False, packets: int = 3, size: int = 1000) -> list[RtpPacket]:
        """The packets of the next frame."""
        made = [self._packet(index, packets, key, size) for index in range(packets)]
        self.timestamp = (self.timestamp + VIDEO_STEP) & 0xFFFFFFFF
        self.picture_id = (self.picture_id + 1) & 0x7FFF
        self.tl0picidx = (self.tl0picidx + 1) & 0xFF
        return made

    def _packet(self, index: int, packets: int, key: bool, size: int) -> RtpPacket:
        header = frame_header(key=key, width=self.width, height=self.height) if index == 0 else b""
        body = header + _filler(self.name, next(self._numbers), size - len(header))
        payload = Vp8Payload(body, index == 0, self.picture_id, self.tl0picidx, temporal_layer=0)
        extensions = {offers.MID: self.mid.encode()} if self.mid else {}
        if self.rid:
            extensions[offers.RID] = self.rid.encode()
        packet = RtpPacket(
            self.payload_type,
            self.sequence,
            self.timestamp,
            self.ssrc,
            bytes(payload),
            marker=index == packets - 1,
            extensions=extensions,
        )
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent[body] = packet
        return packet


@dataclass
class AudioStream:
    """Opaque 20 ms packets with the audio level (RFC 6464) that a test wants. `sent` is keyed by payload."""

    name: str
    ssrc: int
    mid: str = ""
    payload_type: int = offers.OPUS
    sequence: int = 2000
    timestamp: int = 700_000
    sent: dict[bytes, RtpPacket] = field(default_factory=dict)
    _numbers: count = field(default_factory=count, repr=False)  # type: ignore[type-arg]  # count is not generic at run time

    def packet(self, *, level: int = 20, voice: bool = True, size: int = 80) -> RtpPacket:
        """The next packet; `level` is -dBov: 0 is the loudest, 127 silence."""
        extensions = {offers.AUDIO_LEVEL: bytes([voice << 7 | level])}
        if self.mid:
            extensions[offers.MID] = self.mid.encode()
        payload = _filler(self.name, next(self._numbers), size)
        packet = RtpPacket(self.payload_type, self.sequence, self.timestamp, self.ssrc, payload, extensions=extensions)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + AUDIO_STEP) & 0xFFFFFFFF
        self.sent[payload] = packet
        return packet
