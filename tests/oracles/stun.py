# SPDX-License-Identifier: Apache-2.0
"""The receiver's ufrag of a STUN binding request, slowly (RFC 8489, RFC 8445)."""

COOKIE = bytes.fromhex("2112a442")
LONGEST_UFRAG = 32


def local_ufrag(data: bytes) -> bytes | None:
    if len(data) < 20 or len(data) % 4 or data[:2] != b"\x00\x01" or data[4:8] != COOKIE:
        return None
    if int.from_bytes(data[2:4], "big") != len(data) - 20:
        return None
    attributes = data[20:]
    while len(attributes) >= 4:
        kind, size = int.from_bytes(attributes[:2], "big"), int.from_bytes(attributes[2:4], "big")
        value = attributes[4 : 4 + size]
        if len(value) < size:
            return None
        if kind == 6:
            ufrag, colon, _ = value.partition(b":")
            return ufrag if colon and 0 < len(ufrag) <= LONGEST_UFRAG else None
        attributes = attributes[4 + (size + 3) // 4 * 4 :]
    return None
