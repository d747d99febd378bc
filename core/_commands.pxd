# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t

from podium.core._model cimport Identifier, WorkerState
from podium.core._udp cimport Address

cdef enum Operation:
    ADD_ROOM
    CLOSE_ROOM
    ADD_TRANSPORT
    CLOSE_TRANSPORT
    ADD_UFRAG
    REMOVE_UFRAG
    ADD_REMOTE
    SET_KEYS
    SET_EXTENSION
    SET_PAYLOAD_TYPE
    SET_RTX_PAYLOAD_TYPE
    ADD_SOURCE
    CLOSE_SOURCE
    BLOCK_SOURCE
    SET_AUDIENCE
    SET_GROUPS
    REQUEST_KEY_FRAME
    ADD_SLOT
    CLOSE_SLOT
    SHOW
    PAUSE
    ADD_TAP
    CLOSE_TAP

cdef struct Command:
    int operation
    void* subject             # the room, transport, source or slot
    void* first
    void* second
    int64_t value
    int64_t detail
    Address address
    Identifier text

cdef void run_commands(WorkerState* worker) noexcept nogil
