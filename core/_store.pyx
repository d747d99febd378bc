# SPDX-License-Identifier: Apache-2.0
"""The packets of one source, plain, for as long as somebody may ask for them again.

Payloads lie one behind the other in a ring of bytes, their descriptions in a ring indexed by sequence number. Receivers
are served from here, the first time and at retransmission, so a packet is copied once however many receive it.
A packet is gone when its description or its bytes have been overwritten.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset


cdef int store_open(PacketStore* store, uint32_t capacity, uint32_t memory_size) noexcept nogil:
    """Allocate; -1 when there is no memory."""
    memset(store, 0, sizeof(PacketStore))
    store.packets = <StoredPacket*>calloc(capacity, sizeof(StoredPacket))
    store.memory = <uint8_t*>calloc(1, memory_size)
    store.capacity = capacity
    store.memory_size = memory_size
    return 0 if store.packets != NULL and store.memory != NULL else -1


cdef void store_close(PacketStore* store) noexcept nogil:
    free(store.packets)
    free(store.memory)
    memset(store, 0, sizeof(PacketStore))


cdef void store_clear(PacketStore* store) noexcept nogil:
    memset(store.packets, 0, store.capacity * sizeof(StoredPacket))


cdef StoredPacket* store_put(
    PacketStore* store, int64_t sequence, const uint8_t* payload, int size, const uint8_t* descriptor, int descriptor_size
) noexcept nogil:
    """Copy in; NULL when a newer packet already has its place, or it is larger than the whole memory."""
    cdef StoredPacket* packet = &store.packets[sequence & (store.capacity - 1)]
    cdef uint32_t total = size + descriptor_size
    cdef uint32_t at = store.written & (store.memory_size - 1)
    if packet.used and packet.sequence > sequence or total > store.memory_size:
        return NULL
    if at + total > store.memory_size:
        # Bytes of one packet are never torn apart: the rest of the memory stays unused in this round.
        store.written += store.memory_size - at
        at = 0
    memset(packet, 0, sizeof(StoredPacket))
    packet.used = True
    packet.sequence = sequence
    packet.position = store.written
    packet.payload_size = <uint16_t>size
    packet.descriptor_size = <uint8_t>descriptor_size
    memcpy(store.memory + at, payload, size)
    if descriptor_size > 0:
        memcpy(store.memory + at + size, descriptor, descriptor_size)
    store.written += total
    return packet


cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil:
    """The packet, or NULL when it never came or is gone."""
    cdef StoredPacket* packet = &store.packets[sequence & (store.capacity - 1)]
    if not packet.used or packet.sequence != sequence:
        return NULL
    if store.written - packet.position > store.memory_size:
        return NULL
    return packet


cdef class Packets:
    """The same for Python: what tests see of a store."""

    cdef PacketStore store

    def __init__(self, capacity: int = 512, memory_size: int = 1 << 18) -> None:
        if store_open(&self.store, capacity, memory_size) < 0:
            raise MemoryError

    def __dealloc__(self) -> None:
        store_close(&self.store)

    def put(self, sequence: int, payload: bytes) -> bool:
        return store_put(&self.store, sequence, payload, len(payload), NULL, 0) != NULL

    def get(self, sequence: int):
        cdef StoredPacket* packet = store_get(&self.store, sequence)
        if packet == NULL:
            return None
        return (<const char*>store_payload(&self.store, packet))[:packet.payload_size]
