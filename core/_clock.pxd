# SPDX-License-Identifier: Apache-2.0
# NTP time stamps (RFC 5905 section 6: 32.32 seconds since 1900) and microseconds.
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef inline int64_t ntp_to_us(uint64_t ntp) noexcept nogil:
    return <int64_t>(ntp >> 32) * 1000000 + <int64_t>(<uint64_t><uint32_t>ntp * 1000000 >> 32)

cdef inline uint64_t us_to_ntp(int64_t us) noexcept nogil:
    return (<uint64_t>(us // 1000000) << 32) | ((<uint64_t>(us % 1000000) << 32) // 1000000)

# Microseconds that this many ticks of an RTP clock take; a difference of time stamps may be negative.
cdef inline int64_t ticks_to_us(uint32_t difference, uint32_t clock_rate) noexcept nogil:
    return <int64_t><int>difference * 1000000 // <int64_t>clock_rate
