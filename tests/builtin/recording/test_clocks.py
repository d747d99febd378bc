# SPDX-License-Identifier: Apache-2.0
"""Sound and picture of one moment get one time, whatever clocks they came with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plugins.recording.clocks import ReportedClock, SenderClock, TrackClock
from podium.plugins.recording.packets import SenderReport

HOUR = 3600


@dataclass
class Device:
    """A participant's computer: its clock, and how late what it sends arrives."""

    ahead: float = 1.5e9
    drift: float = 80e-6
    delay: float = 0.03
    jitter: float = 0.02
    chance: Random = field(default_factory=lambda: Random(5))

    def clock(self, moment: float) -> float:
        return self.ahead + moment * (1 + self.drift)

    def arrival(self, moment: float) -> float:
        return moment + self.delay + self.jitter * self.chance.random() ** 2


@dataclass
class Stream:
    """A track of it: an RTP clock with an offset and a drift of its own."""

    device: Device
    rate: int
    offset: int
    drift: float = 0.0
    every: float = 1.0
    ssrc: int = 7

    def timestamp(self, moment: float) -> int:
        return int(self.offset + moment * (1 + self.drift) * self.rate) & 0xFFFFFFFF

    def reports(self, seconds: float) -> Iterator[tuple[SenderReport, float]]:
        moment = self.every / 3
        while moment < seconds:
            yield (
                SenderReport(self.ssrc, self.device.clock(moment), self.timestamp(moment)),
                self.device.arrival(moment),
            )
            moment += self.every


def clock_of(stream: Stream, sender: SenderClock, seconds: float) -> TrackClock:
    reported = ReportedClock()
    for report, arrival in stream.reports(seconds):
        reported.report(report, arrival)
        sender.report(report.sender_time, arrival)
    return TrackClock(reported, sender)


def errors(stream: Stream, clock: TrackClock, moments: list[float]) -> list[float]:
    """How much later than they were made frames are thought to be."""
    return [
        clock.ours(stream.ssrc, stream.timestamp(moment), stream.device.arrival(moment), stream.rate) - moment
        for moment in moments
    ]


@pytest.mark.parametrize("seconds", [8, 60, HOUR])
@pytest.mark.parametrize("offset", [0, 2**32 - 90_000, 123_456_789])
def test_with_reports_sound_and_picture_line_up(seconds: int, offset: int) -> None:
    device, sender = Device(), SenderClock()
    audio = Stream(device, 48_000, offset, drift=120e-6, every=5.0)
    video = Stream(device, 90_000, 0xFFFF0000 ^ offset, ssrc=8)
    audio_clock, video_clock = clock_of(audio, sender, seconds), clock_of(video, sender, seconds)
    moments = [number * seconds / 500 for number in range(500)]
    late = [errors(audio, audio_clock, moments), errors(video, video_clock, moments)]
    assert max(abs(sound - picture) for sound, picture in zip(*late, strict=True)) < 0.005
    assert all(device.delay - 0.004 < each < device.delay + device.jitter for each in late[0] + late[1])
    assert audio_clock.distrusted == video_clock.distrusted == 0


def test_times_do_not_leap_with_reports() -> None:
    device, sender = Device(jitter=0.05), SenderClock()
    video = Stream(device, 90_000, 5)
    clock = clock_of(video, sender, 600)
    late = errors(video, clock, [number / 30 for number in range(18_000)])
    assert max(abs(after - before) for before, after in pairwise(late)) < 0.001


@pytest.mark.parametrize("drift", [-100e-6, 0, 100e-6])
def test_without_reports_it_is_within_jitter(drift: float) -> None:
    device = Device(jitter=0.02)
    video = Stream(device, 90_000, 2**32 - 1000, drift=drift)
    clock = TrackClock(ReportedClock(), SenderClock())
    late = errors(video, clock, [number / 15 for number in range(15 * HOUR)])
    assert all(device.delay - 0.001 <= each <= device.delay + device.jitter for each in late)
    assert all(each < device.delay + 0.006 for each in late[100:])


def test_a_pause_of_the_stream_and_another_ssrc() -> None:
    device = Device(jitter=0.0)
    clock = TrackClock(ReportedClock(), SenderClock())
    first, second = Stream(device, 48_000, 77), Stream(device, 48_000, 4_000_000_000, ssrc=9)
    assert errors(first, clock, [0.0, 1.0, 100.0, 5000.0]) == pytest.approx([0.03] * 4, abs=0.03)
    assert errors(second, clock, [5001.0, 5002.0]) == pytest.approx([0.03] * 2, abs=0.001)


def test_timestamps_that_stood_still_while_nothing_was_sent() -> None:
    clock = TrackClock(ReportedClock(), SenderClock())
    assert clock.ours(1, 1000, 10.0, 48_000) == 10.0
    assert clock.ours(1, 1960, 70.0, 48_000) == 70.0
    assert clock.ours(1, 2920, 70.02, 48_000) == pytest.approx(70.02, abs=0.001)


@pytest.mark.parametrize("wrong", [-HOUR, -6, 6, 1e9])
def test_reports_that_cannot_be_true_are_not_believed(wrong: float) -> None:
    reported, sender = ReportedClock(), SenderClock()
    stream = Stream(Device(jitter=0.0), 90_000, 1)
    for number, (report, arrival) in enumerate(stream.reports(20)):
        told = report._replace(timestamp=int(report.timestamp - wrong * 90_000 * (number + 1)) & 0xFFFFFFFF)
        reported.report(told, arrival)
        sender.report(report.sender_time, arrival)
    clock = TrackClock(reported, sender)
    assert errors(stream, clock, [3.0, 4.0, 9.0]) == pytest.approx([0.03] * 3, abs=0.01)
    assert clock.distrusted > 0


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(-1e10, 1e10), st.integers(0, 2**32 - 1), st.floats(0, 1e5))),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**32 - 1), st.floats(0, 1e5))),
)
def test_whatever_reports_say_times_stay_near_arrivals(
    reports: list[tuple[int, float, int, float]], frames: list[tuple[int, int, float]]
) -> None:
    reported, sender = ReportedClock(), SenderClock()
    for ssrc, sender_time, timestamp, arrival in sorted(reports, key=lambda report: report[3]):
        reported.report(SenderReport(ssrc, sender_time, timestamp), arrival)
        sender.report(sender_time, arrival)
    clock = TrackClock(reported, sender)
    for ssrc, timestamp, arrival in sorted(frames, key=lambda frame: frame[2]):
        assert -30 < clock.ours(ssrc, timestamp, arrival, 90_000) - arrival < 0.5
