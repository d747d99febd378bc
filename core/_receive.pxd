# SPDX-License-Identifier: Apache-2.0
from podium.core._model cimport Source, WorkerState
from podium.core._udp cimport Datagram

cdef void receive_datagrams_untrusted(WorkerState* worker, const Datagram* datagram) noexcept nogil
