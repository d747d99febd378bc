# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint16_t

from podium.core._model cimport Slot, Source, Transport, WorkerState

cdef inline bint may_receive(const Transport* transport, const Source* source) noexcept nogil:
    """Whether the room lets this participant see or hear the source."""
    return not source.restricted or (source.audience & transport.groups) != 0


cdef void forward_pending(WorkerState* worker) noexcept nogil
cdef void slot_show(WorkerState* worker, Slot* slot, Source* source) noexcept nogil
cdef void slot_pause(WorkerState* worker, Slot* slot, bint paused) noexcept nogil
cdef void slot_resend_untrusted(WorkerState* worker, Slot* slot, uint16_t sequence) noexcept nogil
cdef void source_release_viewers(WorkerState* worker, Source* source, bint waiting) noexcept nogil
cdef void source_release_forbidden(WorkerState* worker, Source* source) noexcept nogil
cdef void slot_release_forbidden(WorkerState* worker, Slot* slot) noexcept nogil
cdef void restart_waiting(WorkerState* worker, Transport* transport) noexcept nogil
cdef void want_key_frame(WorkerState* worker, Source* source) noexcept nogil
