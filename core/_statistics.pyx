# SPDX-License-Identifier: Apache-2.0
"""What is counted of each stream, as rows of a numpy table: one for each source and slot, made by the trio thread.

The worker goes on counting meanwhile; a row may be a packet apart in itself, which statistics can bear.
"""

from libc.string cimport memcpy

import numpy as np

STATISTICS_DTYPE = np.dtype([
    ("kind", "u1"), ("direction", "u1"), ("codec", "u1"), ("running", "?"), ("id", "u4"), ("room", "u4"), ("transport", "u4"),
    ("ssrc", "u4"), ("source", "u4"), ("packets", "u8"), ("bytes", "u8"), ("lost", "i8"), ("fraction_lost", "f8"),
    ("jitter", "f8"), ("round_trip", "f8"), ("nacks", "u8"), ("plis", "u8"), ("retransmitted", "u8"), ("key_frames", "u8"),
    ("switches", "u8"), ("width", "u2"), ("height", "u2"), ("layer", "S8"),
])


cdef void source_row(Row* row, Source* source):
    row.kind = source.kind
    row.direction = 0
    row.codec = source.codec
    row.running = source.running
    row.id = source.id
    row.room = source.transport.room.id
    row.transport = source.transport.id
    row.ssrc = source.ssrc
    row.source = source.id
    row.packets = source.counters.packets
    row.bytes = source.counters.bytes
    row.lost = source.counters.lost
    row.jitter = source.counters.jitter / source.clock_rate if source.clock_rate else 0.0
    row.round_trip = source.transport.round_trip_us / 1e6
    row.nacks = source.counters.nacks
    row.plis = source.counters.plis
    row.retransmitted = source.counters.recovered
    row.key_frames = source.counters.key_frames
    row.width = source.frame_size >> 16
    row.height = source.frame_size & 0xFFFF
    memcpy(row.layer, source.rid.text, min(<int>source.rid.size, 8))


cdef void slot_row(Row* row, Slot* slot):
    # The worker may take the source away between two looks, but never frees it: this thread does, and not now.
    cdef Source* source = slot.current
    row.kind = slot.kind
    row.direction = 1
    row.running = source != NULL
    row.id = slot.id
    row.room = slot.transport.room.id
    row.transport = slot.transport.id
    row.ssrc = slot.ssrc
    row.packets = slot.counters.packets
    row.bytes = slot.counters.bytes
    row.lost = slot.counters.lost
    row.fraction_lost = slot.counters.fraction_lost
    row.round_trip = slot.counters.round_trip
    row.nacks = slot.counters.nacks
    row.plis = slot.counters.plis
    row.retransmitted = slot.counters.retransmitted
    row.switches = slot.counters.switches
    if source != NULL:
        row.source = source.id
        row.codec = source.codec
        row.jitter = slot.counters.jitter / source.clock_rate if source.clock_rate else 0.0
        row.key_frames = source.counters.key_frames
        row.width = source.frame_size >> 16
        row.height = source.frame_size & 0xFFFF
        memcpy(row.layer, source.rid.text, min(<int>source.rid.size, 8))
