# SPDX-License-Identifier: Apache-2.0
"""A tap: what one source sends, plain and with arrival times, in a ring that a reader drains in its own time.

The worker writes records side by side into memory allocated once and never waits: a record that finds no room is
counted as an overrun. The reader, another thread, takes them in order. It is woken through an eventfd, but only
when it has said that it sleeps, so a busy stream costs no system call per packet.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.unistd cimport write

cdef extern from *:
    """
    #define podium_tap_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
    #define podium_tap_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
    #define podium_tap_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
    """
    uint64_t podium_tap_load(uint64_t* position) noexcept nogil
    void podium_tap_store(uint64_t* position, uint64_t value) noexcept nogil
    int podium_tap_exchange(int* flag, int value) noexcept nogil

cdef enum:
    ALIGNMENT = 8

cdef uint32_t SKIPPED = 0xFFFFFFFFU


cdef int tap_open(TapRing* ring, uint32_t capacity, int event_fd) noexcept nogil:
    """Allocate; -1 when there is no memory."""
    memset(ring, 0, sizeof(TapRing))
    ring.memory = <uint8_t*>calloc(1, capacity)
    ring.capacity = capacity
    ring.event_fd = event_fd
    return 0 if ring.memory != NULL else -1


cdef void tap_close(TapRing* ring) noexcept nogil:
    free(ring.memory)
    ring.memory = NULL


cdef inline uint32_t footprint(uint32_t size) noexcept nogil:
    """Bytes that a record of this size takes."""
    return <uint32_t>((sizeof(TapRecord) + size + ALIGNMENT - 1) & ~<uint32_t>(ALIGNMENT - 1))


cdef void tap_write(TapRing* ring, uint32_t kind, int64_t arrival_us, const uint8_t* data, uint32_t size) noexcept nogil:
    """Append one record, or count an overrun."""
    cdef uint32_t needed = footprint(size)
    cdef uint32_t at = ring.head & (ring.capacity - 1)
    cdef uint32_t to_end = ring.capacity - at
    cdef uint32_t skipped = to_end if to_end < needed else 0
    cdef TapRecord* record
    if ring.head + skipped + needed - podium_tap_load(&ring.tail) > ring.capacity:
        ring.overruns += 1
        return
    if skipped > 0:
        if skipped >= sizeof(TapRecord):
            (<TapRecord*>(ring.memory + at)).size = SKIPPED
        at = 0
    record = <TapRecord*>(ring.memory + at)
    record.size = size
    record.kind = kind
    record.arrival_us = arrival_us
    memcpy(ring.memory + at + sizeof(TapRecord), data, size)
    ring.records += 1
    podium_tap_store(&ring.head, ring.head + skipped + needed)
    wake(ring)


cdef void wake(TapRing* ring) noexcept nogil:
    cdef uint64_t one = 1
    if ring.waiting and podium_tap_exchange(&ring.waiting, 0):
        write(ring.event_fd, &one, 8)


cdef TapRecord* tap_peek(TapRing* ring) noexcept nogil:
    """The oldest record, its data behind it; NULL when there is none."""
    cdef uint32_t at
    cdef TapRecord* record
    while podium_tap_load(&ring.head) != ring.tail:
        at = ring.tail & (ring.capacity - 1)
        record = <TapRecord*>(ring.memory + at)
        if ring.capacity - at >= sizeof(TapRecord) and record.size != SKIPPED:
            return record
        podium_tap_store(&ring.tail, ring.tail + ring.capacity - at)
    return NULL


cdef void tap_pop(TapRing* ring) noexcept nogil:
    cdef TapRecord* record = <TapRecord*>(ring.memory + (ring.tail & (ring.capacity - 1)))
    podium_tap_store(&ring.tail, ring.tail + footprint(record.size))


cdef bint tap_prepare_wait(TapRing* ring) noexcept nogil:
    """Announce that the reader is about to sleep; False when there is something to read, or nothing will come."""
    podium_tap_exchange(&ring.waiting, 1)
    return podium_tap_load(&ring.head) == ring.tail and not ring.ended


cdef void tap_end(TapRing* ring) noexcept nogil:
    """The source is gone."""
    ring.ended = 1
    wake(ring)
