# SPDX-License-Identifier: Apache-2.0
from podium.core._model cimport Room, WorkerState

cdef void select_voices(WorkerState* worker, Room* room) noexcept nogil
