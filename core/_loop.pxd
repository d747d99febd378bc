# SPDX-License-Identifier: Apache-2.0
from podium.core._model cimport WorkerState


cdef void run_worker(WorkerState* worker) noexcept nogil
