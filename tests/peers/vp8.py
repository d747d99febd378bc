# SPDX-License-Identifier: Apache-2.0
"""VP8 payloads for synthetic streams: the payload descriptor (RFC 7741 section 4.2) and just enough of a frame header.

The frames cannot be decoded; a key frame says its size where a server looks for it (RFC 6386 section 9.1).
"""

from dataclasses import dataclass
from struct import pack, unpack_from


@dataclass(frozen=True)
class Vp8Payload:
    """A payload descriptor and the bytes behind it."""

    body: bytes
    start: bool = True
    picture_id: int | None = None
    tl0picidx: int | None = None
    temporal_layer: int | None = None
    layer_sync: bool = False
    key_index: int | None = None
    non_reference: bool = False

    @property
    def key_frame(self) -> bool:
        """Whether this is the beginning of a key frame."""
        return self.start and len(self.body) >= 10 and not self.body[0] & 1 and self.body[3:6] == b"\x9d\x01\x2a"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that a key frame says."""
        width, height = unpack_from("<HH", self.body, 6)
        return width & 0x3FFF, height & 0x3FFF

    def __bytes__(self) -> bytes:
        layered = self.temporal_layer is not None
        keyed = self.key_index is not None
        flags = (self.picture_id is not None) << 7 | (self.tl0picidx is not None) << 6 | layered << 5 | keyed << 4
        data = bytes([bool(flags) << 7 | self.non_reference << 5 | self.start << 4])
        if flags:
            data += bytes([flags])
        if self.picture_id is not None:
            data += pack("!H", 0x8000 | self.picture_id)
        if self.tl0picidx is not None:
            data += bytes([self.tl0picidx])
        if layered or keyed:
            data += bytes([(self.temporal_layer or 0) << 6 | self.layer_sync << 5 | (self.key_index or 0)])
        return data + self.body

    @classmethod
    def parse(cls, data: bytes) -> "Vp8Payload":
        first, position = data[0], 1
        flags = 0
        picture = tl0 = layer = key = None
        sync = False
        if first & 0x80:
            flags, position = data[1], 2
        if flags & 0x80:
            if data[position] & 0x80:
                picture = unpack_from("!H", data, position)[0] & 0x7FFF
                position += 2
            else:
                picture = data[position]
                position += 1
        if flags & 0x40:
            tl0 = data[position]
            position += 1
        if flags & 0x30:
            layer = data[position] >> 6 if flags & 0x20 else None
            sync = bool(data[position] & 0x20)
            key = data[position] & 31 if flags & 0x10 else None
            position += 1
        start = bool(first & 0x10) and not first & 7
        return cls(data[position:], start, picture, tl0, layer, sync, key, bool(first & 0x20))


def frame_header(*, key: bool, width: int = 320, height: int = 240) -> bytes:
    """The uncompressed chunk at the beginning of a frame."""
    if not key:
        return b"\x11\x02\x00"
    return b"\x10\x02\x00\x9d\x01\x2a" + pack("<HH", width, height)
