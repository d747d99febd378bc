# SPDX-License-Identifier: Apache-2.0
"""Payloads of H.264 (RFC 6184): single units, STAP-A and FU-A, as packetization mode 1 has them.

Frames come out with start codes (Annex B). A key frame without parameter sets gets the last ones seen, so that
decoding can begin there.
"""

from collections.abc import Iterator

from podium.plugins.recording.depacketize.assembly import Part

_START_CODE = b"\0\0\0\1"
_IDR, _SPS, _PPS, _DELIMITER = 5, 7, 8, 9
_STAP_A, _FU_A = 24, 28
_MOST_SETS = 32


class H264Builder:
    """The units of an access unit."""

    def __init__(self) -> None:
        self._units: list[bytes] = []
        self._fragments: list[bytes] = []
        self._whole = True
        self._sets: dict[bytes, bytes] = {}

    def take(self) -> bytes:
        units, whole = self._units, self._whole and not self._fragments
        self._units, self._fragments, self._whole = [], [], True
        if not whole:
            return b""
        kinds = {unit[0] & 0x1F for unit in units}
        for unit in units:
            self._remember(unit)
        if _IDR in kinds and _SPS not in kinds:
            units = [*sorted(self._sets.values(), key=lambda unit: unit[0] & 0x1F), *units]
        return b"".join(_START_CODE + unit for unit in units)

    def add_untrusted(self, payload: bytes) -> Part | None:
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            return self._fragment(payload)
        if self._fragments:
            self._whole = False
            return None
        units = list(_aggregated_untrusted(payload)) if kind == _STAP_A else [payload]
        if not 0 < kind <= _STAP_A or not units or not all(units):
            return None
        self._units += units
        return Part(_begins(units[0]), any(unit[0] & 0x1F == _IDR for unit in units))

    def _fragment(self, payload: bytes) -> Part | None:
        if len(payload) < 3:
            return None
        header = payload[1]
        first, last = bool(header & 0x80), bool(header & 0x40)
        if first == bool(self._fragments):
            self._whole = False
            return None
        if first:
            self._fragments.append(bytes([payload[0] & 0xE0 | header & 0x1F]))
        self._fragments.append(payload[2:])
        if last:
            self._units.append(b"".join(self._fragments))
            self._fragments = []
        return Part(start=False, key=header & 0x1F == _IDR)

    def _remember(self, unit: bytes) -> None:
        """A parameter set, by its kind and the bits in which its number is."""
        kind = unit[0] & 0x1F
        if kind in (_SPS, _PPS):
            key = unit[:1] + (unit[4:5] if kind == _SPS else unit[1:2])
            self._sets.pop(key, None)
            self._sets[key] = unit
            if len(self._sets) > _MOST_SETS:
                del self._sets[next(iter(self._sets))]


def _begins(unit: bytes) -> bool:
    """Whether nothing of a key frame can be missing before this unit. Parameter sets come first, and a lost one that
    differs from the last would spoil all that follows."""
    return unit[0] & 0x1F in (_SPS, _DELIMITER)


def _aggregated_untrusted(payload: bytes) -> Iterator[bytes]:
    """The units of a STAP-A; the last is empty when it is cut off."""
    position = 1
    while position < len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        unit = payload[position + 2 : position + 2 + size]
        position += 2 + size
        yield unit if position <= len(payload) else b""
