# SPDX-License-Identifier: Apache-2.0
# Big-endian numbers in byte buffers. No bounds are checked here: the caller has compared offset and size before.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef inline uint16_t read_u16(const uint8_t* data) noexcept nogil:
    return <uint16_t>((data[0] << 8) | data[1])


cdef inline uint32_t read_u24(const uint8_t* data) noexcept nogil:
    return (<uint32_t>data[0] << 16) | (<uint32_t>data[1] << 8) | data[2]


cdef inline uint32_t read_u32(const uint8_t* data) noexcept nogil:
    return (<uint32_t>data[0] << 24) | read_u24(data + 1)


cdef inline uint64_t read_u64(const uint8_t* data) noexcept nogil:
    return (<uint64_t>read_u32(data) << 32) | read_u32(data + 4)


cdef inline void write_u16(uint8_t* out, uint32_t value) noexcept nogil:
    out[0] = <uint8_t>((value >> 8) & 0xFF)
    out[1] = <uint8_t>(value & 0xFF)


cdef inline void write_u24(uint8_t* out, uint32_t value) noexcept nogil:
    out[0] = <uint8_t>((value >> 16) & 0xFF)
    write_u16(out + 1, value)


cdef inline void write_u32(uint8_t* out, uint32_t value) noexcept nogil:
    write_u16(out, value >> 16)
    write_u16(out + 2, value)


cdef inline void write_u64(uint8_t* out, uint64_t value) noexcept nogil:
    write_u32(out, <uint32_t>(value >> 32))
    write_u32(out + 4, <uint32_t>value)


# How far `sequence` is ahead of `reference` modulo 2^16 (RFC 1982): negative when behind.
cdef inline int sequence_distance(uint16_t sequence, uint16_t reference) noexcept nogil:
    cdef int ahead = (sequence - reference) & 0xFFFF
    return ahead if ahead < 0x8000 else ahead - 0x10000
