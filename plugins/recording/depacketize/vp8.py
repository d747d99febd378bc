# SPDX-License-Identifier: Apache-2.0
"""Payloads of VP8 (RFC 7741 section 4.2); key frames by RFC 6386 section 9.1."""

from podium.plugins.recording.depacketize.assembly import Part
from podium.plugins.recording.depacketize.chain import Layer


class Vp8Builder:
    """The partitions of a frame, one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def add_untrusted(self, payload: bytes) -> Part | None:
        first = payload[0]
        size = 1
        layer = None
        if first & 0x80:
            described = _extension_untrusted(payload)
            if described is None:
                return None
            size, layer = described
        if size >= len(payload):
            return None
        self._parts.append(payload[size:])
        start = bool(first & 0x10) and not first & 0x07
        return Part(start, start and not payload[size] & 1, layer)


def _extension_untrusted(payload: bytes) -> tuple[int, Layer | None] | None:
    """Size of the descriptor, and the layer if it says everything about it."""
    if len(payload) < 2:
        return None
    flags, position = payload[1], 2
    if flags & 0x80:
        if position >= len(payload):
            return None
        position += 2 if payload[position] & 0x80 else 1
    base_index = payload[position] if flags & 0x40 and position < len(payload) else None
    position += bool(flags & 0x40)
    if not flags & 0x30:
        return position, None
    if position >= len(payload):
        return None
    bits = payload[position]
    layered = flags & 0x20 and base_index is not None
    return position + 1, Layer(bits >> 6, base_index or 0, bool(bits & 0x20)) if layered else None
