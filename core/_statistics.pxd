# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from podium.core._model cimport Slot, Source

cdef packed struct Row:
    uint8_t kind
    uint8_t direction
    uint8_t codec
    uint8_t running
    uint32_t id
    uint32_t room
    uint32_t transport
    uint32_t ssrc
    uint32_t source
    uint64_t packets
    uint64_t bytes
    int64_t lost
    double fraction_lost
    double jitter
    double round_trip
    uint64_t nacks
    uint64_t plis
    uint64_t retransmitted
    uint64_t key_frames
    uint64_t switches
    uint16_t width
    uint16_t height
    char layer[8]


cdef void source_row(Row* row, Source* source)
cdef void slot_row(Row* row, Slot* slot)
