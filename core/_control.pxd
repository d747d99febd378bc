# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t

from podium.core._model cimport Transport, WorkerState

cdef void receive_rtcp_untrusted(
    WorkerState* worker, Transport* transport, uint8_t* data, int size, int64_t arrival_us
) noexcept nogil
cdef void tick(WorkerState* worker) noexcept nogil
