# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from podium.core._codec cimport PayloadDescription
from podium.core._rtp cimport ExtensionValues, RtpHeader

cdef struct StoredPacket:
    bint used
    int64_t sequence          # extended
    int64_t arrival_us
    uint64_t position         # in the bytes ever stored
    uint8_t codec
    uint8_t pad               # bytes of padding that make it as long as its neighbors
    uint8_t audio_level       # as on the wire; 255: none
    uint8_t descriptor_size   # AV1 dependency descriptor, stored behind the payload
    uint16_t payload_size
    bint marker
    uint32_t timestamp
    PayloadDescription description

cdef struct PacketStore:
    StoredPacket* packets
    uint32_t capacity         # a power of two
    uint8_t* memory
    uint32_t memory_size      # a power of two
    uint64_t written

cdef int store_open(PacketStore* store, uint32_t capacity, uint32_t memory_size) noexcept nogil
cdef void store_close(PacketStore* store) noexcept nogil
cdef void store_clear(PacketStore* store) noexcept nogil
cdef StoredPacket* store_put(PacketStore* store, int64_t sequence, const uint8_t* payload, int size, const uint8_t* descriptor, int descriptor_size) noexcept nogil
cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil
cdef inline uint8_t* store_payload(PacketStore* store, StoredPacket* packet) noexcept nogil:
    return store.memory + (packet.position & (store.memory_size - 1))
