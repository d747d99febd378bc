# SPDX-License-Identifier: Apache-2.0
"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

Notes when packets of one transport arrived and writes that down in RTCP feedback packets, from which the sender
estimates its bandwidth. Each number is reported once, in order: what arrives after it was reported as lost is not
reported again. Estimates nothing itself.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from podium.core._bytes cimport sequence_distance, write_u16, write_u24, write_u32

cdef enum:
    TICK_US = 250                 # unit of the deltas
    REFERENCE_TICKS = 256         # unit of the reference time, 64 ms, in ticks
    HEADER = 20                   # RTCP feedback header and the fixed part of the feedback
    CHUNK = 2
    MIN_CAPACITY = 28             # one run of losses and one large delta, padded
    MAX_CAPACITY = 65532
    NOT_RECEIVED = 0
    SMALL_DELTA = 1
    LARGE_DELTA = 2
    RUN_LENGTH = 0x0000
    ONE_BIT_VECTOR = 0x8000
    TWO_BIT_VECTOR = 0xC000
    ONE_BIT_SYMBOLS = 14
    TWO_BIT_SYMBOLS = 7
    PADDING_FLAG = 0x20
    FEEDBACK_FORMAT = 15
    RTCP_FEEDBACK = 205

# What is to be reported: as much from `next_sequence` on as one packet's deltas can say.
cdef struct Report:
    int64_t reference             # in units of 64 ms
    int count                     # the last one has arrived
    uint8_t status[TWCC_WINDOW]
    int16_t delta[TWCC_WINDOW]


cdef void twcc_reset(ArrivalLog* log) noexcept nogil:
    log.started = False
    log.next_sequence = log.highest = 0
    log.feedback_count = 0
    forget_arrivals(log)


cdef inline void forget_arrivals(ArrivalLog* log) noexcept nogil:
    memset(log.arrivals, 0xFF, sizeof(log.arrivals))      # -1 everywhere


cdef void twcc_arrived_untrusted(ArrivalLog* log, uint16_t sequence, int64_t arrival_us) noexcept nogil:
    cdef int ahead = sequence_distance(sequence, log.next_sequence)
    cdef int64_t* arrival = &log.arrivals[sequence % TWCC_WINDOW]
    if log.started and -TWCC_WINDOW <= ahead < 0:
        return
    if not log.started or not 0 <= ahead < TWCC_WINDOW:
        forget_arrivals(log)
        log.started = True
        log.next_sequence = sequence
        log.highest = sequence
    elif sequence_distance(sequence, log.highest) > 0:
        log.highest = sequence
    if arrival[0] < 0:
        arrival[0] = max(arrival_us, <int64_t>0)


cdef int twcc_write_feedback(
    ArrivalLog* log, uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc
) noexcept nogil:
    cdef Report report
    cdef int count, chunks = 0, size, padding
    capacity = min(capacity, MAX_CAPACITY) & ~3
    if not log.started or capacity < MIN_CAPACITY:
        return 0
    collect(log, &report)
    count = write_chunks(&report, out + HEADER, capacity - HEADER, &chunks)
    if count == 0:
        return 0
    size = HEADER + chunks
    size += write_deltas(&report, count, out + size)
    padding = -size & 3
    if padding:
        memset(out + size, 0, padding)
        size += padding
        out[size - 1] = <uint8_t>padding
    write_header(out, size, padding, sender_ssrc, media_ssrc)
    write_u16(out + 12, log.next_sequence)
    write_u16(out + 14, count)
    write_u24(out + 16, <uint32_t>(report.reference & 0xFFFFFF))
    out[19] = log.feedback_count
    advance(log, count)
    return size


cdef void write_header(uint8_t* out, int size, bint padded, uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil:
    out[0] = 0x80 | FEEDBACK_FORMAT | (PADDING_FLAG if padded else 0)
    out[1] = RTCP_FEEDBACK
    write_u16(out + 2, size // 4 - 1)
    write_u32(out + 4, sender_ssrc)
    write_u32(out + 8, media_ssrc)


cdef void advance(ArrivalLog* log, int count) noexcept nogil:
    cdef int index
    for index in range(count):
        log.arrivals[(log.next_sequence + index) % TWCC_WINDOW] = -1
    log.next_sequence = <uint16_t>(log.next_sequence + count)
    log.feedback_count = <uint8_t>(log.feedback_count + 1)


# Deltas are differences of rounded times, so that rounding does not add up. Ends before a delta of more than 16 bits.
cdef void collect(const ArrivalLog* log, Report* report) noexcept nogil:
    cdef int index
    cdef int pending = sequence_distance(log.highest, log.next_sequence) + 1
    cdef int64_t arrival, ticks, delta
    cdef int64_t before = -1
    report.count = 0
    report.reference = 0
    for index in range(min(pending, TWCC_WINDOW)):
        arrival = log.arrivals[(log.next_sequence + index) % TWCC_WINDOW]
        report.status[index] = NOT_RECEIVED
        if arrival < 0:
            continue
        ticks = arrival // TICK_US
        if before < 0:
            report.reference = ticks // REFERENCE_TICKS
            before = report.reference * REFERENCE_TICKS
        delta = ticks - before
        if delta < -0x8000 or delta > 0x7FFF:
            return
        report.delta[index] = <int16_t>delta
        report.status[index] = SMALL_DELTA if 0 <= delta <= 0xFF else LARGE_DELTA
        report.count = index + 1
        before = ticks


# Number of packets whose status and delta fit into `room`; *chunks becomes the bytes of chunks written.
cdef int write_chunks(const Report* report, uint8_t* out, int room, int* chunks) noexcept nogil:
    cdef int kind = 0, span, fitting, covered = 0
    cdef const uint8_t* status
    while covered < report.count and room >= CHUNK:
        status = report.status + covered
        room -= CHUNK
        span = choose_chunk(status, report.count - covered, &kind)
        fitting = fit_deltas(status, span, &room)
        if fitting == 0:
            break
        write_u16(out + chunks[0], encode_chunk(kind, status, fitting))
        chunks[0] += CHUNK
        covered += fitting
        if fitting < span:
            break
    return covered


# How many of the next symbols the chunk of *kind* covers that takes the least room here.
cdef int choose_chunk(const uint8_t* status, int left, int* kind) noexcept nogil:
    cdef int run = 1
    cdef int small = 0
    while run < left and status[run] == status[0]:
        run += 1
    while small < min(left, ONE_BIT_SYMBOLS) and status[small] != LARGE_DELTA:
        small += 1
    if run < ONE_BIT_SYMBOLS and small == min(left, ONE_BIT_SYMBOLS):
        kind[0] = ONE_BIT_VECTOR
        return small
    if run >= TWO_BIT_SYMBOLS:
        kind[0] = RUN_LENGTH
        return run
    kind[0] = TWO_BIT_VECTOR
    return min(left, TWO_BIT_SYMBOLS)


# A status is numbered by the bytes of its delta.
cdef int fit_deltas(const uint8_t* status, int span, int* room) noexcept nogil:
    cdef int index
    for index in range(span):
        if status[index] > room[0]:
            return index
        room[0] -= status[index]
    return span


cdef uint16_t encode_chunk(int kind, const uint8_t* status, int count) noexcept nogil:
    cdef int index
    cdef int chunk = kind
    if kind == RUN_LENGTH:
        return <uint16_t>(status[0] << 13 | count)
    for index in range(count):
        if kind == ONE_BIT_VECTOR:
            chunk |= status[index] << (ONE_BIT_SYMBOLS - 1 - index)
        else:
            chunk |= status[index] << 2 * (TWO_BIT_SYMBOLS - 1 - index)
    return <uint16_t>chunk


cdef int write_deltas(const Report* report, int count, uint8_t* out) noexcept nogil:
    cdef int index, size = 0
    for index in range(count):
        if report.status[index] == SMALL_DELTA:
            out[size] = <uint8_t>report.delta[index]
            size += 1
        elif report.status[index] == LARGE_DELTA:
            write_u16(out + size, <uint16_t>report.delta[index])
            size += 2
    return size


cdef class ArrivalRecorder:
    cdef ArrivalLog log

    def __cinit__(self):
        twcc_reset(&self.log)

    def reset(self):
        twcc_reset(&self.log)

    def arrived(self, uint16_t sequence, int64_t arrival_us):
        twcc_arrived_untrusted(&self.log, sequence, arrival_us)

    def take_feedback(self, uint32_t sender_ssrc, uint32_t media_ssrc, int capacity=1200):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, min(max(capacity, 0), MAX_CAPACITY))
        cdef int size = twcc_write_feedback(&self.log, <uint8_t*><char*>out, len(out), sender_ssrc, media_ssrc)
        return out[:size] if size else None
