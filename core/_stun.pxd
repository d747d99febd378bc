# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t

cdef enum:
    MAX_UFRAG = 32

cdef int find_username_untrusted(const uint8_t* data, int size, int* offset) noexcept nogil
