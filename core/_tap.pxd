# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef enum:
    TAP_RTP = 1
    TAP_SENDER_REPORT = 2

cdef struct TapRing:
    uint32_t id
    uint8_t* memory
    uint32_t capacity         # bytes, a power of two
    uint64_t head             # bytes ever written; by the worker only
    uint64_t tail             # bytes ever read; by the reader only
    uint64_t records
    uint64_t overruns         # records that found no room
    int event_fd
    int waiting               # the reader sleeps until event_fd is written
    int ended                 # nothing will come any more

cdef struct TapRecord:
    uint32_t size             # of what follows; SKIPPED: the ring goes on at its beginning
    uint32_t kind
    int64_t arrival_us

cdef int tap_open(TapRing* ring, uint32_t capacity, int event_fd) noexcept nogil
cdef void tap_close(TapRing* ring) noexcept nogil
cdef void tap_write(TapRing* ring, uint32_t kind, int64_t arrival_us, const uint8_t* data, uint32_t size) noexcept nogil
cdef TapRecord* tap_peek(TapRing* ring) noexcept nogil
cdef void tap_pop(TapRing* ring) noexcept nogil
cdef bint tap_prepare_wait(TapRing* ring) noexcept nogil
cdef void tap_end(TapRing* ring) noexcept nogil
