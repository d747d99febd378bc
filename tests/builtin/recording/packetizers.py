# SPDX-License-Identifier: Apache-2.0
"""Encoded pictures as RTP packets: VP8, H.264 and Opus as aiortc packetizes them; VP9 and AV1, which it does not
know, by small packetizers after RFC 9628 and AOMedia's payload format."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from podium.plugins.recording.packets import RtpPacket

SIZE = 160, 120
LARGEST = 300
ENCODERS = {
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "H264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "slice-max-size": "2500"}),
    "VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "AV1": ("libsvtav1", {"preset": "11", "crf": "50", "svtav1-params": "pred-struct=1:lp=1"}),
}


@contextmanager
def priority_kept() -> Iterator[None]:
    """SVT-AV1 gives whoever opens it as root a real-time priority: this process, and all that it starts, for good."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def encoded(codec: str, frames: int = 20, key_every: int = 10) -> "list[av.Packet[av.VideoStream]]":
    """Noise that moves, so that frames need several packets."""
    with priority_kept():
        return _encoded(codec, frames, key_every)


def _encoded(codec: str, frames: int, key_every: int) -> "list[av.Packet[av.VideoStream]]":
    name, options = ENCODERS[codec]
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = SIZE
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 15)
    context.framerate = Fraction(15, 1)
    context.bit_rate = 0 if codec == "AV1" else 400_000
    context.gop_size = key_every
    context.options = options
    noise = np.random.default_rng(1).integers(0, 255, (SIZE[1], SIZE[0] + frames, 3), dtype=np.uint8)
    packets = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(noise[:, number : number + SIZE[0]]), format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    return [*packets, *context.encode(None)]


def vp8_payloads(frame: bytes, number: int) -> list[bytes]:
    payloads: list[bytes] = Vp8Encoder._packetize(frame, number)
    return payloads


def h264_payloads(frame: bytes, _number: int) -> list[bytes]:
    return H264Encoder._packetize(H264Encoder._split_bitstream(frame))


def vp9_payloads(frame: bytes, number: int) -> list[bytes]:
    """RFC 9628 section 4.2, not flexible, one layer; with a scalability structure in key frames."""
    key = not frame[0] & 0x04  # frame marker, two bits of profile, show_existing_frame, then frame_type
    pieces = [frame[start : start + LARGEST] for start in range(0, len(frame), LARGEST)]
    payloads = list[bytes]()
    for index, piece in enumerate(pieces):
        first, last = index == 0, index == len(pieces) - 1
        flags = 0x80 | (0 if key else 0x40) | 0x20 | first << 3 | last << 2 | (key and first) << 1
        picture = (0x8000 | number & 0x7FFF).to_bytes(2, "big")
        layer = bytes([0, number & 0xFF])
        structure = bytes([0x18, 0, SIZE[0], 0, SIZE[1], 1, 0x04, 1]) if key and first else b""
        payloads.append(bytes([flags]) + picture + layer + structure + piece)
    return payloads


def av1_payloads(unit: bytes, _number: int) -> list[bytes]:
    """Section 4.4: every OBU without its size field, all with a length but the last (W=0: each has a length)."""
    obus = [obu for obu in split_obus(unit) if obu[0] >> 3 & 15 != 2]
    new_sequence = any(obu[0] >> 3 & 15 == 1 for obu in obus)
    payloads, current, continues = list[bytes](), b"", False
    for obu in obus:
        rest = obu
        while rest:
            room = LARGEST - len(current)
            piece, rest = rest[:room], rest[room:]
            current += leb128(len(piece)) + piece
            if rest or len(current) >= LARGEST - 20:
                flags = continues << 7 | bool(rest) << 6 | (new_sequence and not payloads) << 3
                payloads.append(bytes([flags]) + current)
                current, continues = b"", bool(rest)
    if current:
        payloads.append(bytes([continues << 7 | (new_sequence and not payloads) << 3]) + current)
    return payloads


def leb128(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 0x7F | 0x80]) + leb128(value >> 7)


def split_obus(unit: bytes) -> Iterator[bytes]:
    """OBUs with their size fields taken off."""
    position = 0
    while position < len(unit):
        header = unit[position : position + (2 if unit[position] & 4 else 1)]
        position += len(header)
        size = shift = 0
        while True:
            size |= (unit[position] & 0x7F) << shift
            shift, position = shift + 7, position + 1
            if unit[position - 1] < 0x80:
                break
        yield bytes([header[0] & ~2]) + header[1:] + unit[position : position + size]
        position += size


PACKETIZERS: dict[str, Callable[[bytes, int], list[bytes]]] = {
    "VP8": vp8_payloads,
    "H264": h264_payloads,
    "VP9": vp9_payloads,
    "AV1": av1_payloads,
}


def rtp_packets(codec: str, frames: Sequence[bytes], sequence: int = 65_500) -> list[RtpPacket]:
    """All of a stream, wrapping around in number and time; 15 frames a second."""
    packets: list[RtpPacket] = []
    for number, frame in enumerate(frames):
        payloads = PACKETIZERS[codec](frame, number)
        timestamp = (2**32 - 6000 + 6000 * number) & 0xFFFFFFFF
        for left, payload in zip(reversed(range(len(payloads))), payloads, strict=True):
            packets.append(RtpPacket(96, left == 0, (sequence + len(packets)) & 0xFFFF, timestamp, 7, payload))
    return packets
