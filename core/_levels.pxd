# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int64_t, uint8_t

cdef enum:
    LEVELS_MAXIMUM = 32       # entries that one selection may give

cdef struct Loudness:
    double score              # 0 (silence) to 127 (full scale), smoothed
    int64_t heard_us          # time of the last packet
    bint started

cdef void levels_heard(Loudness* loudness, uint8_t level, int64_t now_us) noexcept nogil
cdef double levels_score(const Loudness* loudness, int64_t now_us) noexcept nogil
cdef int levels_select(const double* scores, const bint* chosen_before, int count, int wanted, int* selected) noexcept nogil
cdef bint levels_overtakes(double score, double dominant_score, int64_t held_us) noexcept nogil
