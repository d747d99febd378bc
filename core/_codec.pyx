# SPDX-License-Identifier: Apache-2.0
"""What the forwarding of a packet needs to know of its payload, by codec.

VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184, packetization modes 0 and 1) and AV1 (the AOM's RTP payload format).
Reads payload descriptors and as little as possible behind them: where key frames and frames start, the numbers that
must stay continuous when a slot changes its source, the temporal layer. Nothing is decoded.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.limits cimport INT_MAX
from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memset

from podium.core._bytes cimport read_u16, write_u16

from typing import NamedTuple

cdef enum:
    VP8_KEY_FRAME_HEADER = 10     # frame tag, start code, width and height (RFC 6386 section 9.1)
    VP9_MAX_REFERENCES = 3
    NAL_SLICE = 1
    NAL_IDR_SLICE = 5
    NAL_SEI = 6
    NAL_SPS = 7
    NAL_PPS = 8
    NAL_ACCESS_UNIT_DELIMITER = 9
    NAL_LAST_SINGLE = 23
    NAL_STAP_A = 24
    NAL_FU_A = 28


cdef int describe_payload_untrusted(
    int codec, const uint8_t* payload, int size, PayloadDescription* description
) noexcept nogil:
    memset(description, 0, sizeof(PayloadDescription))
    if codec == CODEC_OPUS:
        return 0
    if codec == CODEC_VP8:
        return describe_vp8(payload, size, description)
    if codec == CODEC_VP9:
        return describe_vp9(payload, size, description)
    if codec == CODEC_H264:
        return describe_h264(payload, size, description)
    if codec == CODEC_AV1:
        return describe_av1(payload, size, description)
    return -1


# Offset behind the 7- or 15-bit picture id at `offset`, which VP8 and VP9 write alike; -1: beyond the payload.
cdef int read_picture_id(const uint8_t* payload, int size, int offset, PayloadDescription* description) noexcept nogil:
    if offset >= size:
        return -1
    description.picture_id_offset = <uint16_t>offset
    if not payload[offset] & 0x80:
        description.picture_id_bits = 7
        description.picture_id = payload[offset]
        return offset + 1
    if offset + 2 > size:
        return -1
    description.picture_id_bits = 15
    description.picture_id = read_u16(payload + offset) & 0x7FFF
    return offset + 2


cdef int read_tl0(const uint8_t* payload, int size, int offset, PayloadDescription* description) noexcept nogil:
    if offset >= size:
        return -1
    description.has_tl0 = True
    description.tl0_offset = <uint16_t>offset
    description.tl0_picture_index = payload[offset]
    return offset + 1


cdef int describe_vp8(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    cdef int offset
    if size < 1:
        return -1
    offset = read_vp8_extension(payload, size, description) if payload[0] & 0x80 else 1
    if offset < 0 or offset >= size:
        return -1
    description.frame_start = payload[0] & 0x17 == 0x10     # S set, partition index 0
    description.key_frame = description.frame_start and not payload[offset] & 0x01
    if description.key_frame:
        read_vp8_size(payload + offset, size - offset, description)
    return 0


# RFC 7741 section 4.2: the octet of flags I, L, T, K and what they announce.
cdef int read_vp8_extension(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    cdef int offset = 2
    cdef int flags
    if size < 2:
        return -1
    flags = payload[1]
    if flags & 0x80:
        offset = read_picture_id(payload, size, offset, description)
        if offset < 0:
            return -1
    if flags & 0x40:
        offset = read_tl0(payload, size, offset, description)
        if offset < 0:
            return -1
    if flags & 0x30:
        if offset >= size:
            return -1
        if flags & 0x20:
            description.temporal_layer = payload[offset] >> 6
        offset += 1
    return offset


# RFC 6386 section 9.1; little-endian, two bits of scaling above fourteen of size.
cdef void read_vp8_size(const uint8_t* frame, int size, PayloadDescription* description) noexcept nogil:
    if size < VP8_KEY_FRAME_HEADER or frame[3] != 0x9D or frame[4] != 0x01 or frame[5] != 0x2A:
        return
    description.width = <uint16_t>((frame[6] | frame[7] << 8) & 0x3FFF)
    description.height = <uint16_t>((frame[8] | frame[9] << 8) & 0x3FFF)


cdef int describe_vp9(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    cdef int flags, offset = 1
    cdef int spatial_layer = 0
    if size < 1:
        return -1
    flags = payload[0]
    if flags & 0x80:                                        # I
        offset = read_picture_id(payload, size, offset, description)
        if offset < 0:
            return -1
    if flags & 0x20:                                        # L
        if offset >= size:
            return -1
        description.temporal_layer = payload[offset] >> 5
        spatial_layer = payload[offset] >> 1 & 0x07
        offset += 1
        if not flags & 0x10:                                # F: the flexible mode has no TL0PICIDX
            offset = read_tl0(payload, size, offset, description)
            if offset < 0:
                return -1
    if flags & 0x50 == 0x50:                                # P and F
        offset = skip_vp9_references(payload, size, offset)
        if offset < 0:
            return -1
    if flags & 0x02:                                        # V
        offset = read_vp9_structure(payload, size, offset, description)
        if offset < 0:
            return -1
    if offset >= size:
        return -1
    description.frame_start = flags & 0x08 != 0             # B
    description.key_frame = description.frame_start and not flags & 0x40 and spatial_layer == 0
    return 0


# RFC 9628 section 4.2: up to three P_DIFF, each saying in its last bit whether another one follows.
cdef int skip_vp9_references(const uint8_t* payload, int size, int offset) noexcept nogil:
    cdef int count
    for count in range(VP9_MAX_REFERENCES):
        if offset >= size:
            return -1
        offset += 1
        if not payload[offset - 1] & 0x01:
            return offset
    return -1


# RFC 9628 section 4.2.1. The size of the highest spatial layer is that of the picture.
cdef int read_vp9_structure(const uint8_t* payload, int size, int offset, PayloadDescription* description) noexcept nogil:
    cdef int flags, layers, pictures, picture
    if offset >= size:
        return -1
    flags = payload[offset]
    layers = (flags >> 5) + 1
    offset += 1
    if flags & 0x10:                                        # Y
        if 4 * layers > size - offset:
            return -1
        offset += 4 * layers
        description.width = read_u16(payload + offset - 4)
        description.height = read_u16(payload + offset - 2)
    if flags & 0x08:                                        # G
        if offset >= size:
            return -1
        pictures = payload[offset]
        offset += 1
        for picture in range(pictures):
            if offset >= size:
                return -1
            offset += 1 + (payload[offset] >> 2 & 0x03)
    return offset


cdef int describe_h264(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    cdef int kind
    if size < 1:
        return -1
    kind = payload[0] & 0x1F
    if 1 <= kind <= NAL_LAST_SINGLE:
        note_nal(kind, payload + 1, size - 1, description)
        return 0
    if kind == NAL_STAP_A:
        return describe_stap_a(payload, size, description)
    if kind == NAL_FU_A:
        if size < 2:
            return -1
        if payload[1] & 0x80:                               # S
            note_nal(payload[1] & 0x1F, payload + 2, size - 2, description)
        return 0
    return -1


cdef int describe_stap_a(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    cdef int length, offset = 1
    if offset == size:
        return -1
    while offset < size:
        if 2 > size - offset:
            return -1
        length = read_u16(payload + offset)
        offset += 2
        if length == 0 or length > size - offset:
            return -1
        note_nal(payload[offset] & 0x1F, payload + offset + 1, length - 1, description)
        offset += length
    return 0


# What begins with this NAL unit (RFC 6184, H.264 section 7.4.1.2.3). first_mb_in_slice, an Exp-Golomb number at the
# head of a slice, is 0 when its first bit is set: such a slice is the first of its picture.
cdef void note_nal(int kind, const uint8_t* body, int size, PayloadDescription* description) noexcept nogil:
    if kind == NAL_SLICE or kind == NAL_IDR_SLICE:
        if size >= 1 and body[0] & 0x80:
            description.frame_start = True
            if kind == NAL_IDR_SLICE:
                description.key_frame = True
    elif NAL_SEI <= kind <= NAL_ACCESS_UNIT_DELIMITER:
        description.frame_start = True
        if kind == NAL_SPS:
            description.key_frame = True


# AV1 aggregation header: Z (continues an OBU), Y, W, N (first packet of a coded video sequence). A packet that does
# not continue an OBU may start a frame; more could be said only by reading OBU headers.
cdef int describe_av1(const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil:
    if size < 2:
        return -1
    description.frame_start = not payload[0] & 0x80
    description.key_frame = payload[0] & 0x88 == 0x08
    return 0


cdef void write_picture_numbers(
    uint8_t* payload, const PayloadDescription* description, uint16_t picture_id, uint8_t tl0_picture_index
) noexcept nogil:
    if description.picture_id_bits == 15:
        write_u16(payload + description.picture_id_offset, 0x8000 | picture_id)
    elif description.picture_id_bits == 7:
        payload[description.picture_id_offset] = picture_id & 0x7F
    if description.has_tl0:
        payload[description.tl0_offset] = tl0_picture_index


class PayloadView(NamedTuple):
    key_frame: bool
    frame_start: bool
    picture_id_bits: int
    picture_id: int
    tl0_picture_index: int | None
    temporal_layer: int
    width: int
    height: int


def describe_payload(codec, payload):
    cdef Py_buffer view
    cdef PayloadDescription description
    cdef int refused
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        refused = describe_payload_untrusted(codec, <const uint8_t*>view.buf, <int>min(view.len, INT_MAX), &description)
    finally:
        PyBuffer_Release(&view)
    if refused:
        return None
    return PayloadView(
        bool(description.key_frame), bool(description.frame_start), description.picture_id_bits,
        description.picture_id, description.tl0_picture_index if description.has_tl0 else None,
        description.temporal_layer, description.width, description.height,
    )


def renumber_payload(codec, payload, picture_id, tl0_picture_index):
    cdef PayloadDescription description
    cdef bytearray changed = bytearray(payload)
    cdef uint8_t* start = <uint8_t*><char*>changed
    if describe_payload_untrusted(codec, start, <int>min(len(changed), INT_MAX), &description):
        return None
    write_picture_numbers(start, &description, picture_id, tl0_picture_index)
    return bytes(changed)
