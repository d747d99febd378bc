# SPDX-License-Identifier: Apache-2.0
"""The thread of a worker: datagrams, commands, forwarding, the clock, and sleep, over and over without the GIL.

Datagrams are taken from the kernel before the commands are read, and looked at after these were carried out. So what
the trio thread commanded before a packet was sent holds for this packet: who was muted before is not heard, and a
source that was made before is known, however long the thread stood still in between.
"""

from libc.stdint cimport int64_t, uint64_t
from posix.unistd cimport read, usleep, write

from podium.core._commands cimport run_commands
from podium.core._control cimport tick
from podium.core._forward cimport forward_pending
from podium.core._model cimport KIND_VIDEO, Source
from podium.core._poll cimport POLLIN, poll, pollfd
from podium.core._queue cimport queue_peek
from podium.core._receive cimport receive_datagrams_untrusted
from podium.core._store cimport StoredPacket, store_get
from podium.core._udp cimport RECEIVE_MESSAGES, monotonic_us, receive_batch

cdef enum:
    IDLE_MS = 1000
    GATHER_US = 250
    GATHER_VIEWERS = 8
    GATHER_PACKETS = 16


cdef void run_worker(WorkerState* worker) noexcept nogil:
    cdef int count
    while not worker.stopping:
        count = take_in(worker)
        if count > 0:
            worker.counters.batches += 1
            if worth_gathering(worker):
                usleep(GATHER_US)
                take_in(worker)
            forward_pending(worker)
        if worker.now_us >= worker.next_tick_us and worker.transport_count > 0:
            tick(worker)
        wake_trio(worker)
        if count < RECEIVE_MESSAGES:
            sleep_until_due(worker)


cdef int take_in(WorkerState* worker) noexcept nogil:
    """Look at one batch with all commands carried out that came before it; how many datagrams it had."""
    cdef int i, count
    worker.now_us = monotonic_us()
    count = receive_batch(&worker.receiver, worker.datagrams, worker.now_us)
    catch_up(worker)
    for i in range(count):
        receive_datagrams_untrusted(worker, &worker.datagrams[i])
    return count


cdef void catch_up(WorkerState* worker) noexcept nogil:
    """Carry out what was commanded. A frame that is being gathered leaves first: commands may end its source."""
    if worker.touched_count > 0:
        if queue_peek(&worker.commands) == NULL:
            return
        forward_pending(worker)
    run_commands(worker)


cdef bint worth_gathering(WorkerState* worker) noexcept nogil:
    """Whether the rest of a frame that many watch is likely about to arrive.

    A frame comes as a burst. Sent on packet by packet it costs each receiver a system call's share per packet; as one
    run it costs about half (see docs/decisions). For few receivers there is nothing to gain.
    """
    cdef int i
    cdef Source* source
    cdef StoredPacket* packet
    for i in range(worker.touched_count):
        source = worker.touched[i]
        if source.kind == KIND_VIDEO and source.viewer_count >= GATHER_VIEWERS and 0 < source.pending_count < GATHER_PACKETS:
            packet = store_get(&source.store, source.pending[source.pending_count - 1])
            if packet != NULL and not packet.marker:
                return True
    return False


cdef void wake_trio(WorkerState* worker) noexcept nogil:
    cdef uint64_t one = 1
    if worker.events_pushed:
        worker.events_pushed = False
        write(worker.event_fd, &one, 8)


cdef void sleep_until_due(WorkerState* worker) noexcept nogil:
    """Wait for datagrams, commands or the next tick."""
    cdef pollfd[2] fds
    cdef uint64_t ignored
    cdef int timeout = IDLE_MS
    if worker.stopping:
        return
    if worker.retiring != 0:
        timeout = 1
    elif worker.transport_count > 0:
        timeout = <int>max(min((worker.next_tick_us - monotonic_us() + 999) // 1000, <int64_t>IDLE_MS), <int64_t>0)
    fds[0].fd = worker.fd
    fds[0].events = POLLIN
    fds[1].fd = worker.wake_fd
    fds[1].events = POLLIN
    if poll(fds, 2, timeout) > 0 and fds[1].revents != 0:
        read(worker.wake_fd, &ignored, 8)
