# SPDX-License-Identifier: Apache-2.0
"""What forwarding needs to know of VP8, VP9, H.264 and AV1 payloads, for tests and plugins that look into packets."""

from typing import NamedTuple

class PayloadView(NamedTuple):
    """What one RTP payload says of the frame it belongs to.

    `picture_id_bits` is 7, 15 or 0 (no picture id); width and height are 0 where this packet does not tell.
    """

    key_frame: bool
    frame_start: bool
    picture_id_bits: int
    picture_id: int
    tl0_picture_index: int | None
    temporal_layer: int
    width: int
    height: int

def describe_payload(codec: int, payload: bytes | bytearray | memoryview) -> PayloadView | None:
    """Describe a payload, whoever it is from; None when malformed. `codec`: CODEC_* of `podium.core._fastpath`."""

def renumber_payload(
    codec: int, payload: bytes | bytearray | memoryview, picture_id: int, tl0_picture_index: int
) -> bytes | None:
    """The payload with other picture numbers, each in the width it had; None when the payload is malformed."""
