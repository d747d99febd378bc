# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint8_t

cdef enum:
    SRTP_OVERHEAD = 32        # more than any trailer of the supported profiles (16-byte tag, 4-byte SRTCP index)

cdef class SrtpSession:
    cdef void* pointer
    cdef object session

# Each works in place and gives the new size, or -1 when libsrtp refuses.
cdef int protect_rtp(void* session, uint8_t* packet, int size) noexcept nogil
cdef int unprotect_rtp_untrusted(void* session, uint8_t* packet, int size) noexcept nogil
cdef int protect_rtcp(void* session, uint8_t* packet, int size) noexcept nogil
cdef int unprotect_rtcp_untrusted(void* session, uint8_t* packet, int size) noexcept nogil
