# SPDX-License-Identifier: Apache-2.0
"""Token buckets: so many at once, so many a second."""

from podium.plugins.moderation.buckets import Buckets


def test_so_many_at_once_and_then_as_time_goes_by() -> None:
    buckets = Buckets(at_once=3, per_second=0.5)
    assert [buckets.take("ann", 0) for _ in range(4)] == [True, True, True, False]
    assert not buckets.take("ann", 1.9)
    assert buckets.take("ann", 4)
    assert buckets.take("ann", 4)
    assert not buckets.take("ann", 4)
    assert buckets.take("ben", 4)


def test_asking_in_vain_costs_nothing() -> None:
    buckets = Buckets(at_once=1, per_second=1)
    assert buckets.take("ann", 0)
    assert not any(buckets.take("ann", 0.1 * step) for step in range(10))
    assert buckets.take("ann", 1)


def test_memory_follows_who_is_active() -> None:
    buckets = Buckets(at_once=1, per_second=1)
    for number in range(10_000):
        assert buckets.take(number, number)
    assert len(buckets) <= 1001
