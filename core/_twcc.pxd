# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    TWCC_WINDOW = 2048

cdef struct ArrivalLog:
    bint started
    uint16_t next_sequence    # first number not yet reported
    uint16_t highest          # highest number that arrived
    uint8_t feedback_count
    int64_t arrivals[2048]    # microseconds by sequence % TWCC_WINDOW; -1: not arrived

cdef void twcc_reset(ArrivalLog* log) noexcept nogil
cdef void twcc_arrived_untrusted(ArrivalLog* log, uint16_t sequence, int64_t arrival_us) noexcept nogil
# One feedback packet for what was not yet reported: bytes written, 0 when there is nothing left (call until 0).
# A capacity below 28 never suffices.
cdef int twcc_write_feedback(ArrivalLog* log, uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil
