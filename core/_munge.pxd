# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    MUNGE_EPOCHS = 16

cdef struct Epoch:
    uint32_t source_id
    int64_t first_in          # extended sequence number of the first packet it covers
    int64_t sequence_offset   # out = in + offset
    uint32_t timestamp_offset
    uint16_t picture_offset
    uint8_t tl0_offset

cdef struct Munger:
    Epoch epochs[16]          # a ring
    uint32_t count            # epochs ever begun
    int64_t last_out          # highest extended number given out
    uint32_t last_timestamp
    uint16_t last_picture
    uint8_t last_tl0

cdef void munge_reset(Munger* munger, uint16_t first_out) noexcept nogil
cdef Epoch* munge_switch(Munger* munger, uint32_t source_id, int64_t first_in, uint32_t in_timestamp, uint32_t out_timestamp, uint16_t in_picture, uint8_t in_tl0) noexcept nogil
cdef void munge_skip(Munger* munger, int64_t sequence) noexcept nogil
cdef Epoch* munge_map(Munger* munger, uint32_t source_id, int64_t sequence) noexcept nogil
cdef bint munge_showed(Munger* munger, uint32_t source_id, int64_t sequence) noexcept nogil
cdef Epoch* munge_find(Munger* munger, uint16_t out_sequence, int64_t* sequence) noexcept nogil
cdef void munge_note(Munger* munger, int64_t out_sequence, uint32_t timestamp, uint16_t picture, uint8_t tl0) noexcept nogil
