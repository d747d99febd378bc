# SPDX-License-Identifier: Apache-2.0
"""RTCP (RFC 3550 section 6, RFC 4585, RFC 5104), read and written in plain buffers.

A compound datagram is walked packet by packet with `next_rtcp_untrusted`; any packet type may come first (RFC 5506).
Readers take a packet that the walk has found, so it lies within the datagram, and check its own lengths. Knows nothing
of when to send what.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from podium.core._bytes cimport (
    read_u16, read_u24, read_u32, read_u64, sequence_distance, write_u16, write_u24, write_u32, write_u64
)

from typing import NamedTuple

cdef enum:
    HEADER = 4
    SENDER_INFO = 28              # header, SSRC and sender information of a sender report
    RECEIVER_INFO = 8
    REPORT_BLOCK = 24
    FEEDBACK_HEADER = 12          # RFC 4585 section 6.1
    MAX_REPORTS = 31
    MAX_CNAME = 255
    MAX_DATAGRAM = 65535
    NACK_SPAN = 16                # numbers behind PID that one bit mask covers
    FEEDBACK_NACK = 1
    FEEDBACK_PLI = 1
    FEEDBACK_FIR = 4
    SDES_CNAME = 1


cdef int next_rtcp_untrusted(const uint8_t* data, int size, int offset, RtcpPacket* packet) noexcept nogil:
    cdef int length, padding = 0
    memset(packet, 0, sizeof(RtcpPacket))
    if size > MAX_DATAGRAM or offset < 0 or offset > size - HEADER:
        return -1
    if data[offset] >> 6 != 2:
        return -1
    length = 4 * (read_u16(data + offset + 2) + 1)
    if length > size - offset:
        return -1
    if data[offset] & 0x20:
        # Only the last packet may be padded (RFC 3550 section 6.4.1). Not only by multiples of four: the padding of
        # transport-wide feedback is counted within its packet.
        padding = data[offset + length - 1]
        if offset + length != size or padding == 0 or padding > length - HEADER:
            return -1
    packet.type = data[offset + 1]
    packet.count = data[offset] & 0x1F
    packet.offset = <uint16_t>offset
    packet.size = <uint16_t>(length - padding)
    return offset + length


cdef int read_sender_info_untrusted(const uint8_t* data, const RtcpPacket* packet, SenderInfo* info) noexcept nogil:
    cdef const uint8_t* start = data + packet.offset
    memset(info, 0, sizeof(SenderInfo))
    if packet.type != RTCP_SENDER_REPORT or packet.size < SENDER_INFO + REPORT_BLOCK * packet.count:
        return -1
    info.ssrc = read_u32(start + 4)
    info.ntp = read_u64(start + 8)
    info.rtp_timestamp = read_u32(start + 16)
    info.packets = read_u32(start + 20)
    info.octets = read_u32(start + 24)
    return 0


cdef int read_report_block_untrusted(
    const uint8_t* data, const RtcpPacket* packet, int index, ReportBlock* block
) noexcept nogil:
    cdef int blocks
    cdef const uint8_t* start
    memset(block, 0, sizeof(ReportBlock))
    if packet.type == RTCP_SENDER_REPORT:
        blocks = SENDER_INFO
    elif packet.type == RTCP_RECEIVER_REPORT:
        blocks = RECEIVER_INFO
    else:
        return -1
    if not 0 <= index < packet.count or packet.size < blocks + REPORT_BLOCK * packet.count:
        return -1
    start = data + packet.offset + blocks + REPORT_BLOCK * index
    block.ssrc = read_u32(start)
    block.fraction_lost = start[4]
    block.cumulative_lost = <int32_t>read_u24(start + 5)
    if block.cumulative_lost & 0x800000:
        block.cumulative_lost -= 0x1000000
    block.highest_sequence = read_u32(start + 8)
    block.jitter = read_u32(start + 12)
    block.last_sr = read_u32(start + 16)
    block.delay_since_last_sr = read_u32(start + 20)
    return 0


cdef int read_feedback_ssrcs_untrusted(
    const uint8_t* data, const RtcpPacket* packet, uint32_t* sender_ssrc, uint32_t* media_ssrc
) noexcept nogil:
    sender_ssrc[0] = media_ssrc[0] = 0
    if packet.type != RTCP_TRANSPORT_FEEDBACK and packet.type != RTCP_PAYLOAD_FEEDBACK:
        return -1
    if packet.size < FEEDBACK_HEADER:
        return -1
    sender_ssrc[0] = read_u32(data + packet.offset + 4)
    media_ssrc[0] = read_u32(data + packet.offset + 8)
    return 0


# RFC 4585 section 6.2.1: pairs of a number (PID) and a mask of the sixteen behind it (BLP).
cdef int read_nack_untrusted(
    const uint8_t* data, const RtcpPacket* packet, uint16_t* sequences, int capacity
) noexcept nogil:
    cdef int offset, bit, count = 0
    cdef uint16_t first, mask
    if packet.type != RTCP_TRANSPORT_FEEDBACK or packet.count != FEEDBACK_NACK:
        return -1
    if packet.size <= FEEDBACK_HEADER or (packet.size - FEEDBACK_HEADER) % 4:
        return -1
    for offset in range(packet.offset + FEEDBACK_HEADER, packet.offset + packet.size, 4):
        first = read_u16(data + offset)
        mask = read_u16(data + offset + 2)
        if count >= capacity:
            break
        sequences[count] = first
        count += 1
        for bit in range(NACK_SPAN):
            if mask >> bit & 1 and count < capacity:
                sequences[count] = <uint16_t>(first + bit + 1)
                count += 1
    return count


# RFC 5104 section 4.3.1.
cdef int read_fir_untrusted(
    const uint8_t* data, const RtcpPacket* packet, uint32_t* ssrcs, int capacity
) noexcept nogil:
    cdef int offset, count = 0
    if packet.type != RTCP_PAYLOAD_FEEDBACK or packet.count != FEEDBACK_FIR:
        return -1
    if packet.size <= FEEDBACK_HEADER or (packet.size - FEEDBACK_HEADER) % 8:
        return -1
    for offset in range(packet.offset + FEEDBACK_HEADER, packet.offset + packet.size, 8):
        if count >= capacity:
            break
        ssrcs[count] = read_u32(data + offset)
        count += 1
    return count


cdef int read_bye_untrusted(
    const uint8_t* data, const RtcpPacket* packet, uint32_t* ssrcs, int capacity
) noexcept nogil:
    cdef int index, count = 0
    if packet.type != RTCP_BYE or packet.size < HEADER + 4 * packet.count:
        return -1
    for index in range(packet.count):
        if count >= capacity:
            break
        ssrcs[count] = read_u32(data + packet.offset + HEADER + 4 * index)
        count += 1
    return count


cdef inline void write_header(uint8_t* out, int count, int kind, int size) noexcept nogil:
    out[0] = <uint8_t>(0x80 | count)
    out[1] = <uint8_t>kind
    write_u16(out + 2, size // 4 - 1)


cdef void write_report_block(uint8_t* out, const ReportBlock* block) noexcept nogil:
    # RFC 3550 section 6.4.1 has 24 bits for a signed number: what does not fit is written as the nearest that does.
    cdef int32_t lost = min(max(block.cumulative_lost, <int32_t>-0x800000), <int32_t>0x7FFFFF)
    write_u32(out, block.ssrc)
    out[4] = block.fraction_lost
    write_u24(out + 5, <uint32_t>lost)
    write_u32(out + 8, block.highest_sequence)
    write_u32(out + 12, block.jitter)
    write_u32(out + 16, block.last_sr)
    write_u32(out + 20, block.delay_since_last_sr)


cdef int write_sender_report(
    uint8_t* out, int capacity, const SenderInfo* info, const ReportBlock* blocks, int count
) noexcept nogil:
    cdef int index
    cdef int size = SENDER_INFO + REPORT_BLOCK * count
    if not 0 <= count <= MAX_REPORTS or size > capacity:
        return 0
    write_header(out, count, RTCP_SENDER_REPORT, size)
    write_u32(out + 4, info.ssrc)
    write_u64(out + 8, info.ntp)
    write_u32(out + 16, info.rtp_timestamp)
    write_u32(out + 20, info.packets)
    write_u32(out + 24, info.octets)
    for index in range(count):
        write_report_block(out + SENDER_INFO + REPORT_BLOCK * index, blocks + index)
    return size


cdef int write_receiver_report(
    uint8_t* out, int capacity, uint32_t sender_ssrc, const ReportBlock* blocks, int count
) noexcept nogil:
    cdef int index
    cdef int size = RECEIVER_INFO + REPORT_BLOCK * count
    if not 0 <= count <= MAX_REPORTS or size > capacity:
        return 0
    write_header(out, count, RTCP_RECEIVER_REPORT, size)
    write_u32(out + 4, sender_ssrc)
    for index in range(count):
        write_report_block(out + RECEIVER_INFO + REPORT_BLOCK * index, blocks + index)
    return size


# A source description of one chunk with one item; at least one zero byte ends the items (RFC 3550 section 6.5).
cdef int write_cname(uint8_t* out, int capacity, uint32_t ssrc, const char* cname, int length) noexcept nogil:
    cdef int text = HEADER + 6
    cdef int size = (text + length) // 4 * 4 + 4
    if not 0 <= length <= MAX_CNAME or size > capacity:
        return 0
    write_header(out, 1, RTCP_SOURCE_DESCRIPTION, size)
    write_u32(out + 4, ssrc)
    out[8] = SDES_CNAME
    out[9] = <uint8_t>length
    memcpy(out + text, cname, length)
    memset(out + text + length, 0, size - text - length)
    return size


# Compresses best when the numbers ascend, as a loss list gives them; any order is written rightly.
cdef int write_nack(
    uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t* sequences, int count
) noexcept nogil:
    cdef int index, ahead
    cdef int size = FEEDBACK_HEADER
    cdef uint16_t first = 0, mask = 0
    capacity = min(capacity, MAX_DATAGRAM)
    if count <= 0:
        return 0
    for index in range(count):
        ahead = sequence_distance(sequences[index], first)
        if index > 0 and 0 <= ahead <= NACK_SPAN:
            if ahead > 0:
                mask |= <uint16_t>(1 << (ahead - 1))
                write_u16(out + size - 2, mask)
            continue
        if size + 4 > capacity:
            return 0
        first = sequences[index]
        mask = 0
        write_u16(out + size, first)
        write_u16(out + size + 2, 0)
        size += 4
    write_header(out, FEEDBACK_NACK, RTCP_TRANSPORT_FEEDBACK, size)
    write_u32(out + 4, sender_ssrc)
    write_u32(out + 8, media_ssrc)
    return size


cdef int write_pli(uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil:
    if FEEDBACK_HEADER > capacity:
        return 0
    write_header(out, FEEDBACK_PLI, RTCP_PAYLOAD_FEEDBACK, FEEDBACK_HEADER)
    write_u32(out + 4, sender_ssrc)
    write_u32(out + 8, media_ssrc)
    return FEEDBACK_HEADER


class SenderInfoView(NamedTuple):
    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int


class ReportBlockView(NamedTuple):
    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


class RtcpView(NamedTuple):
    type: int
    subtype: int
    body: bytes
    sender_info: SenderInfoView | None
    reports: list
    feedback_ssrcs: tuple | None
    nack: list | None
    fir: list | None
    bye: list | None


cdef enum:
    VIEW_CAPACITY = 1024


cdef object view_of(const uint8_t* data, const RtcpPacket* packet, int capacity):
    cdef SenderInfo info
    cdef ReportBlock block
    cdef uint32_t sender_ssrc, media_ssrc
    cdef uint16_t sequences[VIEW_CAPACITY]
    cdef uint32_t ssrcs[VIEW_CAPACITY]
    cdef int index, count
    reports = []
    for index in range(packet.count):
        if read_report_block_untrusted(data, packet, index, &block) == 0:
            reports.append(ReportBlockView(
                block.ssrc, block.fraction_lost, block.cumulative_lost, block.highest_sequence, block.jitter,
                block.last_sr, block.delay_since_last_sr,
            ))
    sender_info = feedback_ssrcs = nack = fir = bye = None
    if read_sender_info_untrusted(data, packet, &info) == 0:
        sender_info = SenderInfoView(info.ssrc, info.ntp, info.rtp_timestamp, info.packets, info.octets)
    if read_feedback_ssrcs_untrusted(data, packet, &sender_ssrc, &media_ssrc) == 0:
        feedback_ssrcs = (sender_ssrc, media_ssrc)
    count = read_nack_untrusted(data, packet, sequences, capacity)
    if count >= 0:
        nack = [sequences[index] for index in range(count)]
    count = read_fir_untrusted(data, packet, ssrcs, capacity)
    if count >= 0:
        fir = [ssrcs[index] for index in range(count)]
    count = read_bye_untrusted(data, packet, ssrcs, capacity)
    if count >= 0:
        bye = [ssrcs[index] for index in range(count)]
    body = bytes(data[packet.offset:packet.offset + packet.size])
    return RtcpView(packet.type, packet.count, body, sender_info, reports, feedback_ssrcs, nack, fir, bye)


def parse_rtcp(data, capacity=VIEW_CAPACITY):
    cdef Py_buffer view
    cdef RtcpPacket packet
    cdef int offset = 0, size
    cdef int limit = min(max(0, capacity), VIEW_CAPACITY)
    found = []
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        size = <int>min(view.len, MAX_DATAGRAM + 1)
        while offset < size or size == 0:
            offset = next_rtcp_untrusted(<const uint8_t*>view.buf, size, offset, &packet)
            if offset < 0:
                return None
            found.append(view_of(<const uint8_t*>view.buf, &packet, limit))
    finally:
        PyBuffer_Release(&view)
    return found


cdef int fill_blocks(ReportBlock* blocks, reports) except -1:
    cdef int index
    if len(reports) > MAX_REPORTS:
        raise ValueError(f"a report has at most {MAX_REPORTS} blocks, not {len(reports)}")
    for index, report in enumerate(reports):
        blocks[index].ssrc = report.ssrc
        blocks[index].fraction_lost = report.fraction_lost
        blocks[index].cumulative_lost = report.cumulative_lost
        blocks[index].highest_sequence = report.highest_sequence
        blocks[index].jitter = report.jitter
        blocks[index].last_sr = report.last_sr
        blocks[index].delay_since_last_sr = report.delay_since_last_sr
    return 0


cdef object room_of(int capacity):
    return PyBytes_FromStringAndSize(NULL, min(max(capacity, 0), MAX_DATAGRAM))


cdef object written(bytes out, int size):
    return out[:size] if size else None


def build_sender_report(info, reports=(), capacity=1200):
    cdef ReportBlock blocks[MAX_REPORTS]
    cdef SenderInfo sender
    cdef bytes out = room_of(capacity)
    fill_blocks(blocks, reports)
    sender.ssrc = info.ssrc
    sender.ntp = info.ntp
    sender.rtp_timestamp = info.rtp_timestamp
    sender.packets = info.packets
    sender.octets = info.octets
    return written(out, write_sender_report(<uint8_t*><char*>out, len(out), &sender, blocks, len(reports)))


def build_receiver_report(sender_ssrc, reports=(), capacity=1200):
    cdef ReportBlock blocks[MAX_REPORTS]
    cdef bytes out = room_of(capacity)
    fill_blocks(blocks, reports)
    return written(out, write_receiver_report(<uint8_t*><char*>out, len(out), sender_ssrc, blocks, len(reports)))


def build_cname(ssrc, cname, capacity=1200):
    cdef bytes text = cname.encode()
    cdef bytes out = room_of(capacity)
    return written(out, write_cname(<uint8_t*><char*>out, len(out), ssrc, text, <int>min(len(text), MAX_CNAME + 1)))


def build_nack(sender_ssrc, media_ssrc, sequences, capacity=1200):
    cdef uint16_t numbers[VIEW_CAPACITY]
    cdef bytes out = room_of(capacity)
    cdef int index
    if len(sequences) > VIEW_CAPACITY:
        raise ValueError(f"at most {VIEW_CAPACITY} numbers at once, not {len(sequences)}")
    for index, sequence in enumerate(sequences):
        numbers[index] = sequence
    return written(
        out, write_nack(<uint8_t*><char*>out, len(out), sender_ssrc, media_ssrc, numbers, len(sequences))
    )


def build_pli(sender_ssrc, media_ssrc, capacity=1200):
    cdef bytes out = room_of(capacity)
    return written(out, write_pli(<uint8_t*><char*>out, len(out), sender_ssrc, media_ssrc))
