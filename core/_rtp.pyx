# SPDX-License-Identifier: Apache-2.0
"""RTP headers (RFC 3550 section 5.1) and their extensions (RFC 8285).

Every length is checked against the packet before it is used. Extension elements are not copied: their place in the
packet is noted by kind. Extension blocks of another profile than those of RFC 8285 are skipped as a whole. Knows
nothing of RTCP; the two are told apart before (RFC 5761).
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memset

from podium.core._bytes cimport read_u16, read_u32

from typing import NamedTuple

cdef enum:
    FIXED_HEADER = 12
    EXTENSION_HEADER = 4
    MAX_PACKET = 65535
    ONE_BYTE_PROFILE = 0xBEDE     # RFC 8285 section 4.2
    TWO_BYTE_PROFILE = 0x1000     # RFC 8285 section 4.3, the low four bits are free
    ONE_BYTE_RESERVED = 15


cdef int parse_rtp_untrusted(const uint8_t* data, int size, RtpHeader* header) noexcept nogil:
    cdef int offset, rest, padding = 0
    memset(header, 0, sizeof(RtpHeader))
    if size > MAX_PACKET:
        return RTP_TOO_LONG
    if size < FIXED_HEADER:
        return RTP_TOO_SHORT
    if data[0] >> 6 != 2:
        return RTP_BAD_VERSION
    header.csrc_count = data[0] & 0x0F
    header.marker = data[1] >> 7
    header.payload_type = data[1] & 0x7F
    header.sequence = read_u16(data + 2)
    header.timestamp = read_u32(data + 4)
    header.ssrc = read_u32(data + 8)
    offset = FIXED_HEADER + 4 * header.csrc_count
    if offset > size:
        return RTP_TOO_SHORT
    if data[0] & 0x10:
        offset = parse_extension_header(data, size, offset, header)
        if offset < 0:
            return offset
    rest = size - offset
    if data[0] & 0x20:
        padding = data[size - 1]
        if padding == 0 or padding > rest:
            return RTP_BAD_PADDING
    header.header_size = <uint16_t>offset
    header.padding_size = <uint16_t>padding
    header.payload_size = <uint16_t>(rest - padding)
    return 0


# Offset behind the extension block, or an RtpError.
cdef int parse_extension_header(const uint8_t* data, int size, int offset, RtpHeader* header) noexcept nogil:
    cdef int profile, length
    if offset + EXTENSION_HEADER > size:
        return RTP_TOO_SHORT
    profile = read_u16(data + offset)
    length = 4 * read_u16(data + offset + 2)
    offset += EXTENSION_HEADER
    if length > size - offset:
        return RTP_BAD_EXTENSION
    header.two_byte = profile & 0xFFF0 == TWO_BYTE_PROFILE
    if header.two_byte or profile == ONE_BYTE_PROFILE:
        header.extension_offset = <uint16_t>offset
        header.extension_size = <uint16_t>length
    return offset + length


cdef void parse_extensions_untrusted(
    const uint8_t* data, const RtpHeader* header, const uint8_t* kinds, ExtensionValues* values
) noexcept nogil:
    memset(values, 0, sizeof(ExtensionValues))
    if header.extension_offset == 0:
        return
    if header.two_byte:
        parse_two_byte(data, header, kinds, values)
    else:
        parse_one_byte(data, header, kinds, values)


cdef void parse_one_byte(
    const uint8_t* data, const RtpHeader* header, const uint8_t* kinds, ExtensionValues* values
) noexcept nogil:
    cdef int offset = header.extension_offset
    cdef int end = offset + header.extension_size
    cdef int identifier, length
    while offset < end:
        if data[offset] == 0:
            offset += 1
            continue
        identifier = data[offset] >> 4
        length = (data[offset] & 0x0F) + 1
        offset += 1
        # RFC 8285 section 4.2: identifier 15, and 0 with a length, end the reading.
        if identifier == 0 or identifier == ONE_BYTE_RESERVED or length > end - offset:
            return
        note_element(values, kinds[identifier], offset, length)
        offset += length


cdef void parse_two_byte(
    const uint8_t* data, const RtpHeader* header, const uint8_t* kinds, ExtensionValues* values
) noexcept nogil:
    cdef int offset = header.extension_offset
    cdef int end = offset + header.extension_size
    cdef int identifier, length
    while offset < end:
        identifier = data[offset]
        offset += 1
        if identifier == 0:
            continue
        if offset == end:
            return
        length = data[offset]
        offset += 1
        if length > end - offset:
            return
        note_element(values, kinds[identifier], offset, length)
        offset += length


# Of several elements of one kind the last counts, as in libwebrtc.
cdef inline void note_element(ExtensionValues* values, int kind, int offset, int length) noexcept nogil:
    if EXTENSION_UNKNOWN < kind < EXTENSION_KINDS:
        values.offset[kind] = <uint16_t>offset
        values.size[kind] = <uint8_t>length


class RtpView(NamedTuple):
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
    extensions: dict


def check_rtp(data):
    cdef Py_buffer view
    cdef RtpHeader header
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        return parse_rtp_untrusted(<const uint8_t*>view.buf, <int>min(view.len, MAX_PACKET + 1), &header)
    finally:
        PyBuffer_Release(&view)


def parse_rtp(data, kinds):
    cdef Py_buffer view
    cdef RtpHeader header
    cdef ExtensionValues values
    cdef uint8_t table[256]
    cdef const uint8_t* start
    cdef int kind
    memset(table, 0, sizeof(table))
    for identifier, value in kinds.items():
        if not 0 <= identifier <= 255:
            raise ValueError(f"extension identifier {identifier} is not in 0..255")
        table[identifier] = value
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        start = <const uint8_t*>view.buf
        if parse_rtp_untrusted(start, <int>min(view.len, MAX_PACKET + 1), &header) < 0:
            return None
        parse_extensions_untrusted(start, &header, table, &values)
        extensions = {
            kind: bytes(start[values.offset[kind]:values.offset[kind] + values.size[kind]])
            for kind in range(<int>EXTENSION_KINDS) if values.offset[kind]
        }
    finally:
        PyBuffer_Release(&view)
    return RtpView(
        header.payload_type, bool(header.marker), header.sequence, header.timestamp, header.ssrc, header.csrc_count,
        header.header_size, header.payload_size, header.padding_size, bool(header.two_byte), extensions,
    )
