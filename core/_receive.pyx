# SPDX-License-Identifier: Apache-2.0
"""From a datagram to a stored packet: classify (RFC 7983), decrypt once, parse once, bind to a source, account, store.

STUN and DTLS go up to the trio thread, and only such as somebody there waits for: a binding request for a known ufrag,
a DTLS record from a validated address. Everything else from strangers is dropped here without a trace but a count.
A stream is known by its SSRC; a new SSRC is bound once by MID and RID (RFC 8843, RFC 8852) or, where a peer
sends neither, by being the only candidate of its kind.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcmp, memmove

from podium.core._bytes cimport read_u16, read_u32, write_u16, write_u32
from podium.core._codec cimport CODEC_NONE, CODEC_OPUS, PayloadDescription, describe_payload_untrusted
from podium.core._control cimport receive_rtcp_untrusted
from podium.core._forward cimport forward_pending, source_release_viewers
from podium.core._levels cimport levels_heard
from podium.core._model cimport (
    KIND_AUDIO, KIND_VIDEO, MAX_PENDING, MAX_STRANGERS, Identifier, PayloadType, SsrcEntry, Transport, UfragEntry,
)
from podium.core._nack cimport ARRIVAL_RECOVERED, ARRIVAL_RESTART, nack_received_untrusted
from podium.core._notices cimport (
    NOTICE_DTLS, NOTICE_FRAME_SIZE, NOTICE_SOURCE_STARTED, NOTICE_STUN, notify, notify_datagram,
)
from podium.core._rtp cimport (
    EXTENSION_AUDIO_LEVEL, EXTENSION_DEPENDENCY_DESCRIPTOR, EXTENSION_MID, EXTENSION_REPAIRED_RID, EXTENSION_RID,
    EXTENSION_TRANSPORT_SEQUENCE, ExtensionValues, RtpHeader, parse_extensions_untrusted, parse_rtp_untrusted,
)
from podium.core._srtp cimport unprotect_rtp_untrusted
from podium.core._store cimport StoredPacket, store_get, store_put
from podium.core._stun cimport find_username_untrusted
from podium.core._tap cimport TAP_RTP, tap_write
from podium.core._tables cimport find_address, find_ssrc, find_ufrag, insert_ssrc, remove_source_ssrcs
from podium.core._twcc cimport twcc_arrived_untrusted
from podium.core._udp cimport MAX_PACKET, Address

# Binding requests per second and ufrag from addresses that are not validated: more is an attack on the trio thread.
cdef int STUN_PER_SECOND = 50

# A jump of this size is a new beginning, not a loss (RFC 3550 appendix A.1, MAX_DROPOUT).
cdef int MAX_DROPOUT = 3000

# Without the audio level extension a packet counts as speech, unless it is as small as Opus' silence.
cdef uint8_t ASSUMED_SPEECH = 40
cdef int SILENT_SIZE = 12

# A gap that is still open after so long is asked for (the loss list's own patience).
cdef int64_t REORDERING_US = 10000

cdef int NO_LEVEL = 255


cdef void receive_datagrams_untrusted(WorkerState* worker, const Datagram* datagram) noexcept nogil:
    """One datagram, or a run of them that the kernel received as one (UDP_GRO)."""
    cdef int segment = datagram.segment_size if datagram.segment_size > 0 else max(datagram.size, 1)
    cdef int at = 0
    while at < datagram.size:
        receive_one_untrusted(
            worker, datagram.data + at, min(segment, datagram.size - at), &datagram.source, datagram.arrival_us
        )
        at += segment


cdef void receive_one_untrusted(
    WorkerState* worker, uint8_t* data, int size, const Address* address, int64_t arrival_us
) noexcept nogil:
    cdef Transport* transport
    worker.counters.datagrams += 1
    if data[0] < 4:
        receive_stun_untrusted(worker, data, size, address)
        return
    transport = find_address(worker, address)
    if transport == NULL:
        worker.counters.dropped_unknown += 1
    elif 20 <= data[0] < 64:
        worker.counters.dtls += 1
        notify_datagram(worker, NOTICE_DTLS, transport.id, address, data, size)
    elif 128 <= data[0] < 192 and size >= 12 and transport.receive_session != NULL:
        if 192 <= data[1] < 224:
            receive_rtcp_untrusted(worker, transport, data, size, arrival_us)
        else:
            receive_rtp_untrusted(worker, transport, data, size, arrival_us)
    else:
        worker.counters.dropped_unknown += 1


# -- STUN


cdef void receive_stun_untrusted(WorkerState* worker, const uint8_t* data, int size, const Address* address) noexcept nogil:
    """Pass up binding requests whose USERNAME begins with a ufrag that a transport of this worker uses."""
    cdef int offset = 0
    cdef int length = find_username_untrusted(data, size, &offset)
    cdef UfragEntry* entry
    if length <= 0:
        worker.counters.dropped_malformed += 1
        return
    entry = find_ufrag(worker, data + offset, length)
    if entry == NULL:
        worker.counters.dropped_unknown += 1
        return
    if find_address(worker, address) != entry.transport:
        if worker.now_us - entry.window_us > 1000000:
            entry.window_us = worker.now_us
            entry.seen = 0
        entry.seen += 1
        if entry.seen > STUN_PER_SECOND:
            worker.counters.dropped_unauthentic += 1
            return
    worker.counters.stun += 1
    notify_datagram(worker, NOTICE_STUN, entry.transport.id, address, data, size)


# -- RTP


cdef void receive_rtp_untrusted(
    WorkerState* worker, Transport* transport, uint8_t* data, int size, int64_t arrival_us
) noexcept nogil:
    cdef RtpHeader header
    cdef ExtensionValues values
    cdef SsrcEntry* entry = find_ssrc(transport, read_u32(data + 8))
    cdef PayloadType* payload_type
    if size > MAX_PACKET or (entry == NULL and transport.strangers >= MAX_STRANGERS):
        worker.counters.dropped_malformed += 1
        return
    size = unprotect_rtp_untrusted(transport.receive_session, data, size)
    if size < 0:
        worker.counters.dropped_unauthentic += 1
        return
    worker.counters.rtp += 1
    transport.last_received_us = worker.now_us
    if parse_rtp_untrusted(data, size, &header) < 0:
        worker.counters.dropped_malformed += 1
        return
    # What padding there was is known now; nobody behind this line sees it.
    data[0] &= 0xDF
    parse_extensions_untrusted(data, &header, transport.extension_kinds, &values)
    if transport.feedback and values.size[EXTENSION_TRANSPORT_SEQUENCE] == 2:
        twcc_arrived_untrusted(
            &transport.arrivals, <uint16_t>read_u16(data + values.offset[EXTENSION_TRANSPORT_SEQUENCE]), arrival_us
        )
    payload_type = &transport.payload_types[header.payload_type]
    if payload_type.codec == CODEC_NONE:
        worker.counters.dropped_unbound += 1
        return
    if entry == NULL:
        entry = bind(transport, data, &header, &values, payload_type)
        if entry == NULL:
            transport.strangers += 1
            worker.counters.dropped_unbound += 1
            return
    if entry.rtx or payload_type.rtx:
        receive_rtx_untrusted(worker, transport, entry.source, data, &header, &values, arrival_us)
    else:
        entry.source.counters.packets += 1
        entry.source.counters.bytes += header.payload_size
        receive_packet_untrusted(worker, entry.source, data, &header, &values, payload_type, arrival_us)


cdef void receive_rtx_untrusted(
    WorkerState* worker, Transport* transport, Source* source, uint8_t* data, RtpHeader* header, ExtensionValues* values,
    int64_t arrival_us,
) noexcept nogil:
    """Turn a retransmission back into what it repeats (RFC 4588 section 4). Padding on this SSRC is a probe, no more."""
    cdef PayloadType* payload_type = &transport.payload_types[header.payload_type]
    if not payload_type.rtx or header.payload_size < 2 or not source.started:
        return
    header.sequence = read_u16(data + header.header_size)
    header.payload_size -= 2
    # The header moves over the original sequence number and becomes that of the original packet.
    memmove(data + 2, data, header.header_size)
    data += 2
    data[1] = (data[1] & 0x80) | payload_type.original
    write_u16(data + 2, header.sequence)
    write_u32(data + 8, source.ssrc)
    payload_type = &transport.payload_types[payload_type.original]
    # It repeats something that was missed, so it is never ahead.
    if payload_type.codec != CODEC_NONE and <int16_t>(header.sequence - <uint16_t>source.highest) <= 0:
        receive_packet_untrusted(worker, source, data, header, values, payload_type, arrival_us)


cdef SsrcEntry* bind(
    Transport* transport, const uint8_t* data, const RtpHeader* header, const ExtensionValues* values,
    const PayloadType* payload_type,
) noexcept nogil:
    """Find the source that this new SSRC belongs to; NULL when there is none."""
    cdef bint rtx = payload_type.rtx
    cdef int rid = EXTENSION_REPAIRED_RID if rtx and values.size[EXTENSION_REPAIRED_RID] else EXTENSION_RID
    cdef Source* source
    if values.size[EXTENSION_MID] > 0:
        source = find_source(transport, data, values, rid)
    else:
        source = only_candidate(transport, KIND_AUDIO if payload_type.codec == CODEC_OPUS else KIND_VIDEO, rtx)
    if source == NULL:
        return NULL
    if (source.rtx_ssrc if rtx else source.ssrc) != 0:
        # The sender began anew under another SSRC.
        remove_source_ssrcs(transport, source, rtx)
        transport.strangers += 1
    if insert_ssrc(transport, header.ssrc, source, rtx) < 0:
        return NULL
    if rtx:
        source.rtx_ssrc = header.ssrc
    else:
        source.ssrc = header.ssrc
    return find_ssrc(transport, header.ssrc)


cdef bint matches(const Identifier* identifier, const uint8_t* data, const ExtensionValues* values, int kind) noexcept nogil:
    return identifier.size == values.size[kind] and memcmp(identifier.text, data + values.offset[kind], identifier.size) == 0


cdef Source* find_source(Transport* transport, const uint8_t* data, const ExtensionValues* values, int rid) noexcept nogil:
    cdef int i
    cdef Source* source
    for i in range(transport.source_count):
        source = transport.sources[i]
        if matches(&source.mid, data, values, EXTENSION_MID) and (source.rid.size == 0 or matches(&source.rid, data, values, rid)):
            return source
    return NULL


cdef Source* only_candidate(Transport* transport, int kind, bint rtx) noexcept nogil:
    cdef int i
    cdef Source* source
    cdef Source* found = NULL
    for i in range(transport.source_count):
        source = transport.sources[i]
        if source.kind == kind and (source.rtx_ssrc if rtx else source.ssrc) == 0:
            if found != NULL:
                return NULL
            found = source
    return found


# -- one packet of a source


cdef void receive_packet_untrusted(
    WorkerState* worker, Source* source, const uint8_t* data, const RtpHeader* header, const ExtensionValues* values,
    const PayloadType* payload_type, int64_t arrival_us,
) noexcept nogil:
    cdef int64_t sequence = place(worker, source, header, payload_type, arrival_us)
    cdef uint8_t level = NO_LEVEL
    cdef int tap
    if sequence < 0:
        return
    if not source.running:
        source.running = True
        notify(worker, NOTICE_SOURCE_STARTED, source.id, source.ssrc)
    if source.blocked:
        return
    if source.kind == KIND_AUDIO:
        if values.size[EXTENSION_AUDIO_LEVEL] >= 1:
            level = data[values.offset[EXTENSION_AUDIO_LEVEL]]
            levels_heard(&source.loudness, level, worker.now_us)
        else:
            levels_heard(&source.loudness, ASSUMED_SPEECH if header.payload_size > SILENT_SIZE else 127, worker.now_us)
    for tap in range(source.tap_count):
        tap_write(source.taps[tap], TAP_RTP, arrival_us, data, header.header_size + header.payload_size)
    store(worker, source, sequence, data, header, values, level, arrival_us)


cdef int64_t place(
    WorkerState* worker, Source* source, const RtpHeader* header, const PayloadType* payload_type, int64_t arrival_us
) noexcept nogil:
    """The packet's extended sequence number, with losses and jitter accounted; -1 for one to be dropped."""
    cdef int difference = 0
    cdef int64_t sequence
    cdef int arrival
    if not source.started:
        source.started = True
        source.highest = (<int64_t>1 << 32) + header.sequence
        source.first = source.highest
        source.key_frame = -1
        sequence = source.highest
    else:
        difference = <int16_t>(header.sequence - <uint16_t>source.highest)
        sequence = source.highest + difference
    arrival = nack_received_untrusted(&source.losses, header.sequence, worker.now_us) if source.nack else -1
    if arrival == ARRIVAL_RESTART or difference > MAX_DROPOUT or difference < -MAX_DROPOUT:
        return restart(worker, source, header)
    if difference <= 0 and store_get(&source.store, sequence) != NULL:
        source.counters.duplicates += 1
        return -1
    if arrival == ARRIVAL_RECOVERED:
        source.counters.recovered += 1
    if difference > 1 and source.nack:
        worker.next_tick_us = min(worker.next_tick_us, worker.now_us + REORDERING_US)
    if difference > 0:
        source.highest = sequence
    source.codec = payload_type.codec
    source.clock_rate = payload_type.clock_rate
    if difference >= 0:
        measure_jitter(source, header.timestamp, arrival_us)
        source.last_arrival_us = arrival_us
        source.last_timestamp = header.timestamp
    return sequence


cdef int64_t restart(WorkerState* worker, Source* source, const RtpHeader* header) noexcept nogil:
    """The numbering broke off: go on in the next cycle and let every slot wait for a key frame."""
    source.highest = ((source.highest >> 16) + 1 << 16) + header.sequence
    source.first = source.highest
    source.reported_expected = 0
    source.reported_packets = 0
    source.counters.lost = 0
    source.key_frame = -1
    source_release_viewers(worker, source, True)
    source.pending_count = 0
    return source.highest


cdef void measure_jitter(Source* source, uint32_t timestamp, int64_t arrival_us) noexcept nogil:
    """RFC 3550 section 6.4.1 and appendix A.8; packets of one frame share a time stamp and count once."""
    cdef int64_t transit, difference
    if timestamp == source.last_timestamp and source.transit != 0:
        return
    transit = <int64_t>(<double>arrival_us * source.clock_rate / 1e6) - timestamp
    difference = <int32_t><uint32_t>(transit - source.transit)
    if difference < 0:
        difference = -difference
    if source.transit != 0 and difference < 10 * <int64_t>source.clock_rate:
        source.counters.jitter += (difference - source.counters.jitter) / 16
    source.transit = transit


cdef void store(
    WorkerState* worker, Source* source, int64_t sequence, const uint8_t* data, const RtpHeader* header,
    const ExtensionValues* values, uint8_t level, int64_t arrival_us,
) noexcept nogil:
    cdef StoredPacket* packet
    if source.pending_count == MAX_PENDING:
        forward_pending(worker)
    packet = store_put(
        &source.store, sequence, data + header.header_size, header.payload_size,
        data + values.offset[EXTENSION_DEPENDENCY_DESCRIPTOR], values.size[EXTENSION_DEPENDENCY_DESCRIPTOR],
    )
    if packet == NULL:
        return
    packet.arrival_us = arrival_us
    packet.codec = source.codec
    packet.audio_level = level
    packet.marker = header.marker
    packet.timestamp = header.timestamp
    describe_payload_untrusted(source.codec, data + header.header_size, header.payload_size, &packet.description)
    if packet.description.key_frame:
        note_key_frame(worker, source, packet)
    source.pending[source.pending_count] = sequence
    source.pending_count += 1
    if not source.touched:
        source.touched = True
        worker.touched[worker.touched_count] = source
        worker.touched_count += 1


cdef void note_key_frame(WorkerState* worker, Source* source, StoredPacket* packet) noexcept nogil:
    cdef uint32_t frame_size = <uint32_t>packet.description.width << 16 | packet.description.height
    cdef StoredPacket* newest = store_get(&source.store, source.key_frame) if source.key_frame >= 0 else NULL
    if newest != NULL and newest.timestamp == packet.timestamp and newest.sequence < packet.sequence:
        # An H264 key frame shows itself twice, in its parameter sets and in its picture: the first one counts.
        return
    source.counters.key_frames += 1
    if packet.sequence > source.key_frame:
        source.key_frame = packet.sequence
    source.key_frame_wanted = False
    if frame_size != 0 and frame_size != source.frame_size:
        source.frame_size = frame_size
        notify(worker, NOTICE_FRAME_SIZE, source.id, frame_size)
