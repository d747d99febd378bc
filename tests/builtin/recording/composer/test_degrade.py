# SPDX-License-Identifier: Apache-2.0
"""A busy machine makes a simpler film, not a later one."""

from podium.plugins.recording.composer.degrade import PIECES_BEFORE_BACK, STEPS, Degrading


def after(*pieces: tuple[float, float]) -> str:
    degrading = Degrading()
    for behind, speed in pieces:
        degrading.finished(behind, speed)
    return degrading.step.name


def test_it_is_full_as_long_as_it_keeps_up() -> None:
    assert after(*[(9.0, 1.2)] * 20) == "full"


def test_falling_behind_it_goes_down_step_by_step_to_the_end() -> None:
    names = [after(*[(30.0, 0.8)] * count) for count in range(7)]
    assert names == ["full", "lower_rate", "coarse", "speaker_only", "names", "names", "names"]


def test_behind_but_gaining_it_stays() -> None:
    """After the host was down for minutes."""
    assert after(*[(600.0, 2.0)] * 20) == "full"


def test_with_room_it_goes_back_but_not_at_once() -> None:
    down = [(30.0, 0.8)] * 2
    assert after(*down, *[(9.0, 5.0)] * (PIECES_BEFORE_BACK - 1)) == "coarse"
    assert after(*down, *[(9.0, 5.0)] * PIECES_BEFORE_BACK) == "lower_rate"
    assert after(*down, *[(9.0, 5.0)] * (3 * PIECES_BEFORE_BACK)) == "full"
    assert after(*down, *[(9.0, 5.0), (9.0, 2.0)] * 20) == "coarse"


def test_sound_is_in_all_steps_and_each_has_a_name() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)
