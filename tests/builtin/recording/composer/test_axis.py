# SPDX-License-Identifier: Apache-2.0
"""Pauses are cut out of the film, forwards and backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.composer.axis import Axis

TIMES = st.integers(0, 1000).map(float)
PAUSES = st.lists(TIMES, max_size=8, unique=True).map(
    lambda ends: list(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)


def test_a_pause_is_one_moment_of_the_film() -> None:
    axis = Axis([(10.0, 15.0), (20.0, 21.0)])
    times = [0.0, 10.0, 12.0, 15.0, 20.0, 20.5, 21.0, 30.0]
    assert [axis.to_film(time) for time in times] == [0, 10, 10, 10, 15, 15, 15, 24]
    assert [axis.to_class(time) for time in (0.0, 9.0, 10.0, 14.0, 15.0, 24.0)] == [0, 9, 15, 19, 21, 30]


def test_a_pause_that_has_not_ended_lasts_until_capture_begins_anew() -> None:
    assert Axis([(10.0, None)]).to_film(100.0) == 10.0
    assert Axis([(10.0, None)], [0.0, 40.0]).to_film(100.0) == 70.0


@given(PAUSES, TIMES, TIMES)
def test_times_never_go_back(pauses: list[tuple[float, float | None]], one: float, other: float) -> None:
    axis = Axis(pauses)
    one, other = sorted((one, other))
    assert axis.to_film(one) <= axis.to_film(other)
    assert axis.to_class(one) <= axis.to_class(other)
    assert axis.to_film(axis.to_class(one)) == pytest.approx(one)
