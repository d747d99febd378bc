# SPDX-License-Identifier: Apache-2.0
"""A token bucket grants what its rate and capacity allow, and no more."""

from hypothesis import given
from hypothesis import strategies as st

from podium.hosts.web.limits import TokenBucket


def test_starts_full_and_refuses_when_empty() -> None:
    bucket = TokenBucket(rate=1, capacity=3)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]


def test_gains_tokens_with_time_up_to_its_capacity() -> None:
    bucket = TokenBucket(rate=2, capacity=3)
    assert bucket.take(0.0, 3)
    assert bucket.take(0.5)
    assert not bucket.take(0.5)
    assert not bucket.take(100.0, 4)
    assert bucket.take(100.0, 3)


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(rate=10, capacity=1)
    assert bucket.take(10.0)
    assert not bucket.take(0.0)


@given(st.lists(st.floats(min_value=0, max_value=0.5), min_size=1, max_size=200))
def test_never_grants_more_than_capacity_plus_rate_times_time(pauses: list[float]) -> None:
    bucket = TokenBucket(rate=5, capacity=10)
    now, granted = 0.0, 0
    for pause in pauses:
        now += pause
        granted += bucket.take(now)
    assert granted <= 10 + 5 * now + 1e-6
