# SPDX-License-Identifier: Apache-2.0
"""The control traffic of a worker: RTCP that arrives, and what has to be said from time to time.

A tick asks publishers for lost packets (NACK) and key frames (PLI), reports arrival times for
their bandwidth estimators, sends sender and receiver reports once a second, and chooses the voices that are heard.
Sender reports carry the publisher's own clock, moved to ours by one offset per publisher: the offset at the shortest
delay seen, so that sound and picture of one person stay in step (RFC 3550 section 6.4.1).
"""

from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from podium.core._clock cimport ntp_to_us, us_to_ntp
from podium.core._forward cimport slot_resend_untrusted, want_key_frame
from podium.core._model cimport KIND_VIDEO, Slot, Source
from podium.core._nack cimport nack_due
from podium.core._notices cimport NOTICE_SOURCE_STOPPED, notify
from podium.core._rtcp cimport (
    RTCP_BYE, RTCP_PAYLOAD_FEEDBACK, RTCP_RECEIVER_REPORT, RTCP_SENDER_REPORT, RTCP_TRANSPORT_FEEDBACK, ReportBlock,
    RtcpPacket, SenderInfo, next_rtcp_untrusted, read_feedback_ssrcs_untrusted, read_fir_untrusted, read_nack_untrusted,
    read_report_block_untrusted, read_sender_info_untrusted, write_cname, write_nack, write_pli, write_receiver_report,
    write_sender_report,
)
from podium.core._speakers cimport select_voices
from podium.core._srtp cimport SRTP_OVERHEAD, protect_rtcp, unprotect_rtcp_untrusted
from podium.core._tap cimport TAP_SENDER_REPORT, tap_write
from podium.core._tables cimport find_ssrc
from podium.core._twcc cimport twcc_write_feedback
from podium.core._udp cimport MAX_PACKET, send_commit, send_flush, send_reserve

cdef int REPORT_COUNT_MASK = 31
cdef int MAX_NACKS = 253              # of one message read or written
cdef int RTCP_SIZE = 1200

cdef int64_t BUSY_TICK_US = 10000     # while a loss or a key frame is being asked for
cdef int64_t CALM_TICK_US = 50000
cdef int64_t PLI_INTERVAL_US = 1000000        # at most one a second and source (mediasoup)
cdef int64_t FEEDBACK_INTERVAL_US = 100000    # libwebrtc's default, RemoteEstimatorProxy
cdef int64_t REPORT_INTERVAL_US = 1000000
cdef int64_t STOPPED_US = 2000000
cdef int64_t CLOCK_DRIFT_US = 200             # per report: how fast a shortest delay is forgotten
cdef uint64_t NTP_EPOCH = 2208988800          # seconds from 1900 to 1970


# -- arriving


cdef void receive_rtcp_untrusted(
    WorkerState* worker, Transport* transport, uint8_t* data, int size, int64_t arrival_us
) noexcept nogil:
    cdef RtcpPacket packet
    cdef int offset = 0
    size = unprotect_rtcp_untrusted(transport.receive_session, data, size)
    if size < 0:
        worker.counters.dropped_unauthentic += 1
        return
    worker.counters.rtcp += 1
    transport.last_received_us = worker.now_us
    while offset < size:
        offset = next_rtcp_untrusted(data, size, offset, &packet)
        if offset < 0:
            worker.counters.dropped_malformed += 1
            return
        receive_rtcp_packet_untrusted(worker, transport, data, &packet, arrival_us)


cdef void receive_rtcp_packet_untrusted(
    WorkerState* worker, Transport* transport, const uint8_t* data, const RtcpPacket* packet, int64_t arrival_us
) noexcept nogil:
    if packet.type == RTCP_SENDER_REPORT:
        receive_sender_report_untrusted(transport, data, packet, arrival_us)
        receive_reports_untrusted(worker, transport, data, packet, arrival_us)
    elif packet.type == RTCP_RECEIVER_REPORT:
        receive_reports_untrusted(worker, transport, data, packet, arrival_us)
    elif packet.type == RTCP_TRANSPORT_FEEDBACK and packet.count == 1:
        receive_nack_untrusted(worker, transport, data, packet)
    elif packet.type == RTCP_PAYLOAD_FEEDBACK and (packet.count == 1 or packet.count == 4):
        receive_key_frame_request_untrusted(worker, transport, data, packet)


cdef void receive_sender_report_untrusted(
    Transport* transport, const uint8_t* data, const RtcpPacket* packet, int64_t arrival_us
) noexcept nogil:
    cdef SenderInfo info
    cdef Source* source
    cdef int64_t offset
    cdef int tap
    if read_sender_info_untrusted(data, packet, &info) < 0:
        return
    source = source_of(transport, info.ssrc)
    if source == NULL:
        return
    for tap in range(source.tap_count):
        tap_write(source.taps[tap], TAP_SENDER_REPORT, arrival_us, data + packet.offset, packet.size)
    source.has_report = True
    source.report_ntp = info.ntp
    source.report_rtp = info.rtp_timestamp
    source.report_arrival_us = arrival_us
    offset = arrival_us - ntp_to_us(info.ntp)
    if transport.has_clock:
        offset = min(offset, transport.clock_offset_us + CLOCK_DRIFT_US)
    transport.has_clock = True
    transport.clock_offset_us = offset


cdef Source* source_of(Transport* transport, uint32_t ssrc) noexcept nogil:
    entry = find_ssrc(transport, ssrc)
    return NULL if entry == NULL or entry.rtx else entry.source


cdef Slot* slot_of(Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef int i
    for i in range(transport.slot_count):
        if transport.slots[i].ssrc == ssrc:
            return transport.slots[i]
    return NULL


cdef void receive_reports_untrusted(
    WorkerState* worker, Transport* transport, const uint8_t* data, const RtcpPacket* packet, int64_t arrival_us
) noexcept nogil:
    """What the receiver says of our slots: loss, jitter, round trip (RFC 3550 section 6.4.1)."""
    cdef ReportBlock block
    cdef Slot* slot
    cdef int i
    cdef uint32_t now_middle = <uint32_t>(ntp_at(worker, arrival_us) >> 16)
    cdef int32_t round_trip
    for i in range(packet.count & REPORT_COUNT_MASK):
        if read_report_block_untrusted(data, packet, i, &block) < 0:
            return
        slot = slot_of(transport, block.ssrc)
        if slot == NULL:
            continue
        slot.counters.lost = block.cumulative_lost
        slot.counters.fraction_lost = block.fraction_lost / 256.0
        slot.counters.jitter = block.jitter
        if block.last_sr != 0:
            round_trip = <int32_t>(now_middle - block.last_sr - block.delay_since_last_sr)
            if 0 <= round_trip < 10 * 65536:
                slot.counters.round_trip = round_trip / 65536.0
                transport.round_trip_us = max(<int64_t>(slot.counters.round_trip * 1e6), <int64_t>1)


cdef void receive_nack_untrusted(
    WorkerState* worker, Transport* transport, const uint8_t* data, const RtcpPacket* packet
) noexcept nogil:
    cdef uint16_t[253] sequences
    cdef uint32_t sender_ssrc, media_ssrc
    cdef Slot* slot
    cdef int count, i
    if read_feedback_ssrcs_untrusted(data, packet, &sender_ssrc, &media_ssrc) < 0:
        return
    slot = slot_of(transport, media_ssrc)
    if slot == NULL or transport.send_session == NULL or not transport.has_remote:
        return
    count = read_nack_untrusted(data, packet, sequences, MAX_NACKS)
    for i in range(count):
        slot.counters.nacks += 1
        slot_resend_untrusted(worker, slot, sequences[i])
    send_flush(&worker.sender)


cdef void receive_key_frame_request_untrusted(
    WorkerState* worker, Transport* transport, const uint8_t* data, const RtcpPacket* packet
) noexcept nogil:
    """PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1) for a slot becomes a wish at its source."""
    cdef uint32_t[32] ssrcs
    cdef uint32_t sender_ssrc
    cdef Slot* slot
    cdef int count = 1, i
    if packet.count == 1:
        if read_feedback_ssrcs_untrusted(data, packet, &sender_ssrc, &ssrcs[0]) < 0:
            return
    else:
        count = read_fir_untrusted(data, packet, ssrcs, 32)
    for i in range(count):
        slot = slot_of(transport, ssrcs[i])
        if slot != NULL and slot.kind == KIND_VIDEO:
            slot.counters.plis += 1
            if slot.current != NULL:
                want_key_frame(worker, slot.current)


# -- time


cdef uint64_t ntp_at(WorkerState* worker, int64_t monotonic) noexcept nogil:
    """Our NTP time at this moment of the monotonic clock."""
    return us_to_ntp(monotonic + worker.clock_to_realtime_us + <int64_t>NTP_EPOCH * 1000000)


# -- from time to time


cdef void tick(WorkerState* worker) noexcept nogil:
    cdef int i
    cdef bint busy = False
    cdef Transport* transport
    for i in range(worker.room_count):
        select_voices(worker, worker.rooms[i])
    for i in range(worker.transport_count):
        transport = worker.transports[i]
        watch_sources(worker, transport)
        if transport.send_session == NULL or not transport.has_remote:
            continue
        busy |= ask_publisher(worker, transport)
        if transport.feedback and worker.now_us >= transport.next_feedback_us:
            transport.next_feedback_us = worker.now_us + FEEDBACK_INTERVAL_US
            send_feedback(worker, transport)
        if worker.now_us >= transport.next_report_us:
            transport.next_report_us = worker.now_us + REPORT_INTERVAL_US
            send_reports(worker, transport)
    send_flush(&worker.sender)
    worker.next_tick_us = worker.now_us + (BUSY_TICK_US if busy else CALM_TICK_US)


cdef void watch_sources(WorkerState* worker, Transport* transport) noexcept nogil:
    cdef int i
    cdef Source* source
    for i in range(transport.source_count):
        source = transport.sources[i]
        if source.running and worker.now_us - source.last_arrival_us > STOPPED_US:
            source.running = False
            notify(worker, NOTICE_SOURCE_STOPPED, source.id, 0)


cdef bint ask_publisher(WorkerState* worker, Transport* transport) noexcept nogil:
    """Whether something is still wanted of it."""
    cdef int i
    cdef bint busy = False
    cdef Source* source
    for i in range(transport.source_count):
        source = transport.sources[i]
        if source.ssrc == 0:
            continue
        if source.nack and source.losses.count > 0:
            busy = True
            ask_for_losses(worker, transport, source)
        if source.pli and source.kind == KIND_VIDEO and not source.blocked:
            if source.key_frame_wanted or is_awaited(source):
                busy = True
                ask_for_key_frame(worker, transport, source)
    return busy


cdef void ask_for_losses(WorkerState* worker, Transport* transport, Source* source) noexcept nogil:
    cdef uint16_t[253] sequences
    cdef uint32_t given_up = 0
    cdef uint8_t* out
    cdef int count = nack_due(
        &source.losses, worker.now_us, transport.round_trip_us, sequences, MAX_NACKS, &given_up
    )
    if given_up > 0:
        # What will never come leaves a hole that only a key frame closes.
        source.counters.given_up += given_up
        source.key_frame_wanted = True
    if count <= 0:
        return
    source.counters.nacks += count
    out = send_reserve(&worker.sender, MAX_PACKET)
    send_rtcp(worker, transport, out, write_nack(out, RTCP_SIZE, transport.ssrc, source.ssrc, sequences, count))


cdef bint is_awaited(Source* source) noexcept nogil:
    """Whether a slot that could show it waits for its key frame."""
    cdef int i
    cdef Slot* slot
    for i in range(source.viewer_count):
        slot = source.viewers[i]
        if slot.target == source and slot.current != source and not slot.paused and slot.transport.send_session != NULL:
            return True
    return False


cdef void ask_for_key_frame(WorkerState* worker, Transport* transport, Source* source) noexcept nogil:
    """Send a PLI, unless the last one is too recent; many who wait are served by one."""
    cdef uint8_t* out
    if worker.now_us - source.last_pli_us < PLI_INTERVAL_US and source.last_pli_us != 0:
        return
    source.last_pli_us = worker.now_us
    source.counters.plis += 1
    out = send_reserve(&worker.sender, MAX_PACKET)
    send_rtcp(worker, transport, out, write_pli(out, RTCP_SIZE, transport.ssrc, source.ssrc))


cdef void send_feedback(WorkerState* worker, Transport* transport) noexcept nogil:
    """Arrival times of everything since the last feedback, for the publisher's bandwidth estimator."""
    cdef uint8_t* out
    cdef int size = 1
    cdef uint32_t media_ssrc = 0
    if transport.source_count > 0:
        media_ssrc = transport.sources[0].ssrc
    while size > 0:
        out = send_reserve(&worker.sender, MAX_PACKET)
        size = twcc_write_feedback(&transport.arrivals, out, RTCP_SIZE, transport.ssrc, media_ssrc)
        send_rtcp(worker, transport, out, size)


cdef void send_reports(WorkerState* worker, Transport* transport) noexcept nogil:
    """One compound packet: a receiver report on every source, a sender report and a name for every slot in use."""
    cdef ReportBlock[31] blocks
    cdef int count = 0, i
    cdef int size
    cdef uint8_t* out = send_reserve(&worker.sender, MAX_PACKET)
    cdef Slot* slot
    for i in range(transport.source_count):
        if transport.sources[i].started and transport.sources[i].ssrc != 0 and count < 31:
            report_block(worker, transport.sources[i], &blocks[count])
            count += 1
    size = write_receiver_report(out, RTCP_SIZE, transport.ssrc, blocks, count)
    size += write_cname(out + size, RTCP_SIZE - size, transport.ssrc, <const char*>transport.cname.text, transport.cname.size)
    for i in range(transport.slot_count):
        slot = transport.slots[i]
        if slot.current == NULL or not slot.started or worker.now_us - slot.last_sent_us > STOPPED_US:
            continue
        if RTCP_SIZE - size < 128:
            send_rtcp(worker, transport, out, size)
            out = send_reserve(&worker.sender, MAX_PACKET)
            size = 0
        size += sender_report(worker, transport, slot, out + size, RTCP_SIZE - size)
    send_rtcp(worker, transport, out, size)


cdef int sender_report(WorkerState* worker, Transport* transport, Slot* slot, uint8_t* out, int capacity) noexcept nogil:
    cdef SenderInfo info
    cdef int size
    info.ssrc = slot.ssrc
    info.ntp = ntp_at(worker, worker.now_us)
    info.rtp_timestamp = timestamp_now(worker, slot)
    info.packets = <uint32_t>slot.counters.packets
    info.octets = <uint32_t>slot.counters.bytes
    size = write_sender_report(out, capacity, &info, NULL, 0)
    return size + write_cname(
        out + size, capacity - size, slot.ssrc, <const char*>transport.cname.text, transport.cname.size
    )


cdef uint32_t timestamp_now(WorkerState* worker, Slot* slot) noexcept nogil:
    """What the slot's RTP clock shows now, by the publisher's own report where there is one."""
    cdef Source* source = slot.current
    cdef uint32_t offset = slot.munger.last_timestamp - slot.last_in_timestamp
    cdef int64_t elapsed
    if source.has_report and source.transport.has_clock:
        elapsed = worker.now_us - source.transport.clock_offset_us - ntp_to_us(source.report_ntp)
        return source.report_rtp + offset + <uint32_t>(elapsed * source.clock_rate // 1000000)
    elapsed = worker.now_us - slot.last_arrival_us
    return slot.munger.last_timestamp + <uint32_t>(elapsed * source.clock_rate // 1000000)


cdef void report_block(WorkerState* worker, Source* source, ReportBlock* block) noexcept nogil:
    """RFC 3550 section 6.4.1 and appendix A.3. What came by RTX stays lost here: estimators want to see it."""
    cdef int64_t expected = source.highest - source.first + 1
    cdef int64_t received = <int64_t>source.counters.packets
    cdef int64_t expected_now = expected - source.reported_expected
    cdef int64_t lost_now = expected_now - (received - source.reported_packets)
    source.counters.lost = expected - received
    source.reported_expected = expected
    source.reported_packets = received
    memset(block, 0, sizeof(ReportBlock))
    block.ssrc = source.ssrc
    if expected_now > 0 and lost_now > 0:
        block.fraction_lost = <uint8_t>min((lost_now << 8) // expected_now, <int64_t>255)
    block.cumulative_lost = <int32_t>max(min(source.counters.lost, <int64_t>0x7FFFFF), <int64_t>-0x800000)
    block.highest_sequence = <uint32_t>source.highest
    block.jitter = <uint32_t>source.counters.jitter
    if source.has_report:
        block.last_sr = <uint32_t>(source.report_ntp >> 16)
        block.delay_since_last_sr = <uint32_t>((worker.now_us - source.report_arrival_us) * 65536 // 1000000)


cdef void send_rtcp(WorkerState* worker, Transport* transport, uint8_t* out, int size) noexcept nogil:
    """Encrypt what was written at `send_reserve` and queue it; nothing for size 0."""
    if size <= 0:
        return
    size = protect_rtcp(transport.send_session, out, size)
    if size > 0:
        send_commit(&worker.sender, &transport.remote, size)
