# SPDX-License-Identifier: Apache-2.0
"""Payloads of AV1 (AOMedia's "RTP Payload Format for AV1", section 4).

A temporal unit comes out with sizes in its OBUs (AV1 specification section 5.3) and without temporal delimiters. A
coded video sequence begins with a key frame: that is where decoding can begin.
"""

from podium.plugins.recording.depacketize.assembly import Part

_CONTINUES, _CONTINUED, _NEW_SEQUENCE = 0x80, 0x40, 0x08
_TEMPORAL_DELIMITER, _TILE_LIST = 2, 8
_LEB128_LONGEST = 8


class Av1Builder:
    """The OBUs of a temporal unit."""

    def __init__(self) -> None:
        self._units: list[bytes] = []
        self._open: list[bytes] = []
        self._whole = True

    def take(self) -> bytes:
        units, whole = self._units, self._whole and not self._open
        self._units, self._open, self._whole = [], [], True
        return b"".join(units) if whole else b""

    def add_untrusted(self, payload: bytes) -> Part | None:
        header = payload[0]
        elements = elements_untrusted(payload)
        continues = bool(header & _CONTINUES)
        if not elements or continues != bool(self._open):
            self._whole = False
            return None
        if continues:
            self._open.append(elements.pop(0))
            if not elements and header & _CONTINUED:
                return Part(start=False, key=False)
            self._close()
        if elements and header & _CONTINUED:
            self._open = [elements.pop()]
        for element in elements:
            self._append_untrusted(element)
        return Part(not continues, bool(header & _NEW_SEQUENCE) and not continues)

    def _close(self) -> None:
        self._append_untrusted(b"".join(self._open))
        self._open = []

    def _append_untrusted(self, unit: bytes) -> None:
        """With its size behind its header."""
        header_size = 2 if unit and unit[0] & 0x04 else 1
        if len(unit) < header_size or unit[0] & 0x80:
            self._whole = False
        elif unit[0] >> 3 & 0x0F not in (_TEMPORAL_DELIMITER, _TILE_LIST):
            if not unit[0] & 0x02:
                size = leb128(len(unit) - header_size)
                unit = bytes([unit[0] | 0x02]) + unit[1:header_size] + size + unit[header_size:]
            self._units.append(unit)


def elements_untrusted(payload: bytes) -> list[bytes]:
    """OBUs and parts of them, none of them empty; an empty list when lengths do not fit."""
    count, position = payload[0] >> 4 & 3, 1
    elements: list[bytes] = []
    while position < len(payload):
        if count and len(elements) == count - 1:
            size = len(payload) - position  # the last has no length of its own
        else:
            size, position = _read_leb128_untrusted(payload, position)
        if size <= 0 or position + size > len(payload):
            return []
        elements.append(payload[position : position + size])
        position += size
    return elements if not count or len(elements) == count else []


def leb128(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _read_leb128_untrusted(data: bytes, position: int) -> tuple[int, int]:
    """Value and where it ends; -1 when it does not end in time."""
    value = 0
    for number, byte in enumerate(data[position : position + _LEB128_LONGEST]):
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value, position + number + 1
    return -1, len(data)
