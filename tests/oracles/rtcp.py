# SPDX-License-Identifier: Apache-2.0
"""RTCP by RFC 3550 section 6, generic NACK by RFC 4585 section 6.2.1, FIR by RFC 5104 section 4.3.1."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tests.oracles.reader import MalformedError, Reader, demand

T = TypeVar("T")
SENDER_REPORT, RECEIVER_REPORT, BYE, TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 200, 201, 203, 205, 206


class Rtcp(NamedTuple):
    type: int
    subtype: int
    body: bytes
    sender_info: tuple[int, ...] | None
    reports: list[tuple[int, ...]]
    feedback_ssrcs: tuple[int, int] | None
    nack: list[int] | None
    fir: list[int] | None
    bye: list[int] | None


def parse(data: bytes, capacity: int = 1024) -> list[tuple[object, ...]] | None:
    reader = Reader(data)
    packets: list[tuple[object, ...]] = []
    try:
        demand(0 < len(data) <= 65535)
        while reader.left:
            packets.append(_packet(reader, capacity))
    except MalformedError:
        return None
    return packets


def _packet(reader: Reader, capacity: int) -> Rtcp:
    start = reader.position
    version, padded, count = reader.bits(1, 2, 1, 5)
    demand(version == 2)
    kind = reader.number(1)
    content = reader.take(4 * reader.number(2))
    if padded:
        demand(reader.left == 0 and content != b"" and 0 < content[-1] <= len(content))
        content = content[: -content[-1]]
    body = reader.data[start : start + 4 + len(content)]
    reports = _or_none(_reports, kind, count, content)
    return Rtcp(
        kind, count, body,
        _or_none(_sender_info, kind, count, content),
        reports or [],
        _or_none(_ssrcs, kind, count, content),
        _limited(_or_none(_nack, kind, count, content), capacity),
        _limited(_or_none(_fir, kind, count, content), capacity),
        _limited(_or_none(_bye, kind, count, content), capacity),
    )  # fmt: skip


def _or_none(read: Callable[[int, int, Reader], T], kind: int, count: int, content: bytes) -> T | None:
    try:
        return read(kind, count, Reader(content))
    except MalformedError:
        return None


def _limited(numbers: list[int] | None, capacity: int) -> list[int] | None:
    return None if numbers is None else numbers[:capacity]


def _sender_info(kind: int, count: int, content: Reader) -> tuple[int, ...]:
    demand(kind == SENDER_REPORT and content.left >= 24 + 24 * count)
    return (content.number(4), content.number(8), content.number(4), content.number(4), content.number(4))


def _reports(kind: int, count: int, content: Reader) -> list[tuple[int, ...]]:
    demand(kind in (SENDER_REPORT, RECEIVER_REPORT))
    content.take(24 if kind == SENDER_REPORT else 4)
    reports = []
    for _ in range(count):
        ssrc, fraction = content.number(4), content.number(1)
        lost = int.from_bytes(content.take(3), "big", signed=True)
        reports.append((ssrc, fraction, lost, *(content.number(4) for _ in range(4))))
    return reports


def _ssrcs(kind: int, count: int, content: Reader) -> tuple[int, int]:
    demand(kind in (TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK))
    return content.number(4), content.number(4)


def _nack(kind: int, count: int, content: Reader) -> list[int]:
    demand((kind, count) == (TRANSPORT_FEEDBACK, 1) and content.left > 8)
    content.take(8)
    numbers = []
    while content.left:
        first, mask = content.number(2), content.number(2)
        numbers += [first] + [(first + 1 + bit) % 65536 for bit in range(16) if mask & 1 << bit]
    return numbers


def _fir(kind: int, count: int, content: Reader) -> list[int]:
    demand((kind, count) == (PAYLOAD_FEEDBACK, 4) and content.left > 8)
    content.take(8)
    ssrcs = []
    while content.left:
        ssrcs.append(content.number(4))
        content.take(4)
    return ssrcs


def _bye(kind: int, count: int, content: Reader) -> list[int]:
    demand(kind == BYE)
    return [content.number(4) for _ in range(count)]
