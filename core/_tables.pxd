# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t, uint32_t

from podium.core._model cimport Identifier, Source, SsrcEntry, Transport, UfragEntry, WorkerState
from podium.core._udp cimport Address

# find_: NULL when absent. insert_: -1 when the table is full.
cdef Transport* find_address(WorkerState* worker, const Address* address) noexcept nogil
cdef int insert_address(WorkerState* worker, const Address* address, Transport* transport) noexcept nogil
cdef void remove_address(WorkerState* worker, const Address* address, Transport* transport) noexcept nogil
cdef UfragEntry* find_ufrag(WorkerState* worker, const uint8_t* text, int size) noexcept nogil
cdef int insert_ufrag(WorkerState* worker, const Identifier* ufrag, Transport* transport) noexcept nogil
cdef void remove_ufrag(WorkerState* worker, const Identifier* ufrag, Transport* transport) noexcept nogil
cdef SsrcEntry* find_ssrc(Transport* transport, uint32_t ssrc) noexcept nogil
cdef int insert_ssrc(Transport* transport, uint32_t ssrc, Source* source, bint rtx) noexcept nogil
cdef void remove_source_ssrcs(Transport* transport, Source* source, bint rtx) noexcept nogil
