# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from podium.core._model cimport WorkerState
from podium.core._udp cimport Address

cdef enum Notice:
    NOTICE_RETIRED = 0
    NOTICE_STUN = 1
    NOTICE_DTLS = 2
    NOTICE_SOURCE_STARTED = 3
    NOTICE_SOURCE_STOPPED = 4
    NOTICE_SLOT_SWITCHED = 5
    NOTICE_FRAME_SIZE = 6
    NOTICE_SPEAKER = 7

cdef bint notify(WorkerState* worker, int kind, uint32_t subject, uint64_t value) noexcept nogil
cdef bint notify_retired(WorkerState* worker, int kind, void* pointer) noexcept nogil
cdef bint notify_datagram(WorkerState* worker, int kind, uint32_t subject, const Address* address, const uint8_t* data, int size) noexcept nogil
