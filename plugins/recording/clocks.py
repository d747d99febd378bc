# SPDX-License-Identifier: Apache-2.0
"""When something was said or shown, on one time axis for a whole class, in spite of many clocks.

RTP timestamps begin anywhere and run with the sender's hardware. Sender reports (RFC 3550 section 6.4.1) put those of
all tracks of a participant onto one clock of theirs: this is what keeps lips in sync. That clock is put onto ours by
the reports that traveled fastest. Without reports, or with reports that cannot be true, packets' own arrivals are used
in the same manner. All clocks are in seconds; drift is followed.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from math import inf

from podium.plugins.recording.packets import SenderReport

PAIR_SPACING = 5.0
_BUCKET = 10.0
_NEIGHBORS = 3
_CREEP = 200e-6
"""By how much a sender's clock may be slower than ours; those of computers differ by less than 100 millionths."""

_EARLY, _LATE = 0.5, 5.0
"""A report is not believed if it says that something was sent this long after, or before, it arrived."""

_DISCONTINUITY = 3.0
_WRAP = 1 << 32


def signed_difference(later: int, earlier: int) -> int:
    """Between two timestamps of 32 bits that are less than half of their range apart."""
    return ((later - earlier + _WRAP // 2) % _WRAP) - _WRAP // 2


class SenderClock:
    """The clock of one participant's device, as ours: by how much the reports that traveled fastest differ from it."""

    def __init__(self) -> None:
        self._least: dict[int, float] = {}
        self._differences: dict[int, float] = {}

    def report(self, sender_time: float, arrival: float) -> None:
        bucket = int(sender_time // _BUCKET)
        difference = arrival - sender_time
        if difference < self._least.get(bucket, inf):
            self._least[bucket] = difference
            self._differences.clear()

    def ours(self, sender_time: float) -> float | None:
        """None before any report."""
        if not self._least:
            return None
        bucket, within = divmod(sender_time, _BUCKET)
        before, behind = self._difference(int(bucket)), self._difference(int(bucket) + 1)
        return sender_time + before + (behind - before) * within / _BUCKET

    def _difference(self, bucket: int) -> float:
        """The least one near the beginning of a bucket."""
        found = self._differences.get(bucket)
        if found is None:
            around = range(bucket - _NEIGHBORS, bucket + _NEIGHBORS)
            found = min([self._least[each] for each in around if each in self._least] or self._least.values())
            self._differences[bucket] = found
        return found


class ReportedClock:
    """The RTP timestamps of one stream on the clock of its sender, by its sender reports."""

    def __init__(self) -> None:
        self._arrivals: list[float] = []
        self._pairs: list[SenderReport] = []

    def report(self, report: SenderReport, arrival: float) -> None:
        """In the order of arrival."""
        if not self._arrivals or arrival - self._arrivals[-1] >= PAIR_SPACING or report.ssrc != self._pairs[-1].ssrc:
            self._arrivals.append(arrival)
            self._pairs.append(report)

    def sender_time(self, ssrc: int, timestamp: int, arrival: float, rate: int) -> float | None:
        """None when no report near this arrival is of this stream."""
        behind = bisect_right(self._arrivals, arrival)
        near = [pair for pair in self._pairs[max(0, behind - 1) : behind + 1] if pair.ssrc == ssrc]
        if not near:
            return None
        first = near[0]
        ticks = signed_difference(timestamp, first.timestamp)
        return first.sender_time + ticks / (_measured(near, rate) or rate)


def _measured(pairs: Iterable[SenderReport], rate: int) -> float | None:
    """Ticks a second between two reports, unless that differs too much from what it should be."""
    for first, second in pairwise(pairs):
        seconds = second.sender_time - first.sender_time
        measured = signed_difference(second.timestamp, first.timestamp) / seconds if seconds > 1 else 0.0
        if abs(measured / rate - 1) < 0.01:
            return measured
    return None


class ArrivalClock:
    """The RTP timestamps of one stream on our clock, by the packets that traveled fastest."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._timestamp: int | None = None
        self._elapsed = 0.0
        self._least = 0.0
        self._arrival = 0.0

    def ours(self, timestamp: int, arrival: float) -> float:
        """For each packet in turn."""
        if self._timestamp is None:
            return self._begin(timestamp, arrival)
        passed = signed_difference(timestamp, self._timestamp) / self._rate
        if abs(passed - (arrival - self._arrival)) > _DISCONTINUITY:
            return self._begin(timestamp, arrival)
        self._timestamp = timestamp
        self._elapsed += passed
        self._least += max(0.0, arrival - self._arrival) * _CREEP
        self._arrival = max(self._arrival, arrival)
        self._least = min(self._least, arrival - self._elapsed)
        return self._elapsed + self._least

    def _begin(self, timestamp: int, arrival: float) -> float:
        self._timestamp, self._elapsed, self._least, self._arrival = timestamp, 0.0, arrival, arrival
        return arrival


class TrackClock:
    """When the frames of one stream were made, on our clock: by reports where there are any to be believed."""

    def __init__(self, reported: ReportedClock, sender: SenderClock) -> None:
        self._reported = reported
        self._sender = sender
        self._by_arrival: ArrivalClock | None = None
        self._stream = (0, 0)
        self.distrusted = 0
        """How many frames had a time by reports that could not be true."""

    def ours(self, ssrc: int, timestamp: int, arrival: float, rate: int) -> float:
        """For each frame in turn."""
        if self._by_arrival is None or self._stream != (ssrc, rate):
            self._by_arrival, self._stream = ArrivalClock(rate), (ssrc, rate)
        fallback = self._by_arrival.ours(timestamp, arrival)
        sent = self._reported.sender_time(ssrc, timestamp, arrival, rate)
        ours = None if sent is None else self._sender.ours(sent)
        if ours is None:
            return fallback
        if not arrival - _LATE < ours < arrival + _EARLY:
            self.distrusted += 1
            return fallback
        return ours
