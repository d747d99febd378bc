# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef struct Queue:
    uint8_t* memory
    uint32_t item_size
    uint32_t capacity         # a power of two
    uint64_t head             # items ever pushed; written by the producer only
    uint64_t tail             # items ever popped; written by the consumer only

cdef int queue_open(Queue* queue, uint32_t item_size, uint32_t capacity) noexcept nogil
cdef void queue_close(Queue* queue) noexcept nogil
cdef uint32_t queue_length(Queue* queue) noexcept nogil
cdef void* queue_reserve(Queue* queue) noexcept nogil
cdef void queue_push(Queue* queue) noexcept nogil
cdef void* queue_peek(Queue* queue) noexcept nogil
cdef void queue_pop(Queue* queue) noexcept nogil
