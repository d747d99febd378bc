# SPDX-License-Identifier: Apache-2.0
"""Packets come out in the order they were sent in, each once, with what is missing said by the one behind the gap."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.ordering import PATIENCE_US, WINDOW, Arrived, Ordering
from podium.plugins.recording.packets import RtpPacket

MS = 1000


def packet(number: int, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(96, False, number & 0xFFFF, number * 3000 & 0xFFFFFFFF, ssrc, b"x")


def run(arrivals: Iterable[tuple[int, int]], ordering: Ordering | None = None) -> list[Arrived]:
    """Numbers and times in milliseconds."""
    ordering = ordering or Ordering()
    came = [arrived for number, at in arrivals for arrived in ordering.push(packet(number), at * MS)]
    return [*came, *ordering.flush()]


def numbers(came: Iterable[Arrived]) -> list[int]:
    return [arrived.packet.sequence for arrived in came]


def test_in_order_over_the_wraparound() -> None:
    came = run((number, number) for number in range(65_000, 66_000))
    assert numbers(came) == [number & 0xFFFF for number in range(65_000, 66_000)]
    assert [arrived.restart for arrived in came] == [True] + [False] * 999


def test_a_retransmission_gets_its_place() -> None:
    assert numbers(run([(1, 0), (3, 20), (4, 40), (2, 300), (5, 310)])) == [1, 2, 3, 4, 5]


def test_what_does_not_come_is_missing() -> None:
    ordering = Ordering()
    came = list(run([(1, 0), (4, 20), (5, 100)], ordering))
    assert [(arrived.packet.sequence, arrived.missing) for arrived in came] == [(1, 0), (4, 2), (5, 0)]


def test_waiting_ends_with_time() -> None:
    ordering = Ordering()
    list(ordering.push(packet(1), 0))
    assert list(ordering.push(packet(3), 10)) == []
    assert list(ordering.expire(10 + PATIENCE_US - 1)) == []
    assert numbers(ordering.expire(10 + PATIENCE_US)) == [3]
    assert list(ordering.push(packet(2), 20 + PATIENCE_US)) == []
    assert ordering.duplicates == 1


def test_waiting_ends_with_many_packets() -> None:
    ordering = Ordering()
    list(ordering.push(packet(1), 0))
    held = [arrived for number in range(3, WINDOW + 3) for arrived in ordering.push(packet(number), 0)]
    assert numbers(held) == list(range(3, WINDOW + 3))
    assert held[0].missing == 1


def test_a_new_ssrc_or_a_far_number_is_a_new_stream() -> None:
    ordering = Ordering()
    list(ordering.push(packet(1), 0))
    list(ordering.push(packet(3), 0))
    came = list(ordering.push(packet(4, ssrc=2), 1))
    assert [(arrived.packet.sequence, arrived.missing, arrived.restart) for arrived in came] == [
        (3, 1, False),
        (4, 0, True),
    ]
    assert [arrived.restart for arrived in ordering.push(packet(40_000, ssrc=2), 2)] == [True]


@given(st.permutations(range(65_500, 65_560)), st.sets(st.integers(65_500, 65_559), max_size=20))
def test_any_order_within_the_window_comes_out_sorted(order: list[int], lost: set[int]) -> None:
    ordering = Ordering()
    arrivals = [65_490, *(number for number in order if number not in lost for _ in range(2))]
    came = [arrived for number in arrivals for arrived in ordering.push(packet(number), 0)]
    came += ordering.flush()
    kept = [65_490, *(number for number in range(65_500, 65_560) if number not in lost)]
    assert numbers(came) == [number & 0xFFFF for number in kept]
    assert [arrived.missing for arrived in came[1:]] == [number - before - 1 for before, number in pairwise(kept)]
    assert ordering.duplicates == len(kept) - 1


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 3), st.integers(0, 10**6))))
def test_whatever_comes_nothing_raises_and_nothing_is_invented(arrivals: list[tuple[int, int, int]]) -> None:
    ordering = Ordering()
    came = list[Arrived]()
    for number, ssrc, at in arrivals:
        came += ordering.push(packet(number, ssrc), at)
        assert len(ordering._waiting) < WINDOW
    came += ordering.flush()
    assert len(came) + ordering.duplicates == len(arrivals)
    assert all(arrived.missing >= 0 for arrived in came)
