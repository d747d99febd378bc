# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    NACK_CAPACITY = 512
    NACK_TRIES = 10

cdef enum Arrival:
    ARRIVAL_IN_ORDER = 0      # the expected next, or ahead with a gap (the gap is now in the list)
    ARRIVAL_RECOVERED = 1     # was missing
    ARRIVAL_OLD = 2           # duplicate, or given up before
    ARRIVAL_RESTART = 3       # so far away that the stream is taken as restarted; the list is empty again

cdef struct Loss:
    uint16_t sequence
    uint8_t tries
    int64_t due_us

cdef struct LossList:
    bint started
    uint16_t highest
    uint32_t dropped          # losses given up since the last nack_due, because the list was full or they got too old
    int count
    Loss losses[512]          # oldest first

cdef void nack_reset(LossList* list) noexcept nogil
cdef int nack_received_untrusted(LossList* list, uint16_t sequence, int64_t now_us) noexcept nogil
# Sequence numbers to ask for now (at most capacity); *gave_up (may be NULL) is set to the
# number given up since the last call: asked for NACK_TRIES times in vain, pushed out by newer ones, or too old.
cdef int nack_due(LossList* list, int64_t now_us, int64_t round_trip_us, uint16_t* sequences, int capacity, uint32_t* gave_up) noexcept nogil
# A key frame began at this number: what is older need not be asked for.
cdef void nack_forget_before(LossList* list, uint16_t sequence) noexcept nogil
