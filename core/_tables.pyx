# SPDX-License-Identifier: Apache-2.0
"""Who a datagram belongs to: the worker's hash tables by remote address, by local ufrag and by SSRC.

Open addressing with linear probing and a keyed hash (an attacker chooses addresses and SSRCs). Tables are sized when
the worker or transport is made and at most half full, so a search is short; removal closes the gap it leaves, so
there are no tombstones to gather.
"""

from libc.string cimport memcmp, memcpy, memset

from podium.core._model cimport MAX_SSRCS, AddressEntry
from podium.core._udp cimport same_address


cdef inline uint32_t mix(uint32_t hashed, uint32_t value) noexcept nogil:
    """One round of MurmurHash3."""
    value *= 0xCC9E2D51U
    value = (value << 15) | (value >> 17)
    value *= 0x1B873593
    hashed ^= value
    hashed = (hashed << 13) | (hashed >> 19)
    hashed = hashed * 5 + 0xE6546B64U
    return hashed ^ (hashed >> 15)


cdef inline uint32_t hash_address(WorkerState* worker, const Address* address) noexcept nogil:
    cdef uint32_t hashed = worker.random
    cdef uint32_t part
    cdef int i
    for i in range(4):
        memcpy(&part, address.ip + 4 * i, 4)
        hashed = mix(hashed, part)
    return mix(hashed, address.port)


cdef inline uint32_t hash_text(WorkerState* worker, const uint8_t* text, int size) noexcept nogil:
    cdef uint32_t hashed = worker.random
    cdef int i
    for i in range(size):
        hashed = mix(hashed, text[i])
    return hashed


# -- by remote address


cdef Transport* find_address(WorkerState* worker, const Address* address) noexcept nogil:
    cdef uint32_t mask = worker.address_capacity - 1
    cdef uint32_t at = hash_address(worker, address) & mask
    while worker.addresses[at].transport != NULL:
        if same_address(&worker.addresses[at].address, address):
            return worker.addresses[at].transport
        at = (at + 1) & mask
    return NULL


cdef int insert_address(WorkerState* worker, const Address* address, Transport* transport) noexcept nogil:
    """This address now belongs to this transport, whoever had it before."""
    cdef uint32_t mask = worker.address_capacity - 1
    cdef uint32_t at = hash_address(worker, address) & mask
    cdef uint32_t tried = 0
    while worker.addresses[at].transport != NULL and not same_address(&worker.addresses[at].address, address):
        at = (at + 1) & mask
        tried += 1
        if tried > worker.address_capacity // 2:
            return -1
    memcpy(&worker.addresses[at].address, address, sizeof(Address))
    worker.addresses[at].transport = transport
    return 0


cdef void remove_address(WorkerState* worker, const Address* address, Transport* transport) noexcept nogil:
    cdef uint32_t mask = worker.address_capacity - 1
    cdef uint32_t at = hash_address(worker, address) & mask
    cdef AddressEntry entry
    while worker.addresses[at].transport != NULL:
        if same_address(&worker.addresses[at].address, address):
            break
        at = (at + 1) & mask
    if worker.addresses[at].transport != transport:
        return
    worker.addresses[at].transport = NULL
    # What was pushed behind it moves up.
    at = (at + 1) & mask
    while worker.addresses[at].transport != NULL:
        entry = worker.addresses[at]
        worker.addresses[at].transport = NULL
        insert_address(worker, &entry.address, entry.transport)
        at = (at + 1) & mask


# -- by local username fragment


cdef inline bint is_text(const Identifier* identifier, const uint8_t* text, int size) noexcept nogil:
    return identifier.size == size and memcmp(identifier.text, text, size) == 0


cdef UfragEntry* find_ufrag(WorkerState* worker, const uint8_t* text, int size) noexcept nogil:
    cdef uint32_t mask = worker.ufrag_capacity - 1
    cdef uint32_t at = hash_text(worker, text, size) & mask
    while worker.ufrags[at].transport != NULL:
        if is_text(&worker.ufrags[at].ufrag, text, size):
            return &worker.ufrags[at]
        at = (at + 1) & mask
    return NULL


cdef int insert_ufrag(WorkerState* worker, const Identifier* ufrag, Transport* transport) noexcept nogil:
    cdef uint32_t mask = worker.ufrag_capacity - 1
    cdef uint32_t at = hash_text(worker, ufrag.text, ufrag.size) & mask
    cdef uint32_t tried = 0
    while worker.ufrags[at].transport != NULL and not is_text(&worker.ufrags[at].ufrag, ufrag.text, ufrag.size):
        at = (at + 1) & mask
        tried += 1
        if tried > worker.ufrag_capacity // 2:
            return -1
    memset(&worker.ufrags[at], 0, sizeof(UfragEntry))
    worker.ufrags[at].ufrag = ufrag[0]
    worker.ufrags[at].transport = transport
    return 0


cdef void remove_ufrag(WorkerState* worker, const Identifier* ufrag, Transport* transport) noexcept nogil:
    cdef uint32_t mask = worker.ufrag_capacity - 1
    cdef UfragEntry* found = find_ufrag(worker, ufrag.text, ufrag.size)
    cdef UfragEntry entry
    cdef uint32_t at
    if found == NULL or found.transport != transport:
        return
    found.transport = NULL
    at = (<uint32_t>(found - worker.ufrags) + 1) & mask
    while worker.ufrags[at].transport != NULL:
        entry = worker.ufrags[at]
        worker.ufrags[at].transport = NULL
        insert_ufrag(worker, &entry.ufrag, entry.transport)
        at = (at + 1) & mask


# -- by SSRC, within one transport


cdef SsrcEntry* find_ssrc(Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef uint32_t at = mix(transport.ssrc, ssrc) & (MAX_SSRCS - 1)
    while transport.ssrcs[at].source != NULL:
        if transport.ssrcs[at].ssrc == ssrc:
            return &transport.ssrcs[at]
        at = (at + 1) & (MAX_SSRCS - 1)
    return NULL


cdef int insert_ssrc(Transport* transport, uint32_t ssrc, Source* source, bint rtx) noexcept nogil:
    cdef uint32_t at = mix(transport.ssrc, ssrc) & (MAX_SSRCS - 1)
    if transport.ssrc_count >= MAX_SSRCS // 2:
        return -1
    while transport.ssrcs[at].source != NULL:
        if transport.ssrcs[at].ssrc == ssrc:
            return -1
        at = (at + 1) & (MAX_SSRCS - 1)
    transport.ssrcs[at].ssrc = ssrc
    transport.ssrcs[at].source = source
    transport.ssrcs[at].rtx = rtx
    transport.ssrc_count += 1
    return 0


cdef void remove_source_ssrcs(Transport* transport, Source* source, bint rtx) noexcept nogil:
    """Forget the SSRC (or the RTX SSRC) of this source; rare, so the small table is simply made anew."""
    cdef SsrcEntry[MAX_SSRCS] old
    cdef int i
    memcpy(old, transport.ssrcs, sizeof(old))
    memset(transport.ssrcs, 0, sizeof(transport.ssrcs))
    transport.ssrc_count = 0
    for i in range(MAX_SSRCS):
        if old[i].source != NULL and (old[i].source != source or old[i].rtx != rtx):
            insert_ssrc(transport, old[i].ssrc, old[i].source, old[i].rtx)
