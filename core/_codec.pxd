# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum Codec:
    CODEC_NONE = 0
    CODEC_OPUS = 1
    CODEC_VP8 = 2
    CODEC_VP9 = 3
    CODEC_H264 = 4
    CODEC_AV1 = 5

cdef struct PayloadDescription:
    bint key_frame            # this packet starts a key frame
    bint frame_start          # this packet starts a frame
    uint8_t picture_id_bits   # 0, 7 or 15
    uint16_t picture_id
    uint16_t picture_id_offset # from the start of the payload
    bint has_tl0
    uint8_t tl0_picture_index
    uint16_t tl0_offset
    uint8_t temporal_layer
    uint16_t width            # of a VP8 key frame or a VP9 scalability structure; 0: not known
    uint16_t height

# 0, or -1 when the payload is not what the codec's RTP payload format allows. Describes nothing of audio.
cdef int describe_payload_untrusted(int codec, const uint8_t* payload, int size, PayloadDescription* description) noexcept nogil
# Rewrites in place what describe_payload_untrusted found in this very payload; what it did not find stays away.
cdef void write_picture_numbers(uint8_t* payload, const PayloadDescription* description, uint16_t picture_id, uint8_t tl0_picture_index) noexcept nogil
