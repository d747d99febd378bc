# SPDX-License-Identifier: Apache-2.0
"""Opus: each packet is a frame (RFC 7587 section 4.2); how long it lasts is in its first bytes (RFC 6716 section 3)."""

from collections.abc import Sequence

from podium.plugins.recording.depacketize.assembly import Unit
from podium.plugins.recording.ordering import Arrived

_SILK = (480, 960, 1920, 2880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)
_LONGEST = 5760


def duration_untrusted(payload: bytes) -> int:
    """Samples at 48 kHz; 0 for what is no Opus packet."""
    if not payload:
        return 0
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        samples = _SILK[config & 3]
    elif config < 16:
        samples = _HYBRID[config & 1]
    else:
        samples = _CELT[config & 3]
    count = (1, 2, 2, payload[1] & 0x3F if len(payload) > 1 else 0)[code]
    return samples * count if samples * count <= _LONGEST else 0


class OpusPackets:
    """Depacketizer of Opus."""

    def __init__(self) -> None:
        self._missing = 0

    def push(self, arrived: Arrived) -> Sequence[Unit]:
        packet = arrived.packet
        self._missing += arrived.missing
        if not duration_untrusted(packet.payload):
            return ()
        missing, self._missing = self._missing, 0
        return (Unit(packet.payload, True, packet.timestamp, arrived.at, missing, arrived.restart),)
