# SPDX-License-Identifier: Apache-2.0
"""How one slot renumbers what it forwards, so that its receiver sees one unbroken stream.

Numbers are shifted, never stored per packet: an epoch is a stretch of one source under one set of offsets. A switch of
source begins an epoch, so does a packet that is left out. The last few epochs are kept: a late packet finds the offsets
of its time, and a number that a receiver asks for (NACK) leads back to the source's own.
Numbers are extended to 64 bits inside (RFC 3550 appendix A.1); only the wire has 16.
"""

from libc.string cimport memset


cdef void munge_reset(Munger* munger, uint16_t first_out) noexcept nogil:
    """Forget everything; the first packet will get `first_out`."""
    memset(munger, 0, sizeof(Munger))
    # Far from zero, so that no late packet is numbered below it.
    munger.last_out = (<int64_t>1 << 32) + first_out - 1


cdef Epoch* munge_switch(
    Munger* munger, uint32_t source_id, int64_t first_in, uint32_t in_timestamp, uint32_t out_timestamp,
    uint16_t in_picture, uint8_t in_tl0,
) noexcept nogil:
    """From `first_in` of this source on, continue where the last packet left off."""
    cdef Epoch* epoch = &munger.epochs[munger.count % MUNGE_EPOCHS]
    munger.count += 1
    epoch.source_id = source_id
    epoch.first_in = first_in
    epoch.sequence_offset = munger.last_out + 1 - first_in
    epoch.timestamp_offset = out_timestamp - in_timestamp
    epoch.picture_offset = <uint16_t>(munger.last_picture + 1 - in_picture)
    epoch.tl0_offset = <uint8_t>(munger.last_tl0 + 1 - in_tl0)
    return epoch


cdef void munge_skip(Munger* munger, int64_t sequence) noexcept nogil:
    """Leave out this packet, the newest of the current epoch's source: its number goes to the next one."""
    cdef Epoch* newest = &munger.epochs[(munger.count - 1) % MUNGE_EPOCHS]
    cdef Epoch* epoch
    if newest.first_in == sequence:
        newest.first_in += 1
        newest.sequence_offset -= 1
        return
    epoch = &munger.epochs[munger.count % MUNGE_EPOCHS]
    munger.count += 1
    epoch[0] = newest[0]
    epoch.first_in = sequence + 1
    epoch.sequence_offset = newest.sequence_offset - 1


cdef Epoch* munge_map(Munger* munger, uint32_t source_id, int64_t sequence) noexcept nogil:
    """The epoch that covers a packet of this source, or NULL when it is from before the switch (or too old)."""
    cdef uint32_t i
    cdef Epoch* epoch
    for i in range(min(munger.count, <uint32_t>MUNGE_EPOCHS)):
        epoch = &munger.epochs[(munger.count - 1 - i) % MUNGE_EPOCHS]
        if epoch.source_id != source_id:
            return NULL
        if sequence >= epoch.first_in:
            return epoch
    return NULL


cdef bint munge_showed(Munger* munger, uint32_t source_id, int64_t sequence) noexcept nogil:
    """Whether a stretch of this source that is still remembered may have included this packet."""
    cdef uint32_t i
    for i in range(min(munger.count, <uint32_t>MUNGE_EPOCHS)):
        if munger.epochs[i].source_id == source_id and munger.epochs[i].first_in <= sequence:
            return True
    return False


cdef Epoch* munge_find(Munger* munger, uint16_t out_sequence, int64_t* sequence) noexcept nogil:
    """The epoch in which this number was given out, and the source's number then; NULL when it is not known."""
    cdef int64_t out = munger.last_out - <uint16_t>(<uint16_t>munger.last_out - out_sequence)
    cdef uint32_t i
    cdef Epoch* epoch
    for i in range(min(munger.count, <uint32_t>MUNGE_EPOCHS)):
        epoch = &munger.epochs[(munger.count - 1 - i) % MUNGE_EPOCHS]
        if out >= epoch.first_in + epoch.sequence_offset:
            sequence[0] = out - epoch.sequence_offset
            return epoch
    return NULL


cdef void munge_note(
    Munger* munger, int64_t out_sequence, uint32_t timestamp, uint16_t picture, uint8_t tl0
) noexcept nogil:
    """This packet was given out with these numbers."""
    if out_sequence > munger.last_out:
        munger.last_out = out_sequence
        munger.last_timestamp = timestamp
        munger.last_picture = picture
        munger.last_tl0 = tl0


cdef class SlotNumbers:
    """The same for Python: what tests and tools see of one slot's renumbering."""

    cdef Munger munger

    def __init__(self, first_out: int = 1) -> None:
        munge_reset(&self.munger, first_out)

    def switch(self, source_id: int, first_in: int, in_timestamp: int, out_timestamp: int, picture: int = 0, tl0: int = 0) -> None:
        munge_switch(&self.munger, source_id, first_in, in_timestamp, out_timestamp, picture, tl0)

    def skip(self, sequence: int) -> None:
        munge_skip(&self.munger, sequence)

    def forward(self, source_id: int, sequence: int, timestamp: int, picture: int = 0, tl0: int = 0):
        """(sequence, timestamp, picture id, tl0) as sent, or None for a packet that must not be."""
        cdef Epoch* epoch = munge_map(&self.munger, source_id, sequence)
        cdef int64_t out
        if epoch == NULL:
            return None
        out = <int64_t>sequence + epoch.sequence_offset
        numbers = (
            out & 0xFFFF,
            (timestamp + epoch.timestamp_offset) & 0xFFFFFFFF,
            (picture + epoch.picture_offset) & 0x7FFF,
            (tl0 + epoch.tl0_offset) & 0xFF,
        )
        munge_note(&self.munger, out, numbers[1], numbers[2], numbers[3])
        return numbers

    def find(self, out_sequence: int):
        """(source id, sequence) behind a number that was sent, or None."""
        cdef int64_t sequence
        cdef Epoch* epoch = munge_find(&self.munger, out_sequence, &sequence)
        return None if epoch == NULL else (epoch.source_id, sequence)
