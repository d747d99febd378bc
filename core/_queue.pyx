# SPDX-License-Identifier: Apache-2.0
"""A bounded queue between two threads: one pushes, one pops, neither waits for the other.

Items have one fixed size and live in memory that is allocated once. The producer fills the slot that
`queue_reserve` gives and publishes it with `queue_push`; the consumer reads what `queue_peek` gives and hands the
slot back with `queue_pop`. Both positions only ever grow, so full and empty are told apart without a spare slot.
"""

from libc.stdlib cimport calloc, free

cdef extern from *:
    """
    #define podium_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
    #define podium_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
    """
    uint64_t podium_load(uint64_t* position) noexcept nogil
    void podium_store(uint64_t* position, uint64_t value) noexcept nogil


cdef int queue_open(Queue* queue, uint32_t item_size, uint32_t capacity) noexcept nogil:
    """Allocate; -1 when there is no memory."""
    queue.memory = <uint8_t*>calloc(capacity, item_size)
    queue.item_size = item_size
    queue.capacity = capacity
    queue.head = 0
    queue.tail = 0
    return 0 if queue.memory != NULL else -1


cdef void queue_close(Queue* queue) noexcept nogil:
    free(queue.memory)
    queue.memory = NULL


cdef uint32_t queue_length(Queue* queue) noexcept nogil:
    return <uint32_t>(podium_load(&queue.head) - podium_load(&queue.tail))


cdef void* queue_reserve(Queue* queue) noexcept nogil:
    """The next free slot, or NULL when the queue is full."""
    if queue.head - podium_load(&queue.tail) >= queue.capacity:
        return NULL
    return queue.memory + (queue.head & (queue.capacity - 1)) * queue.item_size


cdef void queue_push(Queue* queue) noexcept nogil:
    podium_store(&queue.head, queue.head + 1)


cdef void* queue_peek(Queue* queue) noexcept nogil:
    """The oldest item, or NULL when the queue is empty."""
    if podium_load(&queue.head) == queue.tail:
        return NULL
    return queue.memory + (queue.tail & (queue.capacity - 1)) * queue.item_size


cdef void queue_pop(Queue* queue) noexcept nogil:
    podium_store(&queue.tail, queue.tail + 1)
