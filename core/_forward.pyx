# SPDX-License-Identifier: Apache-2.0
"""From a source's stored packets to the slots that show it.

What depends on the packet alone was done when it was stored; here is what differs between receivers: which source a
slot shows, its numbers (`_munge`), its header, encryption and the batch to its address. Receivers are taken one after
the other, each with all new packets of the source, so that neighbors of one size leave as one run (`_udp`).
A slot changes its source at a key frame; a fresh one that is still stored is replayed instead of asking for another.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memset

from podium.core._bytes cimport write_u16, write_u32
from podium.core._clock cimport ntp_to_us, ticks_to_us
from podium.core._codec cimport PayloadDescription, write_picture_numbers
from podium.core._model cimport KIND_AUDIO, KIND_VIDEO, RESENT_MEMORY, Resent, Room
from podium.core._munge cimport Epoch, munge_find, munge_map, munge_note, munge_showed, munge_skip, munge_switch
from podium.core._notices cimport NOTICE_SLOT_SWITCHED, notify
from podium.core._rtp cimport EXTENSION_AUDIO_LEVEL, EXTENSION_DEPENDENCY_DESCRIPTOR, EXTENSION_MID
from podium.core._srtp cimport SRTP_OVERHEAD, protect_rtp
from podium.core._store cimport StoredPacket, store_get, store_payload
from podium.core._udp cimport MAX_PACKET, send_commit, send_flush, send_reserve

cdef int NO_PAYLOAD_TYPE = 255
cdef int NO_LEVEL = 255

# A cached key frame serves a newcomer while it is this young and few packets came since (Galene starts from 40 packets).
cdef int64_t REPLAY_PACKETS = 60
cdef int64_t REPLAY_AGE_US = 3000000

# Sizes that differ by a few bytes are evened out by padding (libwebrtc cuts a frame into nearly equal parts).
cdef int EVEN_OUT = 8

# Frames of two streams never share a time stamp: a new one comes at least this much later.
cdef int64_t VIDEO_STEP_US = 1000
cdef int64_t AUDIO_STEP_US = 20000

# A repeated request within a round trip is the same request.
cdef int64_t RESEND_HOLD_MINIMUM_US = 10000
cdef int64_t RESEND_HOLD_MAXIMUM_US = 250000


# -- new packets


cdef void forward_pending(WorkerState* worker) noexcept nogil:
    """Send every packet stored since the last call to the slots that show its source."""
    cdef int i, v
    cdef Source* source
    for i in range(worker.touched_count):
        source = worker.touched[i]
        if source.kind == KIND_VIDEO:
            even_out(source)
        for v in range(source.viewer_count):
            forward_to_slot(worker, source, source.viewers[v])
        source.pending_count = 0
        source.touched = False
    worker.touched_count = 0
    send_flush(&worker.sender)


cdef void even_out(Source* source) noexcept nogil:
    """Pad neighbors of nearly equal size to the largest of them, so that they can leave as one run."""
    cdef int first = 0, last, i, largest, smallest
    cdef StoredPacket* packet
    while first < source.pending_count:
        largest = 0
        smallest = 1 << 16
        last = first
        while last < source.pending_count:
            packet = store_get(&source.store, source.pending[last])
            if packet == NULL or packet.payload_size == 0:
                break
            if max(largest, packet.payload_size) - min(smallest, packet.payload_size) > EVEN_OUT:
                break
            largest = max(largest, packet.payload_size)
            smallest = min(smallest, packet.payload_size)
            last += 1
        # Alone, or last of a run behind larger ones: a shorter last packet costs nothing.
        for i in range(first, last - 1):
            packet = store_get(&source.store, source.pending[i])
            packet.pad = <uint8_t>(largest - packet.payload_size)
        if last - first > 1:
            packet = store_get(&source.store, source.pending[last - 1])
            packet.pad = 0
        first = max(last, first + 1)


cdef void forward_to_slot(WorkerState* worker, Source* source, Slot* slot) noexcept nogil:
    cdef int i
    cdef StoredPacket* packet
    if slot.paused or not slot.transport.has_remote or slot.transport.send_session == NULL:
        return
    for i in range(source.pending_count):
        packet = store_get(&source.store, source.pending[i])
        if packet == NULL or slot.payload_types[packet.codec] == NO_PAYLOAD_TYPE:
            continue
        if slot.current != source:
            if slot.target != source or not can_begin(slot, packet):
                continue
            begin(worker, slot, source, packet)
        send_packet(worker, slot, source, packet)


cdef bint can_begin(Slot* slot, StoredPacket* packet) noexcept nogil:
    return packet.payload_size > 0 and (slot.kind == KIND_AUDIO or packet.description.key_frame)


cdef void begin(WorkerState* worker, Slot* slot, Source* source, StoredPacket* packet) noexcept nogil:
    """This packet is the first that the slot shows of this source."""
    cdef Source* before = slot.current
    cdef uint32_t timestamp = packet.timestamp
    if slot.started:
        timestamp = slot.munger.last_timestamp + <uint32_t>(
            gap_us(slot, before, source, packet) * source.clock_rate // 1000000
        )
    munge_switch(
        &slot.munger, source.id, packet.sequence, packet.timestamp, timestamp,
        packet.description.picture_id, packet.description.tl0_picture_index,
    )
    slot.current = source
    slot.started = True
    slot.counters.switches += 1
    if before != NULL and before != source:
        detach(before, slot)
    notify(worker, NOTICE_SLOT_SWITCHED, slot.id, source.id)


cdef int64_t gap_us(Slot* slot, Source* before, Source* source, StoredPacket* packet) noexcept nogil:
    """Time between the last packet sent and this one, by the sender's clock where both come from one sender."""
    cdef int64_t gap = packet.arrival_us - slot.last_arrival_us
    cdef int64_t step = AUDIO_STEP_US if slot.kind == KIND_AUDIO else VIDEO_STEP_US
    if (
        before != NULL and before.transport == source.transport and before.has_report and source.has_report
        and before.clock_rate > 0 and source.clock_rate > 0
    ):
        gap = capture_us(source, packet.timestamp) - capture_us(before, slot.last_in_timestamp)
    return max(gap, step)


cdef int64_t capture_us(Source* source, uint32_t timestamp) noexcept nogil:
    """When this time stamp was taken, on the sender's NTP clock, by its last sender report (RFC 3550 section 6.4.1)."""
    return ntp_to_us(source.report_ntp) + ticks_to_us(timestamp - source.report_rtp, source.clock_rate)


cdef void send_packet(WorkerState* worker, Slot* slot, Source* source, StoredPacket* packet) noexcept nogil:
    cdef Epoch* epoch = munge_map(&slot.munger, source.id, packet.sequence)
    cdef uint32_t timestamp
    cdef PayloadDescription* description = &packet.description
    cdef int64_t out
    if epoch == NULL:
        return
    out = packet.sequence + epoch.sequence_offset
    if packet.payload_size == 0 and out > slot.munger.last_out:
        munge_skip(&slot.munger, packet.sequence)
        return
    if out > slot.munger.last_out:
        timestamp = packet.timestamp + epoch.timestamp_offset
        munge_note(
            &slot.munger, out, timestamp,
            <uint16_t>(description.picture_id + epoch.picture_offset) if description.picture_id_bits else slot.munger.last_picture,
            <uint8_t>(description.tl0_picture_index + epoch.tl0_offset) if description.has_tl0 else slot.munger.last_tl0,
        )
        slot.last_arrival_us = packet.arrival_us
        slot.last_in_timestamp = packet.timestamp
    if emit(worker, slot, source, packet, epoch, False):
        slot.counters.packets += 1
        slot.counters.bytes += packet.payload_size
        slot.last_sent_us = worker.now_us


# -- retransmission


cdef void slot_resend_untrusted(WorkerState* worker, Slot* slot, uint16_t sequence) noexcept nogil:
    """A receiver asked for this number (RFC 4585): send it again, as RTX (RFC 4588) where agreed."""
    cdef Resent* resent = &slot.resent[sequence % RESENT_MEMORY]
    cdef int64_t hold = min(max(slot.transport.round_trip_us, RESEND_HOLD_MINIMUM_US), RESEND_HOLD_MAXIMUM_US)
    cdef int64_t source_sequence
    cdef Epoch* epoch
    cdef Source* source
    cdef StoredPacket* packet = NULL
    if resent.sequence == sequence and worker.now_us - resent.at_us < hold:
        return
    epoch = munge_find(&slot.munger, sequence, &source_sequence)
    if epoch != NULL:
        source = find_source(slot, epoch.source_id)
        if source != NULL and not source.blocked and may_receive(slot.transport, source):
            packet = store_get(&source.store, source_sequence)
    if packet == NULL:
        slot.counters.missed += 1
        return
    resent.sequence = sequence
    resent.at_us = worker.now_us
    if emit(worker, slot, source, packet, epoch, slot.rtx_ssrc != 0 and slot.rtx_payload_types[packet.codec] != NO_PAYLOAD_TYPE):
        slot.counters.retransmitted += 1


cdef Source* find_source(Slot* slot, uint32_t identifier) noexcept nogil:
    cdef Room* room = slot.transport.room
    cdef Transport* transport
    cdef int t, s
    if slot.current != NULL and slot.current.id == identifier:
        return slot.current
    for t in range(room.transport_count):
        transport = room.transports[t]
        for s in range(transport.source_count):
            if transport.sources[s].id == identifier:
                return transport.sources[s]
    return NULL


# -- one packet on the wire


cdef bint emit(
    WorkerState* worker, Slot* slot, Source* source, StoredPacket* packet, Epoch* epoch, bint rtx
) noexcept nogil:
    """Write, encrypt and queue one packet; False when it could not be."""
    cdef uint8_t* out
    cdef int size = 12 + 4 + 64 + packet.descriptor_size + packet.payload_size + packet.pad + 2 + SRTP_OVERHEAD
    if size > 2 * MAX_PACKET:
        return False
    out = send_reserve(&worker.sender, size)
    size = write_packet(out, slot, source, packet, epoch, rtx)
    size = protect_rtp(slot.transport.send_session, out, size)
    if size < 0:
        return False
    send_commit(&worker.sender, &slot.transport.remote, size)
    return True


cdef int write_packet(
    uint8_t* out, Slot* slot, Source* source, StoredPacket* packet, Epoch* epoch, bint rtx
) noexcept nogil:
    """The plain packet as this slot's receiver shall see it (RFC 3550, RFC 8285, RFC 4588); its size."""
    cdef int at = 12
    cdef int pad = packet.pad
    cdef uint16_t sequence = <uint16_t>(packet.sequence + epoch.sequence_offset)
    cdef uint8_t* payload = store_payload(&source.store, packet)
    out[0] = 0x80
    out[1] = <uint8_t>(packet.marker << 7) | slot.payload_types[packet.codec]
    write_u16(out + 2, sequence)
    write_u32(out + 4, packet.timestamp + epoch.timestamp_offset)
    write_u32(out + 8, slot.ssrc)
    if slot.kind == KIND_AUDIO:
        out[0] |= 1
        write_u32(out + at, source.csrc)
        at += 4
    if packet.payload_size == 0:
        # Its place in the numbering is taken, so it goes out as what it was: padding.
        pad = max(pad, 1)
    at += write_extensions(out, out + at, slot, packet, payload + packet.payload_size)
    if rtx:
        out[1] = <uint8_t>(packet.marker << 7) | slot.rtx_payload_types[packet.codec]
        write_u16(out + 2, slot.rtx_sequence)
        write_u32(out + 8, slot.rtx_ssrc)
        slot.rtx_sequence += 1
        write_u16(out + at, sequence)
        at += 2
    memcpy(out + at, payload, packet.payload_size)
    if packet.description.picture_id_bits:
        write_picture_numbers(
            out + at, &packet.description,
            <uint16_t>(packet.description.picture_id + epoch.picture_offset),
            <uint8_t>(packet.description.tl0_picture_index + epoch.tl0_offset),
        )
    at += packet.payload_size
    if pad > 0:
        out[0] |= 0x20
        memset(out + at, 0, pad)
        at += pad
        out[at - 1] = <uint8_t>pad
    return at


cdef int write_extensions(
    uint8_t* packet_start, uint8_t* out, Slot* slot, StoredPacket* packet, const uint8_t* descriptor
) noexcept nogil:
    """The extension block: MID, audio level and AV1 dependency descriptor as agreed; its size, 0 for none."""
    cdef uint8_t* ids = slot.transport.extension_ids
    cdef bint two_byte = packet.descriptor_size > 16 and ids[EXTENSION_DEPENDENCY_DESCRIPTOR] != 0
    cdef int at = 4
    if ids[EXTENSION_MID] != 0 and slot.mid.size > 0:
        at += write_element(out + at, two_byte, ids[EXTENSION_MID], slot.mid.text, slot.mid.size)
    if ids[EXTENSION_AUDIO_LEVEL] != 0 and packet.audio_level != NO_LEVEL:
        at += write_element(out + at, two_byte, ids[EXTENSION_AUDIO_LEVEL], &packet.audio_level, 1)
    if ids[EXTENSION_DEPENDENCY_DESCRIPTOR] != 0 and packet.descriptor_size > 0:
        at += write_element(out + at, two_byte, ids[EXTENSION_DEPENDENCY_DESCRIPTOR], descriptor, packet.descriptor_size)
    if at == 4:
        return 0
    while at % 4 != 0:
        out[at] = 0
        at += 1
    write_u16(out, 0x1000 if two_byte else 0xBEDE)
    write_u16(out + 2, <uint16_t>((at - 4) // 4))
    packet_start[0] |= 0x10
    return at


cdef int write_element(uint8_t* out, bint two_byte, uint8_t identifier, const uint8_t* value, int size) noexcept nogil:
    if two_byte:
        out[0] = identifier
        out[1] = <uint8_t>size
        memcpy(out + 2, value, size)
        return size + 2
    out[0] = <uint8_t>(identifier << 4 | (size - 1))
    memcpy(out + 1, value, size)
    return size + 1


# -- what a slot shows


cdef void slot_show(WorkerState* worker, Slot* slot, Source* source) noexcept nogil:
    """Show this source from its next key frame on (at once when a fresh one is stored); NULL: nothing.

    What the receiver may not see or hear counts as nothing, whoever asks.
    """
    if source != NULL and not may_receive(slot.transport, source):
        source = NULL
    if slot.target == source and source != NULL:
        return
    if slot.target != NULL and slot.target != slot.current:
        detach(slot.target, slot)
    slot.target = source
    if source == NULL:
        if slot.current != NULL:
            detach(slot.current, slot)
            slot.current = NULL
        notify(worker, NOTICE_SLOT_SWITCHED, slot.id, 0)
        return
    if source != slot.current:
        if attach(source, slot) < 0:
            slot.target = slot.current
            return
        start(worker, slot, source)
        send_flush(&worker.sender)


cdef void slot_pause(WorkerState* worker, Slot* slot, bint paused) noexcept nogil:
    """A paused slot sends nothing and goes on from a key frame."""
    if slot.paused == paused:
        return
    slot.paused = paused
    if paused:
        if slot.current != NULL and slot.current != slot.target:
            detach(slot.current, slot)
        slot.current = NULL
    elif slot.target != NULL:
        start(worker, slot, slot.target)


cdef void want_key_frame(WorkerState* worker, Source* source) noexcept nogil:
    """Somebody needs one: the next tick asks for it, and it comes soon."""
    source.key_frame_wanted = True
    worker.next_tick_us = min(worker.next_tick_us, worker.now_us)


cdef void start(WorkerState* worker, Slot* slot, Source* source) noexcept nogil:
    """Replay from the stored key frame where that is enough, otherwise ask for one."""
    cdef int64_t sequence
    cdef StoredPacket* packet
    if slot.kind != KIND_VIDEO or slot.paused:
        return
    if not replayable(worker, slot, source):
        want_key_frame(worker, source)
        return
    for sequence in range(source.key_frame, source.highest + 1):
        packet = store_get(&source.store, sequence)
        if sequence == source.key_frame:
            begin(worker, slot, source, packet)
        send_packet(worker, slot, source, packet)


cdef void restart_waiting(WorkerState* worker, Transport* transport) noexcept nogil:
    """The transport can send now, or anew: replay for the slots that wait."""
    cdef int i
    cdef Slot* slot
    for i in range(transport.slot_count):
        slot = transport.slots[i]
        if slot.target != NULL and slot.current != slot.target:
            start(worker, slot, slot.target)
    send_flush(&worker.sender)


cdef bint replayable(WorkerState* worker, Slot* slot, Source* source) noexcept nogil:
    """Whether everything since the last key frame is stored, recent, and new to this slot (nobody is shown the past twice)."""
    cdef int64_t sequence
    cdef StoredPacket* packet
    if (
        source.key_frame < 0 or source.blocked or source.highest - source.key_frame >= REPLAY_PACKETS
        or not slot.transport.has_remote or slot.transport.send_session == NULL
        or munge_showed(&slot.munger, source.id, source.key_frame)
    ):
        return False
    for sequence in range(source.key_frame, source.highest + 1):
        packet = store_get(&source.store, sequence)
        if packet == NULL or slot.payload_types[packet.codec] == NO_PAYLOAD_TYPE:
            return False
        if sequence == source.key_frame and worker.now_us - packet.arrival_us > REPLAY_AGE_US:
            return False
    return True


cdef void source_release_viewers(WorkerState* worker, Source* source, bint waiting) noexcept nogil:
    """The source ends, or (waiting) its stream breaks off: its slots show nothing, or wait for its next key frame."""
    cdef int i = 0
    cdef Slot* slot
    while i < source.viewer_count:
        slot = source.viewers[i]
        if slot.current == source:
            slot.current = NULL
            notify(worker, NOTICE_SLOT_SWITCHED, slot.id, 0)
        if waiting and slot.target == source:
            i += 1
            continue
        if slot.target == source:
            slot.target = NULL
        detach(source, slot)


cdef void source_release_forbidden(WorkerState* worker, Source* source) noexcept nogil:
    """Slots of receivers that may not have the source any more show nothing of it from now on."""
    cdef int i = source.viewer_count
    while i > 0:
        # From the end: what takes the place of one let go has been looked at.
        i -= 1
        if not may_receive(source.viewers[i].transport, source):
            release(worker, source.viewers[i], source)


cdef void slot_release_forbidden(WorkerState* worker, Slot* slot) noexcept nogil:
    cdef Source* current = slot.current
    cdef Source* target = slot.target
    if current != NULL and not may_receive(slot.transport, current):
        release(worker, slot, current)
    if target != NULL and target != current and not may_receive(slot.transport, target):
        release(worker, slot, target)


cdef void release(WorkerState* worker, Slot* slot, Source* source) noexcept nogil:
    """The slot neither shows this source nor waits for it; another one that it waits for stays."""
    if slot.target == source:
        slot.target = NULL
    if slot.current == source:
        slot.current = NULL
        notify(worker, NOTICE_SLOT_SWITCHED, slot.id, 0)
    detach(source, slot)


cdef int attach(Source* source, Slot* slot) noexcept nogil:
    """List the slot among the source's viewers; -1 when there is no memory."""
    cdef Slot** larger
    cdef int capacity
    if source.viewer_count == source.viewer_capacity:
        capacity = max(16, source.viewer_capacity * 2)
        larger = <Slot**>realloc(source.viewers, capacity * sizeof(Slot*))
        if larger == NULL:
            return -1
        source.viewers = larger
        source.viewer_capacity = capacity
    source.viewers[source.viewer_count] = slot
    source.viewer_count += 1
    return 0


cdef void detach(Source* source, Slot* slot) noexcept nogil:
    cdef int i
    for i in range(source.viewer_count):
        if source.viewers[i] == slot:
            source.viewer_count -= 1
            source.viewers[i] = source.viewers[source.viewer_count]
            return
