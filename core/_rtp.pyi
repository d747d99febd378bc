# SPDX-License-Identifier: Apache-2.0
"""RTP headers (RFC 3550) and header extensions (RFC 8285), for tests and for plugins that look into packets."""

from collections.abc import Mapping
from typing import NamedTuple

class RtpView(NamedTuple):
    """What one RTP packet says of itself.

    The payload is `data[header_size : header_size + payload_size]`. `extensions` maps the kind (EXTENSION_* of
    `podium.core._fastpath`) to the bytes of the element.
    """

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

def parse_rtp(data: bytes | bytearray | memoryview, kinds: Mapping[int, int]) -> RtpView | None:
    """Parse a packet, whoever it is from; None when it is malformed.

    `kinds` maps the negotiated extension identifiers (0..255) to kinds; elements of other identifiers are left out.
    """

def check_rtp(data: bytes | bytearray | memoryview) -> int:
    """0 for a well-formed packet, otherwise the reason of its refusal as a negative RtpError (see `_rtp.pxd`)."""
