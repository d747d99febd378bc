# SPDX-License-Identifier: Apache-2.0
"""RTP and RTCP packets for the synthetic peer: plain, complete enough for tests and independent of podium's parsers.

RTP: RFC 3550 section 5.1 with header extensions of both forms (RFC 8285). RTCP: RFC 3550 section 6, feedback of RFC
4585, RFC 5104 and draft-holmer-rmcat-transport-wide-cc-extensions-01. RTX: RFC 4588 section 4.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from struct import pack, unpack_from

RTCP_SENDER_REPORT = 200
RTCP_RECEIVER_REPORT = 201
RTCP_SOURCE_DESCRIPTION = 202
RTCP_BYE = 203
RTCP_TRANSPORT_FEEDBACK = 205
RTCP_PAYLOAD_FEEDBACK = 206


def is_rtcp(datagram: bytes) -> bool:
    """Whether a datagram of the RTP range is RTCP (RFC 5761 section 4)."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


@dataclass(frozen=True)
class RtpPacket:
    """One RTP packet; `arrival` is the local time it was received at."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrc: tuple[int, ...] = ()
    extensions: Mapping[int, bytes] = field(default_factory=dict)
    padding: int = 0
    arrival: float = 0.0

    def __bytes__(self) -> bytes:
        extension = _pack_extensions(self.extensions)
        first = 0x80 | bool(self.padding) << 5 | bool(extension) << 4 | len(self.csrc)
        header = pack(
            "!BBHII", first, self.marker << 7 | self.payload_type, self.sequence, self.timestamp & 0xFFFFFFFF, self.ssrc
        )
        padding = bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b""
        return header + b"".join(pack("!I", csrc) for csrc in self.csrc) + extension + self.payload + padding

    @classmethod
    def parse(cls, data: bytes, arrival: float = 0.0) -> "RtpPacket":
        """Read a packet; ValueError or struct.error if it is not one."""
        first, second, sequence, timestamp, ssrc = unpack_from("!BBHII", data)
        if first >> 6 != 2:
            raise ValueError(f"RTP version {first >> 6}")
        position = 12 + 4 * (first & 15)
        csrc = unpack_from(f"!{first & 15}I", data, 12)
        extensions: dict[int, bytes] = {}
        if first & 0x10:
            profile, words = unpack_from("!HH", data, position)
            extensions = dict(_unpack_extensions(profile, data[position + 4 : position + 4 + 4 * words]))
            position += 4 + 4 * words
        padding = data[-1] if first & 0x20 else 0
        if position + padding > len(data):
            raise ValueError("RTP header longer than its packet")
        payload = data[position : len(data) - padding]
        return cls(
            second & 127, sequence, timestamp, ssrc, payload, bool(second >> 7), csrc, extensions, padding, arrival
        )

    def wrap_rtx(self, payload_type: int, ssrc: int, sequence: int) -> "RtpPacket":
        """The same packet as a retransmission on its own stream."""
        payload = pack("!H", self.sequence) + self.payload
        return replace(self, payload_type=payload_type, ssrc=ssrc, sequence=sequence, payload=payload)

    def unwrap_rtx(self, payload_type: int, ssrc: int) -> "RtpPacket":
        """The packet that this retransmission carries."""
        (sequence,) = unpack_from("!H", self.payload)
        return replace(self, payload_type=payload_type, ssrc=ssrc, sequence=sequence, payload=self.payload[2:])


def _pack_extensions(extensions: Mapping[int, bytes]) -> bytes:
    """The extension block: one-byte form where all elements fit it, else the two-byte form."""
    if not extensions:
        return b""
    short = all(0 < key < 15 and 0 < len(value) <= 16 for key, value in extensions.items())
    body = b"".join(
        (bytes([key << 4 | len(value) - 1]) if short else bytes([key, len(value)])) + value
        for key, value in extensions.items()
    )
    body += bytes(-len(body) % 4)
    return pack("!HH", 0xBEDE if short else 0x1000, len(body) // 4) + body


def _unpack_extensions(profile: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    one_byte = profile == 0xBEDE
    position = 0
    while position < len(body):
        if body[position] == 0:
            position += 1
            continue
        if one_byte:
            identifier, length = body[position] >> 4, (body[position] & 15) + 1
            position += 1
            if identifier == 15:
                return
        else:
            identifier, length = unpack_from("!BB", body, position)
            position += 2
        yield identifier, body[position : position + length]
        position += length


@dataclass(frozen=True)
class ReportBlock:
    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True)
class SenderReport:
    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()
    arrival: float = 0.0

    @property
    def seconds(self) -> float:
        """The NTP timestamp in seconds (since 1900)."""
        return self.ntp / 2**32


@dataclass(frozen=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...]
    arrival: float = 0.0


@dataclass(frozen=True)
class Nack:
    ssrc: int
    media_ssrc: int
    lost: tuple[int, ...]
    arrival: float = 0.0


@dataclass(frozen=True)
class TransportFeedback:
    """Transport-wide feedback: from `base` on, what was received and when (in microseconds)."""

    ssrc: int
    media_ssrc: int
    base: int
    count: int
    reference_time: int
    feedback_count: int
    received: tuple[bool, ...]
    deltas: tuple[int, ...]
    arrival: float = 0.0


@dataclass(frozen=True)
class PictureLoss:
    ssrc: int
    media_ssrc: int
    arrival: float = 0.0


@dataclass(frozen=True)
class FullIntraRequest:
    ssrc: int
    media_ssrc: int
    command: int
    arrival: float = 0.0


@dataclass(frozen=True)
class Bye:
    ssrcs: tuple[int, ...]
    arrival: float = 0.0


@dataclass(frozen=True)
class Other:
    """An RTCP packet that tests do not look into."""

    packet_type: int
    count: int
    body: bytes
    arrival: float = 0.0


Rtcp = SenderReport | ReceiverReport | Nack | TransportFeedback | PictureLoss | FullIntraRequest | Bye | Other


def parse_rtcp(data: bytes, arrival: float = 0.0) -> list[Rtcp]:
    """The packets of a compound (or reduced-size) datagram; ValueError or struct.error if it is malformed."""
    found: list[Rtcp] = []
    position = 0
    while position < len(data):
        first, packet_type, words = unpack_from("!BBH", data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise ValueError("malformed RTCP")
        found.append(_parse_one(first & 31, packet_type, data[position + 4 : end], arrival))
        position = end
    return found


def _parse_one(count: int, packet_type: int, body: bytes, arrival: float) -> Rtcp:
    if packet_type == RTCP_SENDER_REPORT:
        ssrc, ntp, rtp, packets, octets = unpack_from("!IQIII", body)
        return SenderReport(ssrc, ntp, rtp, packets, octets, _parse_blocks(count, body[24:]), arrival)
    if packet_type == RTCP_RECEIVER_REPORT:
        return ReceiverReport(unpack_from("!I", body)[0], _parse_blocks(count, body[4:]), arrival)
    if packet_type == RTCP_BYE:
        return Bye(unpack_from(f"!{count}I", body), arrival)
    if packet_type == RTCP_TRANSPORT_FEEDBACK and count == 1:
        ssrc, media = unpack_from("!II", body)
        return Nack(ssrc, media, tuple(_nacked(body[8:])), arrival)
    if packet_type == RTCP_TRANSPORT_FEEDBACK and count == 15:
        return _parse_transport_feedback(body, arrival)
    if packet_type == RTCP_PAYLOAD_FEEDBACK and count == 1:
        ssrc, media = unpack_from("!II", body)
        return PictureLoss(ssrc, media, arrival)
    if packet_type == RTCP_PAYLOAD_FEEDBACK and count == 4:
        ssrc, _, media, command = unpack_from("!IIIB", body)
        return FullIntraRequest(ssrc, media, command, arrival)
    return Other(packet_type, count, body, arrival)


def _parse_blocks(count: int, body: bytes) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, lost, highest, jitter, last, delay = unpack_from("!IIIIII", body, 24 * index)
        total = lost & 0xFFFFFF
        total -= (total & 0x800000) << 1
        blocks.append(ReportBlock(ssrc, lost >> 24, total, highest, jitter, last, delay))
    return tuple(blocks)


def _nacked(body: bytes) -> Iterator[int]:
    for position in range(0, len(body), 4):
        first, mask = unpack_from("!HH", body, position)
        yield first
        yield from (first + 1 + bit & 0xFFFF for bit in range(16) if mask >> bit & 1)


def _parse_transport_feedback(body: bytes, arrival: float) -> TransportFeedback:
    ssrc, media, base, count, time = unpack_from("!IIHHI", body)
    symbols, position = _status_symbols(body, 16, count)
    deltas = []
    for symbol in symbols:
        if symbol == 1:
            deltas.append(body[position] * 250)
            position += 1
        elif symbol == 2:
            deltas.append(unpack_from("!h", body, position)[0] * 250)
            position += 2
    reference = (time >> 8) - ((time >> 31) << 24)
    received = tuple(symbol in (1, 2) for symbol in symbols)
    return TransportFeedback(ssrc, media, base, count, reference, time & 255, received, tuple(deltas), arrival)


def _status_symbols(body: bytes, position: int, count: int) -> tuple[list[int], int]:
    symbols: list[int] = []
    while len(symbols) < count:
        (chunk,) = unpack_from("!H", body, position)
        position += 2
        if not chunk >> 15:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif not chunk >> 14 & 1:
            symbols += [chunk >> 13 - bit & 1 for bit in range(14)]
        else:
            symbols += [chunk >> 12 - 2 * pair & 3 for pair in range(7)]
    return symbols[:count], position


def _rtcp(count: int, packet_type: int, body: bytes) -> bytes:
    return pack("!BBH", 0x80 | count, packet_type, len(body) // 4) + body


def sender_report(ssrc: int, ntp: int, rtp: int, packets: int = 0, octets: int = 0) -> bytes:
    return _rtcp(0, RTCP_SENDER_REPORT, pack("!IQIII", ssrc, ntp, rtp & 0xFFFFFFFF, packets, octets))


def receiver_report(ssrc: int, *blocks: ReportBlock) -> bytes:
    body = b"".join(
        pack(
            "!IIIIII",
            block.ssrc,
            block.fraction_lost << 24 | block.lost & 0xFFFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_report,
            block.delay,
        )
        for block in blocks
    )
    return _rtcp(len(blocks), RTCP_RECEIVER_REPORT, pack("!I", ssrc) + body)


def nack(ssrc: int, media_ssrc: int, *lost: int) -> bytes:
    """One entry per lost packet: wasteful and valid."""
    return _rtcp(1, RTCP_TRANSPORT_FEEDBACK, pack("!II", ssrc, media_ssrc) + b"".join(pack("!HH", n, 0) for n in lost))


def picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    return _rtcp(1, RTCP_PAYLOAD_FEEDBACK, pack("!II", ssrc, media_ssrc))


def full_intra_request(ssrc: int, media_ssrc: int, command: int) -> bytes:
    return _rtcp(4, RTCP_PAYLOAD_FEEDBACK, pack("!IIIBBH", ssrc, 0, media_ssrc, command & 255, 0, 0))


def bye(*ssrcs: int) -> bytes:
    return _rtcp(len(ssrcs), RTCP_BYE, b"".join(pack("!I", ssrc) for ssrc in ssrcs))
