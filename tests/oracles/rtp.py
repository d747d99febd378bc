# SPDX-License-Identifier: Apache-2.0
"""RTP by RFC 3550 section 5.1, header extensions by RFC 8285 sections 4.2 and 4.3."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.oracles.reader import MalformedError, Reader, demand


class Rtp(NamedTuple):
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    csrc_count: int
    header_size: int
    payload_size: int
    padding_size: int
    two_byte: bool
    extensions: dict[int, bytes]


def parse(data: bytes, kinds: Mapping[int, int]) -> tuple[object, ...] | None:
    try:
        return _parse(data, kinds)
    except MalformedError:
        return None


def _parse(data: bytes, kinds: Mapping[int, int]) -> Rtp:
    demand(len(data) <= 65535)
    reader = Reader(data)
    version, padded, extended, csrc_count = reader.bits(1, 2, 1, 1, 4)
    marker, payload_type = reader.bits(1, 1, 7)
    demand(version == 2)
    sequence, timestamp, ssrc = reader.number(2), reader.number(4), reader.number(4)
    reader.take(4 * csrc_count)
    two_byte, elements = False, list[tuple[int, bytes]]()
    if extended:
        profile, block = reader.number(2), Reader(reader.take(4 * reader.number(2)))
        two_byte = profile >> 4 == 0x100
        if two_byte:
            elements = list(_two_byte_elements(block))
        elif profile == 0xBEDE:
            elements = list(_one_byte_elements(block))
    header_size = reader.position
    padding = 0
    if padded:
        demand(reader.left > 0)
        padding = data[-1]
        demand(0 < padding <= reader.left)
    extensions = {}
    for identifier, element in elements:
        if kinds.get(identifier, 0) in range(1, 8):
            extensions[kinds[identifier]] = element
    return Rtp(
        payload_type, marker == 1, sequence, timestamp, ssrc, csrc_count,
        header_size, reader.left - padding, padding, two_byte, extensions,
    )  # fmt: skip


def _one_byte_elements(block: Reader) -> Iterator[tuple[int, bytes]]:
    while block.left:
        identifier, length = block.bits(1, 4, 4)
        if (identifier, length) == (0, 0):
            continue
        if identifier in (0, 15) or length + 1 > block.left:
            return
        yield identifier, block.take(length + 1)


def _two_byte_elements(block: Reader) -> Iterator[tuple[int, bytes]]:
    while block.left:
        identifier = block.number(1)
        if identifier == 0:
            continue
        if not block.left:
            return
        length = block.number(1)
        if length > block.left:
            return
        yield identifier, block.take(length)
