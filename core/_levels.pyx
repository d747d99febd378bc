# SPDX-License-Identifier: Apache-2.0
"""Who is loudest: the choice of the few voices that everybody hears.

Levels come from the header extension of RFC 6464, -dBov from 0 (loudest) to 127 (silence). A voice rises within a few
packets and fades over about a second, so that a pause between words does not cost its place; who has a place keeps it
until somebody is clearly louder. The idea is that of libwebrtc's and Jitsi's speaker selection; the numbers are ours.
"""

cdef double RISE = 0.4            # share of the way to a louder level, per packet
cdef double FALL = 0.04           # and to a quieter one: 20 ms packets fade in about half a second
cdef int64_t QUIET_US = 400000    # no packets for so long (more than a DTX interval) counts as silence
cdef int64_t FADE_US = 1000000
cdef double PLACE_BONUS = 6.0     # dB that a newcomer must be louder
cdef double DOMINANT_MARGIN = 6.0
cdef int64_t DOMINANT_HOLD_US = 700000
cdef double AUDIBLE = 57.0        # -70 dBov: below is room noise


cdef void levels_heard(Loudness* loudness, uint8_t level, int64_t now_us) noexcept nogil:
    """One packet with this level (0..127, 127 is silence) arrived."""
    cdef double loud = 127.0 - (level & 0x7F)
    if not loudness.started:
        loudness.started = True
        loudness.score = loud
    elif loud > loudness.score:
        loudness.score += (loud - loudness.score) * RISE
    else:
        loudness.score += (loud - loudness.score) * FALL
    loudness.heard_us = now_us


cdef double levels_score(const Loudness* loudness, int64_t now_us) noexcept nogil:
    """How loud now; a voice whose packets stopped fades to 0."""
    cdef int64_t silent_us = now_us - loudness.heard_us - QUIET_US
    if not loudness.started or silent_us >= FADE_US:
        return 0.0
    if silent_us <= 0:
        return loudness.score
    return loudness.score * (1.0 - <double>silent_us / FADE_US)


cdef int levels_select(
    const double* scores, const bint* chosen_before, int count, int wanted, int* selected
) noexcept nogil:
    """Indexes of the `wanted` loudest, loudest first; those chosen before get a bonus. Equal ones keep their order."""
    cdef int found = 0, i, place
    cdef double[LEVELS_MAXIMUM] best
    cdef double score
    wanted = min(wanted, <int>LEVELS_MAXIMUM)
    for i in range(count):
        score = scores[i] + (PLACE_BONUS if chosen_before[i] else 0.0)
        if found == wanted and (wanted == 0 or score <= best[found - 1]):
            continue
        place = found if found < wanted else found - 1
        while place > 0 and best[place - 1] < score:
            if place < wanted:
                best[place] = best[place - 1]
                selected[place] = selected[place - 1]
            place -= 1
        best[place] = score
        selected[place] = i
        found = min(found + 1, wanted)
    return found


cdef bint levels_overtakes(double score, double dominant_score, int64_t held_us) noexcept nogil:
    """Whether a voice of this score becomes the speaker, `held_us` after the last change."""
    if score < AUDIBLE:
        return False
    if dominant_score < AUDIBLE:
        return True
    return held_us >= DOMINANT_HOLD_US and score > dominant_score + DOMINANT_MARGIN


def select_loudest(scores: list[float], chosen_before: list[bool], wanted: int) -> list[int]:
    """The same choice for Python (at most 256 voices)."""
    cdef double[256] values
    cdef bint[256] before
    cdef int[LEVELS_MAXIMUM] selected
    cdef int count = min(len(scores), 256)
    for i in range(count):
        values[i] = scores[i]
        before[i] = chosen_before[i]
    found = levels_select(values, before, count, wanted, selected)
    return [selected[i] for i in range(found)]


cdef class Voice:
    """One voice's smoothed loudness, for Python."""

    cdef Loudness loudness

    def heard(self, level: int, now: float) -> None:
        levels_heard(&self.loudness, level, <int64_t>(now * 1e6))

    def score(self, now: float) -> float:
        return levels_score(&self.loudness, <int64_t>(now * 1e6))
