# SPDX-License-Identifier: Apache-2.0
"""Silence as Opus packets (RFC 6716 section 3.1): two bytes that decode to nothing, of any length there is.

Editors put sounds one behind the other and do not look at their times. With silence where nothing was said, they are
where they belong all the same.
"""

SHORTEST = 120
"""Samples at 48 kHz; a remainder below this is left."""

_NOTHING = b"\xff\xfe"
_PACKETS = (
    (5760, b"\xfb\x06" + 6 * _NOTHING),  # six frames of 20 ms, all of the same size
    (960, b"\xf8" + _NOTHING),
    (480, b"\xf0" + _NOTHING),
    (240, b"\xe8" + _NOTHING),
    (SHORTEST, b"\xe0" + _NOTHING),
)


def silence(samples: int) -> list[tuple[int, bytes]]:
    """Lengths and packets that together last about as long, or a little less."""
    packets: list[tuple[int, bytes]] = []
    for length, packet in _PACKETS:
        count, samples = divmod(max(0, samples), length)
        packets += [(length, packet)] * count
    return packets
