# SPDX-License-Identifier: Apache-2.0
"""What time it is can be told from pictures and sounds that were made for that, and from nothing else."""

import numpy as np
import pytest

from tests.builtin.recording.told_time import (
    RATE,
    SIZE,
    STEP,
    TENTH,
    picture,
    sound,
    time_of_picture,
    time_of_sound,
)

TIMES = (0.0, 409.55, 1_234_567.8, 1_900_000_000.25)


@pytest.mark.parametrize("time", TIMES)
def test_a_picture_says_when_it_was_made(time: float) -> None:
    for about in (time - 100, time, time + 200):
        found = time_of_picture(picture(time), about)
        assert found == pytest.approx(time, abs=TENTH / 2 + 0.01)


@pytest.mark.parametrize("time", TIMES)
def test_a_sound_says_in_which_quarter_of_a_second_it_was_made(time: float) -> None:
    begun = time // STEP * STEP
    for about in (begun - 3, begun, begun + 3):
        assert time_of_sound(sound(begun + 0.1, RATE // 20), about) == pytest.approx(begun, abs=0.01)


def test_other_pictures_and_silence_say_nothing() -> None:
    noise = np.random.default_rng(1).integers(0, 255, SIZE[::-1], dtype=np.uint8)
    assert time_of_picture(noise, 0.0) is None
    assert time_of_picture(np.full(SIZE[::-1], 28, np.uint8), 0.0) is None
    assert time_of_sound(np.zeros(RATE // 20, np.float32), 0.0) is None
