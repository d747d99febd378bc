# SPDX-License-Identifier: Apache-2.0
"""Transport-wide feedback: what is written says, read by the oracle, what arrived and when."""

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core._rtcp import parse_rtcp
from podium.core._twcc import ArrivalRecorder
from tests.oracles.twcc import Feedback, decode

TICK = 250
WINDOW = 2048
MILLISECOND = 1000


def taken(recorder: ArrivalRecorder, capacity: int = 1200) -> list[Feedback]:
    """Everything that is to be reported now, read back."""
    packets = []
    while (data := recorder.take_feedback(1, 2, capacity)) is not None:
        assert len(data) <= capacity
        assert parse_rtcp(data) is not None
        packets.append(decode(data))
    return packets


def reported(packets: list[Feedback]) -> dict[int, int]:
    """Arrival times by number; checks that the packets follow each other."""
    arrivals = {}
    for packet in packets:
        arrivals.update(
            {(packet.base + at) % 65536: time for at, time in enumerate(packet.arrivals) if time is not None}
        )
    for packet, after in pairwise(packets):
        assert after.base == (packet.base + packet.count) % 65536
        assert after.feedback_count == (packet.feedback_count + 1) % 256
    return arrivals


def rounded(arrivals: dict[int, int]) -> dict[int, int]:
    return {number: time // TICK * TICK for number, time in arrivals.items()}


# Steps of time between packets: usual ones, sudden ones in both directions, and pauses that no delta can express.
STEPS = st.one_of(
    st.integers(0, 5 * MILLISECOND),
    st.integers(-20 * MILLISECOND, 100 * MILLISECOND),
    st.integers(-9_000_000, 9_000_000),
)
GAPS = st.one_of(st.just(0), st.just(0), st.just(0), st.integers(0, 20), st.integers(0, 400))


@st.composite
def streams(draw: st.DrawFn) -> dict[int, int]:
    """Arrival times by number, without those lost, within a window."""
    gaps = draw(st.lists(GAPS, min_size=1, max_size=60))
    start = draw(st.one_of(st.just(0), st.integers(65000, 65535), st.integers(0, 65535)))
    numbers = [number for number in accumulate((gap + 1 for gap in gaps), initial=0) if number < WINDOW]
    steps = draw(st.lists(STEPS, min_size=len(numbers), max_size=len(numbers)))
    times = list(accumulate(steps, lambda time, step: max(0, time + step), initial=10_000_000))
    return {(start + number) % 65536: time for number, time in zip(numbers, times[1:], strict=True)}


@settings(max_examples=500)
@given(streams(), st.one_of(st.just(1200), st.integers(28, 200)))
def test_feedback_says_what_arrived_and_when(arrivals: dict[int, int], capacity: int) -> None:
    recorder = ArrivalRecorder()
    for number, time in arrivals.items():
        recorder.arrived(number, time)
    packets = taken(recorder, capacity)
    assert reported(packets) == rounded(arrivals)
    assert packets[0].base == next(iter(arrivals))
    assert sum(packet.count for packet in packets) == (list(arrivals)[-1] - packets[0].base) % 65536 + 1


@given(streams(), st.data())
def test_feedback_in_between_changes_nothing_of_what_is_said(arrivals: dict[int, int], data: st.DataObject) -> None:
    recorder, packets = ArrivalRecorder(), []
    for number, time in arrivals.items():
        recorder.arrived(number, time)
        if data.draw(st.integers(0, 5)) == 0:
            packets += taken(recorder)
    packets += taken(recorder)
    assert reported(packets) == rounded(arrivals)


@given(st.permutations(range(40)))
def test_reordering_before_the_report_is_no_loss(order: list[int]) -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(65520, 0)
    times = {(65521 + number) % 65536: at * MILLISECOND for at, number in enumerate(order)}
    for number, time in times.items():
        recorder.arrived(number, time)
    assert reported(taken(recorder)) == {65520: 0} | times


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(-1000, 10**12), st.booleans()), max_size=60))
def test_any_numbers_give_readable_feedback(arrivals: list[tuple[int, int, bool]]) -> None:
    recorder = ArrivalRecorder()
    for number, time, report in arrivals:
        recorder.arrived(number, time)
        if report:
            reported(taken(recorder, 100))
    reported(taken(recorder))
    assert recorder.take_feedback(1, 2) is None


def test_nothing_arrived_nothing_to_say() -> None:
    assert taken(ArrivalRecorder()) == []


def test_the_first_packet_is_reported_with_its_reference() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(7, 10 * 64_000 + 30 * MILLISECOND)
    (feedback,) = taken(recorder)
    assert feedback == Feedback(1, 2, 7, 1, 10, 0, [0b10_10000000000000], [10 * 64_000 + 30 * MILLISECOND])


def test_the_run_of_221_losses_of_the_draft() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(0, 0)
    taken(recorder)
    recorder.arrived(222, MILLISECOND)
    (feedback,) = taken(recorder)
    assert feedback.chunks[0] == 0b0_00_0000011011101


def test_the_one_bit_vector_of_the_draft() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(0, 0)
    taken(recorder)
    # Of numbers 1 to 14: one lost, five received, three lost, three received, two lost; then one more.
    for number in [2, 3, 4, 5, 6, 10, 11, 12, 15]:
        recorder.arrived(number, number * MILLISECOND)
    (feedback,) = taken(recorder)
    assert feedback.chunks[0] == 0b1_0_01111100011100


def test_a_two_bit_vector_mixes_all_three() -> None:
    recorder = ArrivalRecorder()
    for number, time in {0: 0, 1: 100, 3: 101, 4: 99, 6: 100}.items():
        recorder.arrived(number, time * MILLISECOND)
    (feedback,) = taken(recorder)
    assert feedback.chunks == [0b1_1_01_10_00_01_10_00_01]


def test_even_arrivals_are_one_run() -> None:
    recorder = ArrivalRecorder()
    for number in range(500):
        recorder.arrived(number, number * MILLISECOND)
    (feedback,) = taken(recorder)
    assert feedback.chunks == [0b0_01_0000000000000 | 500]


@pytest.mark.parametrize(("step", "packets"), [(0x7FFF, 1), (0x8000, 2), (-0x8000, 1), (-0x8001, 2)])
def test_a_delta_beyond_16_bits_begins_another_packet(step: int, packets: int) -> None:
    recorder = ArrivalRecorder()
    start = 256 * TICK * 1000
    recorder.arrived(0, start)
    recorder.arrived(2, start + step * TICK)
    feedback = taken(recorder)
    assert len(feedback) == packets
    assert reported(feedback) == {0: start, 2: start + step * TICK}


def test_a_packet_that_was_reported_lost_is_not_reported_again() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(10, 0)
    recorder.arrived(12, 0)
    assert set(reported(taken(recorder))) == {10, 12}
    recorder.arrived(11, MILLISECOND)
    recorder.arrived(12, MILLISECOND)
    assert taken(recorder) == []
    recorder.arrived(13, 2 * MILLISECOND)
    assert set(reported(taken(recorder))) == {13}


def test_of_duplicates_the_first_counts() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(1, MILLISECOND)
    recorder.arrived(1, 2 * MILLISECOND)
    assert reported(taken(recorder)) == {1: MILLISECOND}


@pytest.mark.parametrize(("jump", "kept"), [(WINDOW - 1, True), (WINDOW, False), (40000, False), (-WINDOW - 1, False)])
def test_a_jump_beyond_the_window_starts_anew(jump: int, kept: bool) -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(65000, 0)
    recorder.arrived(65001, 0)
    recorder.arrived((65000 + jump) % 65536, MILLISECOND)
    expected = {65000: 0, 65001: 0} if kept else {}
    assert reported(taken(recorder)) == expected | {(65000 + jump) % 65536: MILLISECOND}


def test_the_count_of_feedback_packets_survives_a_jump_and_wraps() -> None:
    recorder = ArrivalRecorder()
    counts = []
    for number in range(300):
        recorder.arrived(number * 3000 % 65536, 0)
        counts += [packet.feedback_count for packet in taken(recorder)]
    assert counts == [number % 256 for number in range(300)]


@pytest.mark.parametrize("days", [0.01, 6, 6.5, 12.4, 100])
def test_the_reference_time_wraps_at_24_bits(days: float) -> None:
    recorder = ArrivalRecorder()
    time = int(days * 86_400_000_000) // TICK * TICK
    recorder.arrived(1, time)
    (feedback,) = taken(recorder)
    assert feedback.arrivals[0] is not None
    assert (feedback.arrivals[0] - time) % (2**24 * 64_000) == 0


def test_too_little_room_says_nothing_and_forgets_nothing() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(1, 0)
    assert [recorder.take_feedback(1, 2, capacity) for capacity in (-1, 0, 20, 27)] == [None] * 4
    assert set(reported(taken(recorder, 28))) == {1}


def test_a_reset_recorder_is_a_new_one() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(1, 0)
    taken(recorder)
    recorder.arrived(2, 0)
    recorder.reset()
    assert taken(recorder) == []
    recorder.arrived(2, 0)
    assert [packet.feedback_count for packet in taken(recorder)] == [0]
