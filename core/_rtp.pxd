# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum:
    EXTENSION_UNKNOWN = 0
    EXTENSION_MID = 1
    EXTENSION_RID = 2
    EXTENSION_REPAIRED_RID = 3
    EXTENSION_AUDIO_LEVEL = 4
    EXTENSION_TRANSPORT_SEQUENCE = 5
    EXTENSION_ABSOLUTE_SEND_TIME = 6
    EXTENSION_DEPENDENCY_DESCRIPTOR = 7
    EXTENSION_KINDS = 8

cdef enum RtpError:           # what parse_rtp_untrusted answers when it refuses a packet
    RTP_TOO_SHORT = -1        # fixed header, CSRCs or extension header reach beyond the packet
    RTP_TOO_LONG = -2         # more than 65535 bytes
    RTP_BAD_VERSION = -3
    RTP_BAD_EXTENSION = -4    # the extension block reaches beyond the packet
    RTP_BAD_PADDING = -5      # padding count 0, or more than there is behind the header

cdef struct RtpHeader:
    uint8_t payload_type
    bint marker
    uint8_t csrc_count
    uint16_t sequence
    uint32_t timestamp
    uint32_t ssrc
    uint16_t header_size      # fixed header, CSRCs and extension block
    uint16_t payload_size     # without padding
    uint16_t padding_size
    uint16_t extension_offset # first byte behind the 4-byte extension header; 0: no extension block in a form of RFC 8285
    uint16_t extension_size   # bytes of extension elements
    bint two_byte             # RFC 8285 two-byte form

cdef struct ExtensionValues:
    uint16_t offset[8]        # from the start of the packet; 0: absent
    uint8_t size[8]

# 0 or an RtpError.
cdef int parse_rtp_untrusted(const uint8_t* data, int size, RtpHeader* header) noexcept nogil
# `kinds`: 256 entries, identifier -> ExtensionKind. Elements behind a malformed one are not read.
cdef void parse_extensions_untrusted(const uint8_t* data, const RtpHeader* header, const uint8_t* kinds, ExtensionValues* values) noexcept nogil
