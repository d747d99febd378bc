# SPDX-License-Identifier: Apache-2.0
"""What a worker tells the trio thread: facts about its streams, and the datagrams that are not its own business.

Notices go through a bounded queue. Datagrams may fill no more than half of it, so that a flood of them cannot keep
facts from getting through; when even those find it full, they are counted as dropped.
"""

from libc.string cimport memcpy

from podium.core._model cimport EVENT_DATA, EventRecord
from podium.core._queue cimport queue_length, queue_push, queue_reserve


cdef EventRecord* reserve(WorkerState* worker, uint32_t limit) noexcept nogil:
    cdef EventRecord* record = NULL
    if queue_length(&worker.events) < limit:
        record = <EventRecord*>queue_reserve(&worker.events)
    if record == NULL:
        worker.counters.dropped_events += 1
    return record


cdef void publish(WorkerState* worker) noexcept nogil:
    queue_push(&worker.events)
    worker.events_pushed = True


cdef bint notify(WorkerState* worker, int kind, uint32_t subject, uint64_t value) noexcept nogil:
    """Tell a fact; False when the queue is full."""
    cdef EventRecord* record = reserve(worker, worker.events.capacity)
    if record == NULL:
        return False
    record.kind = kind
    record.subject = subject
    record.value = value
    record.size = 0
    publish(worker)
    return True


cdef bint notify_retired(WorkerState* worker, int kind, void* pointer) noexcept nogil:
    """Hand a struct back: the worker will never touch it again."""
    cdef EventRecord* record = reserve(worker, worker.events.capacity)
    if record == NULL:
        return False
    record.kind = NOTICE_RETIRED
    record.subject = kind
    record.pointer = pointer
    record.size = 0
    publish(worker)
    return True


cdef bint notify_datagram(
    WorkerState* worker, int kind, uint32_t subject, const Address* address, const uint8_t* data, int size
) noexcept nogil:
    """Pass a STUN or DTLS datagram up; False when it is too large or the queue is half full."""
    cdef EventRecord* record
    if size > EVENT_DATA:
        worker.counters.dropped_malformed += 1
        return False
    record = reserve(worker, worker.events.capacity // 2)
    if record == NULL:
        return False
    record.kind = kind
    record.subject = subject
    record.value = 0
    record.size = size
    memcpy(&record.address, address, sizeof(Address))
    memcpy(record.data, data, size)
    publish(worker)
    return True
