# SPDX-License-Identifier: Apache-2.0
"""The token buckets, in virtual time."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from podium.plugins.chat.limits import MANY, Buckets, Limit

FIVE = Limit(5, 2.0)


def test_so_many_at_once_and_then_one_after_the_other() -> None:
    buckets = Buckets()
    assert [buckets.take("ann", FIVE, 100.0) for _ in range(7)] == [0, 0, 0, 0, 0, 2.0, 2.0]
    assert buckets.take("ann", FIVE, 101.5) == pytest.approx(0.5)
    assert buckets.take("ann", FIVE, 102.0) == 0
    assert buckets.take("ann", FIVE, 102.0) == pytest.approx(2.0)
    assert buckets.take("ben", FIVE, 102.0) == 0


def test_whoever_waits_has_all_of_them_again_and_no_more() -> None:
    buckets = Buckets()
    for _ in range(5):
        buckets.take("ann", FIVE, 0.0)
    assert [buckets.take("ann", FIVE, 1000.0) > 0 for _ in range(6)] == [False] * 5 + [True]


def test_memory_is_bounded_by_those_who_wrote_a_moment_ago() -> None:
    buckets = Buckets()
    for number in range(20 * MANY):
        buckets.take(f"guest-{number}", FIVE, number / 10)
    assert len(buckets) <= MANY + 1


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 6), st.floats(0.1, 5))
def test_never_more_than_the_limit_in_any_span(pauses: list[float], burst: int, pace: float) -> None:
    buckets, now, sent = Buckets(), 0.0, []
    for pause in pauses:
        now += pause
        wait = buckets.take("ann", Limit(burst, pace), now)
        if wait == 0:
            sent.append(now)
        else:
            assert buckets.take("ann", Limit(burst, pace), now + wait + 1e-6) == 0
            sent.append(now + wait)
            now += wait + 1e-6
    for first, begin in enumerate(sent):
        for last, end in enumerate(sent[first:], first):
            assert last - first + 1 <= burst + (end - begin) / pace + 1e-3
