# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum RtcpType:
    RTCP_SENDER_REPORT = 200
    RTCP_RECEIVER_REPORT = 201
    RTCP_SOURCE_DESCRIPTION = 202
    RTCP_BYE = 203
    RTCP_TRANSPORT_FEEDBACK = 205   # count 1: NACK, 15: transport-wide feedback
    RTCP_PAYLOAD_FEEDBACK = 206     # count 1: PLI, 4: FIR, 15: REMB

cdef struct RtcpPacket:
    uint8_t type
    uint8_t count             # five bits behind the version: report count or feedback message type
    uint16_t offset           # of the four-byte header
    uint16_t size             # header included, padding removed

cdef struct SenderInfo:
    uint32_t ssrc
    uint64_t ntp              # 32.32 seconds since 1900
    uint32_t rtp_timestamp
    uint32_t packets
    uint32_t octets

cdef struct ReportBlock:
    uint32_t ssrc
    uint8_t fraction_lost
    int32_t cumulative_lost
    uint32_t highest_sequence # extended
    uint32_t jitter           # timestamp units
    uint32_t last_sr
    uint32_t delay_since_last_sr  # 1/65536 s

# Every read_ function gives -1 when the packet is not of its type or is malformed; counts never exceed capacity.
# next_rtcp: offset of the following packet (== size at the end), or -1. Start with offset 0.
cdef int next_rtcp_untrusted(const uint8_t* data, int size, int offset, RtcpPacket* packet) noexcept nogil
cdef int read_sender_info_untrusted(const uint8_t* data, const RtcpPacket* packet, SenderInfo* info) noexcept nogil
cdef int read_report_block_untrusted(const uint8_t* data, const RtcpPacket* packet, int index, ReportBlock* block) noexcept nogil
cdef int read_feedback_ssrcs_untrusted(const uint8_t* data, const RtcpPacket* packet, uint32_t* sender_ssrc, uint32_t* media_ssrc) noexcept nogil
cdef int read_nack_untrusted(const uint8_t* data, const RtcpPacket* packet, uint16_t* sequences, int capacity) noexcept nogil
cdef int read_fir_untrusted(const uint8_t* data, const RtcpPacket* packet, uint32_t* ssrcs, int capacity) noexcept nogil
cdef int read_bye_untrusted(const uint8_t* data, const RtcpPacket* packet, uint32_t* ssrcs, int capacity) noexcept nogil

# Writers give the bytes written, or 0 when capacity does not suffice.
cdef int write_sender_report(uint8_t* out, int capacity, const SenderInfo* info, const ReportBlock* blocks, int count) noexcept nogil
cdef int write_receiver_report(uint8_t* out, int capacity, uint32_t sender_ssrc, const ReportBlock* blocks, int count) noexcept nogil
cdef int write_cname(uint8_t* out, int capacity, uint32_t ssrc, const char* cname, int length) noexcept nogil
cdef int write_nack(uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t* sequences, int count) noexcept nogil
cdef int write_pli(uint8_t* out, int capacity, uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil
