# SPDX-License-Identifier: Apache-2.0
"""Payloads of VP9 (RFC 9628 section 4.2).

Several spatial layers of one picture are joined to a superframe (VP9 bitstream specification, annex B), of which a
decoder shows the largest.
"""

from typing import NamedTuple

from podium.plugins.recording.depacketize.assembly import Part
from podium.plugins.recording.depacketize.chain import Layer

_PICTURE_ID, _PREDICTED, _LAYERED, _FLEXIBLE, _BEGIN, _END, _STRUCTURE = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02
_MOST_LAYERS = 8


class _Descriptor(NamedTuple):
    size: int
    spatial: int
    layer: Layer | None


class Vp9Builder:
    """The layer frames of a picture."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._parts: list[bytes] = []
        self._whole = True

    def take(self) -> bytes:
        frames, whole = self._frames, self._whole and not self._parts
        self._frames, self._parts, self._whole = [], [], True
        if not whole or len(frames) > _MOST_LAYERS:
            return b""
        return frames[0] if len(frames) == 1 else _superframe(frames)

    def add_untrusted(self, payload: bytes) -> Part | None:
        descriptor = descriptor_untrusted(payload)
        if descriptor is None:
            return None
        first, begins = payload[0], bool(payload[0] & _BEGIN)
        self._whole = self._whole and begins == (not self._parts)
        self._parts.append(payload[descriptor.size :])
        if first & _END:
            self._frames.append(b"".join(self._parts))
            self._parts = []
        start = begins and descriptor.spatial == 0
        return Part(start, start and not first & _PREDICTED, descriptor.layer)


def descriptor_untrusted(payload: bytes) -> _Descriptor | None:
    """None when it is longer than the payload or leaves nothing."""
    first, position = payload[0], 1
    if first & _PICTURE_ID:
        if position >= len(payload):
            return None
        position += 2 if payload[position] & 0x80 else 1
    spatial, layer = 0, None
    if first & _LAYERED:
        indices = payload[position : position + 2]
        if len(indices) < 2:
            return None
        spatial = indices[0] >> 1 & 7
        position += 1
        if not first & _FLEXIBLE:
            layer = Layer(indices[0] >> 5, indices[1], bool(indices[0] & 0x10))
            position += 1
    if first & _FLEXIBLE and first & _PREDICTED:
        position = _behind_references_untrusted(payload, position)
    if first & _STRUCTURE:
        position = _behind_structure_untrusted(payload, position)
    return _Descriptor(position, spatial, layer) if position < len(payload) else None


def _behind_references_untrusted(payload: bytes, position: int) -> int:
    """Up to three differences of picture ids, each saying whether another one follows."""
    for _ in range(3):
        if position >= len(payload) or not payload[position] & 1:
            return position + 1
        position += 1
    return position


def _behind_structure_untrusted(payload: bytes, position: int) -> int:
    """Scalability structure: sizes of the spatial layers, then a group of pictures."""
    if position >= len(payload):
        return position
    flags = payload[position]
    position += 1 + (4 * ((flags >> 5) + 1) if flags & 0x10 else 0)
    if not flags & 0x08:
        return position
    if position >= len(payload):
        return position
    pictures = payload[position]
    position += 1
    for _ in range(pictures):
        if position >= len(payload):
            return position
        position += 1 + (payload[position] >> 2 & 3)
    return position


def _superframe(frames: list[bytes]) -> bytes:
    """Frames and their index; empty when there are none."""
    if not frames:
        return b""
    width = (max(map(len, frames)).bit_length() + 7) // 8
    marker = bytes([0xC0 | (width - 1) << 3 | (len(frames) - 1)])
    sizes = b"".join(len(frame).to_bytes(width, "little") for frame in frames)
    return b"".join(frames) + marker + sizes + marker
