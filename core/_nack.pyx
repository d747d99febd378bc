# SPDX-License-Identifier: Apache-2.0
"""Which packets of a stream are missing, and when to ask for them again (RFC 4585 section 6.2.1).

Sequence numbers and times come in, numbers to ask for go out; the list is bounded and ordered by age. A gap first
waits a moment, because packets that overtake each other are not lost. Nothing is assumed of the contents: the caller
says where a key frame made older packets useless.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memmove, memset

from podium.core._bytes cimport sequence_distance

from typing import NamedTuple

cdef enum:
    # RACK's reordering window is a quarter of the round trip (RFC 8985 section 6.2), taken here for one of 40 ms.
    REORDERING_GRACE_US = 10_000
    # No sooner than this again, however short the round trip: libwebrtc's NackRequester works in the same step.
    MIN_REPEAT_US = 20_000
    # MAX_DROPOUT of RFC 3550 appendix A.1; used for steps back as well, since retransmissions come late.
    MAX_STEP = 3000
    # libwebrtc and mediasoup give up what is so many packets behind the newest.
    MAX_AGE = 10_000


cdef void nack_reset(LossList* list) noexcept nogil:
    memset(list, 0, sizeof(LossList))


cdef int nack_received_untrusted(LossList* list, uint16_t sequence, int64_t now_us) noexcept nogil:
    cdef int ahead = sequence_distance(sequence, list.highest)
    if not list.started:
        restart(list, sequence)
        return ARRIVAL_IN_ORDER
    if ahead > MAX_STEP or ahead < -MAX_STEP:
        if take(list, sequence):
            return ARRIVAL_RECOVERED
        restart(list, sequence)
        return ARRIVAL_RESTART
    if ahead <= 0:
        return ARRIVAL_RECOVERED if take(list, sequence) else ARRIVAL_OLD
    append_gap(list, ahead - 1, now_us)
    list.highest = sequence
    drop_aged(list)
    return ARRIVAL_IN_ORDER


cdef void restart(LossList* list, uint16_t sequence) noexcept nogil:
    list.started = True
    list.highest = sequence
    list.count = 0


cdef inline void drop_oldest(LossList* list, int count) noexcept nogil:
    list.count -= count
    memmove(&list.losses[0], &list.losses[count], list.count * sizeof(Loss))


cdef inline uint16_t age_of(const LossList* list, uint16_t sequence) noexcept nogil:
    return <uint16_t>(list.highest - sequence)


# The `gap` numbers behind `highest` are missing; those for which there is no room are given up, the oldest first.
cdef void append_gap(LossList* list, int gap, int64_t now_us) noexcept nogil:
    cdef int skipped = max(0, gap - NACK_CAPACITY)
    cdef int pushed_out = max(0, list.count + gap - skipped - NACK_CAPACITY)
    cdef int index
    cdef Loss* loss
    if pushed_out:
        drop_oldest(list, pushed_out)
    list.dropped += skipped + pushed_out
    for index in range(skipped, gap):
        loss = &list.losses[list.count]
        loss.sequence = <uint16_t>(list.highest + 1 + index)
        loss.tries = 0
        loss.due_us = now_us + REORDERING_GRACE_US
        list.count += 1


# Keeps the ages in the list far from half the number space, so that their order stays right.
cdef void drop_aged(LossList* list) noexcept nogil:
    cdef int aged = 0
    while aged < list.count and age_of(list, list.losses[aged].sequence) > MAX_AGE:
        aged += 1
    if aged:
        drop_oldest(list, aged)
        list.dropped += aged


# Index of the first loss that is not older than `sequence`; ages descend along the list.
cdef int find(const LossList* list, uint16_t sequence) noexcept nogil:
    cdef uint16_t age = age_of(list, sequence)
    cdef int low = 0
    cdef int high = list.count
    cdef int middle
    while low < high:
        middle = (low + high) // 2
        if age_of(list, list.losses[middle].sequence) > age:
            low = middle + 1
        else:
            high = middle
    return low


# Whether `sequence` was missing; it no longer is.
cdef bint take(LossList* list, uint16_t sequence) noexcept nogil:
    cdef int index = find(list, sequence)
    if index == list.count or list.losses[index].sequence != sequence:
        return False
    list.count -= 1
    memmove(&list.losses[index], &list.losses[index + 1], (list.count - index) * sizeof(Loss))
    return True


cdef int nack_due(
    LossList* list, int64_t now_us, int64_t round_trip_us, uint16_t* sequences, int capacity, uint32_t* gave_up
) noexcept nogil:
    cdef int64_t again_us = now_us + max(round_trip_us, <int64_t>MIN_REPEAT_US)
    cdef int index, kept = 0, due = 0
    cdef uint32_t given_up = list.dropped
    cdef Loss loss
    list.dropped = 0
    for index in range(list.count):
        loss = list.losses[index]
        if loss.due_us <= now_us:
            if loss.tries >= NACK_TRIES:
                given_up += 1
                continue
            if due < capacity:
                sequences[due] = loss.sequence
                due += 1
                loss.tries += 1
                loss.due_us = again_us
        list.losses[kept] = loss
        kept += 1
    list.count = kept
    if gave_up != NULL:
        gave_up[0] = given_up
    return due


cdef void nack_forget_before(LossList* list, uint16_t sequence) noexcept nogil:
    cdef int older = 0
    while older < list.count and sequence_distance(list.losses[older].sequence, sequence) < 0:
        older += 1
    if older:
        drop_oldest(list, older)


class Due(NamedTuple):
    sequences: list
    gave_up: int


cdef class LossTracker:
    cdef LossList list

    IN_ORDER = ARRIVAL_IN_ORDER
    RECOVERED = ARRIVAL_RECOVERED
    OLD = ARRIVAL_OLD
    RESTART = ARRIVAL_RESTART

    def __cinit__(self):
        nack_reset(&self.list)

    def reset(self):
        nack_reset(&self.list)

    def received(self, uint16_t sequence, int64_t now_us):
        return nack_received_untrusted(&self.list, sequence, now_us)

    def due(self, int64_t now_us, int64_t round_trip_us, int capacity=NACK_CAPACITY):
        cdef uint16_t sequences[NACK_CAPACITY]
        cdef uint32_t gave_up = 0
        cdef int index
        cdef int count = nack_due(
            &self.list, now_us, round_trip_us, sequences, min(capacity, <int>NACK_CAPACITY), &gave_up
        )
        return Due([sequences[index] for index in range(count)], gave_up)

    def forget_before(self, uint16_t sequence):
        nack_forget_before(&self.list, sequence)

    @property
    def missing(self):
        cdef int index
        return [self.list.losses[index].sequence for index in range(self.list.count)]
