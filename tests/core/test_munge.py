# SPDX-License-Identifier: Apache-2.0
"""What one slot's receiver sees of sources that come and go: one stream without a seam."""

from hypothesis import given
from hypothesis import strategies as st

from podium.core._munge import SlotNumbers

# Packets of a story: which source, and whether the packet is left out (a probe, padding).
STORIES = st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=60)


@given(STORIES, st.integers(0, 0xFFFF))
def test_numbers_never_skip_or_repeat(story: list[tuple[int, bool]], first_out: int) -> None:
    numbers = SlotNumbers(first_out)
    position = {1: 500, 2: 90000, 3: 7}
    shown, expected = 0, first_out
    for source, left_out in story:
        position[source] += 1
        if source != shown:
            numbers.switch(source, position[source], 0, 0)
            shown = source
        if left_out:
            numbers.skip(position[source])
            continue
        sent = numbers.forward(source, position[source], 0)
        assert sent is not None
        assert sent[0] == expected & 0xFFFF
        expected += 1


@given(STORIES)
def test_a_number_leads_back_to_its_packet(story: list[tuple[int, bool]]) -> None:
    numbers = SlotNumbers(65530)
    position = {1: 500, 2: 90000, 3: 7}
    shown, switches = 0, 0
    sent: list[tuple[int, int, int]] = []
    for source, left_out in story:
        position[source] += 1
        if source != shown:
            numbers.switch(source, position[source], 0, 0)
            shown = source
        switches += 1
        if left_out:
            numbers.skip(position[source])
        else:
            given_out = numbers.forward(source, position[source], 0)
            assert given_out is not None
            sent.append((given_out[0], source, position[source]))
    for number, source, sequence in sent[-10:]:
        if switches <= 16:
            assert numbers.find(number) == (source, sequence)
        else:
            assert numbers.find(number) in (None, (source, sequence))


def test_a_late_packet_gets_the_number_that_was_kept_for_it() -> None:
    numbers = SlotNumbers(10)
    numbers.switch(1, 100, 0, 0)
    assert numbers.forward(1, 100, 0) == (10, 0, 1, 1)
    assert numbers.forward(1, 102, 0, 2, 2) == (12, 0, 3, 3)
    numbers.skip(103)
    assert numbers.forward(1, 104, 0, 4, 4) == (13, 0, 5, 5)
    assert numbers.forward(1, 101, 0, 1, 1) == (11, 0, 2, 2)


def test_a_packet_from_before_the_switch_is_refused() -> None:
    numbers = SlotNumbers()
    numbers.switch(1, 100, 0, 0)
    numbers.forward(1, 100, 0)
    numbers.switch(2, 50, 0, 0)
    assert numbers.forward(2, 49, 0) is None
    assert numbers.forward(1, 101, 0) is None


def test_picture_numbers_and_time_go_on_across_a_switch() -> None:
    numbers = SlotNumbers()
    numbers.switch(1, 100, 5000, 5000, 32766, 254)
    assert numbers.forward(1, 100, 5000, 32766, 254) is not None
    last = numbers.forward(1, 101, 8000, 32767, 255)
    assert last is not None
    numbers.switch(2, 9, 77, last[1] + 3000, 4, 9)
    after = numbers.forward(2, 9, 77, 4, 9)
    assert after is not None
    assert after[1] == last[1] + 3000
    assert after[2] == (last[2] + 1) & 0x7FFF
    assert after[3] == (last[3] + 1) & 0xFF
