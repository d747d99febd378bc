# SPDX-License-Identifier: Apache-2.0
"""Who is heard: against sorting, and over virtual time."""

from hypothesis import given
from hypothesis import strategies as st

from podium.core._levels import Voice, select_loudest

SCORES = st.lists(st.tuples(st.floats(0, 127), st.booleans()), max_size=40)


@given(SCORES, st.integers(0, 8))
def test_the_choice_is_that_of_sorting(voices: list[tuple[float, bool]], wanted: int) -> None:
    scores, before = [score for score, _ in voices], [chosen for _, chosen in voices]
    ranked = sorted(range(len(voices)), key=lambda i: -(scores[i] + 6.0 * before[i]))
    assert select_loudest(scores, before, wanted) == ranked[:wanted]


def speak(voice: Voice, level: int, start: float, seconds: float) -> float:
    """Packets of 20 ms at this level; the time after the last."""
    for packet in range(round(seconds / 0.02)):
        voice.heard(level, start + packet * 0.02)
    return start + seconds


def test_a_voice_rises_within_a_tenth_of_a_second_and_outlasts_a_pause() -> None:
    voice = Voice()
    now = speak(voice, 127, 1.0, 1.0)
    now = speak(voice, 30, now, 0.1)
    assert voice.score(now) > 80
    now = speak(voice, 127, now, 0.3)
    assert voice.score(now) > 40
    now = speak(voice, 127, now, 3.0)
    assert voice.score(now) < 5


def test_a_voice_without_packets_fades_to_nothing() -> None:
    voice = Voice()
    now = speak(voice, 20, 1.0, 1.0)
    assert voice.score(now) > 100
    assert 0 < voice.score(now + 0.9) < 100
    assert voice.score(now + 2.0) == 0
