# SPDX-License-Identifier: Apache-2.0
"""The ring of packets against a dictionary that forgets nothing: whatever is given back is what was put in."""

from hypothesis import given
from hypothesis import strategies as st

from podium.core._store import Packets

PUTS = st.lists(st.tuples(st.integers(-6, 12), st.binary(max_size=90)), max_size=80)


@given(PUTS)
def test_what_is_given_back_is_what_was_put_in(puts: list[tuple[int, bytes]]) -> None:
    store = Packets(capacity=16, memory_size=256)
    kept: dict[int, bytes] = {}
    highest = 1 << 32
    for step, payload in puts:
        sequence = highest + step
        highest = max(highest, sequence)
        if store.put(sequence, payload):
            kept[sequence] = payload
        for known, content in kept.items():
            assert store.get(known) in (None, content)


@given(PUTS)
def test_the_newest_is_always_there(puts: list[tuple[int, bytes]]) -> None:
    store = Packets(capacity=16, memory_size=256)
    sequence = 1 << 32
    for step, payload in puts:
        sequence += abs(step) + 1
        assert store.put(sequence, payload)
        assert store.get(sequence) == payload


def test_an_old_packet_does_not_displace_a_newer_one() -> None:
    store = Packets(capacity=16, memory_size=256)
    assert store.put(116, b"new")
    assert not store.put(100, b"old")
    assert store.get(116) == b"new"


def test_a_packet_larger_than_the_memory_is_refused() -> None:
    assert not Packets(capacity=16, memory_size=256).put(1, b"x" * 257)
