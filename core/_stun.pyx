# SPDX-License-Identifier: Apache-2.0
"""Whose STUN request is this? As much of STUN (RFC 8489) as a worker has to know to answer that.

A binding request names the ufrag of the agent it wants. The worker passes on only requests for one that it knows; all
else about STUN, integrity first of all, is looked at on the trio side (`media/ice.py`).
"""

from podium.core._bytes cimport read_u16, read_u32

cdef enum:
    BINDING_REQUEST = 0x0001
    USERNAME = 0x0006
    HEADER_SIZE = 20

cdef unsigned int MAGIC_COOKIE = 0x2112A442


cdef int find_username_untrusted(const uint8_t* data, int size, int* offset) noexcept nogil:
    """Length of the receiver's ufrag in a binding request, which begins at `offset`; 0 when there is none.

    RFC 8489 sections 5, 14 and 14.3, RFC 8445 section 7.1.1: USERNAME is their ufrag, a colon, the sender's ufrag.
    """
    cdef int at = HEADER_SIZE
    cdef int length, i
    if size < HEADER_SIZE or size % 4 != 0 or read_u16(data + 2) != size - HEADER_SIZE:
        return 0
    if read_u16(data) != BINDING_REQUEST or read_u32(data + 4) != MAGIC_COOKIE:
        return 0
    while at + 4 <= size:
        length = read_u16(data + at + 2)
        if at + 4 + length > size:
            return 0
        if read_u16(data + at) == USERNAME:
            for i in range(min(length, MAX_UFRAG + 1)):
                if data[at + 4 + i] == c":":
                    offset[0] = at + 4
                    return i
            return 0
        at += 4 + ((length + 3) & ~3)
    return 0


def local_ufrag(data: bytes) -> bytes | None:
    """The same for Python."""
    cdef int offset = 0
    cdef const uint8_t[::1] view = data
    cdef int size = 0
    if len(data) > 0:
        size = find_username_untrusted(&view[0], <int>len(data), &offset)
    return bytes(data[offset : offset + size]) if size > 0 else None
