# SPDX-License-Identifier: Apache-2.0
"""Packets in the order they were sent in: what was overtaken is waited for a while, what comes twice is dropped.

Waiting is bounded in packets and in time of arrival; what has not come by then is missing, and the packet behind the
gap says how many are. A sender that begins anew (another SSRC, or numbers far from those before) starts a new stream.
"""

from collections.abc import Sequence
from typing import NamedTuple

from podium.plugins.recording.packets import RtpPacket, Unwrapper

WINDOW = 512
PATIENCE_US = 500_000
_RESTART = 3000
"""A jump of the sequence number by more than this is a new stream (RFC 3550 appendix A.1)."""


class Arrived(NamedTuple):
    """A packet in order. `missing` counts those before it that never came; `restart`: nothing before it counts."""

    packet: RtpPacket
    at: int
    missing: int
    restart: bool


class Ordering:
    """The order of one track."""

    def __init__(self) -> None:
        self.duplicates = 0
        """Packets that had come before, or too late."""
        self._begin()

    def _begin(self) -> None:
        self._unwrapper = Unwrapper(16)
        self._ssrc: int | None = None
        self._next = 0
        self._waiting: dict[int, tuple[RtpPacket, int]] = {}

    def push(self, packet: RtpPacket, at: int) -> Sequence[Arrived]:
        """What can be given now that this packet has arrived, at this many microseconds."""
        if self._ssrc != packet.ssrc:
            return self._restart(packet, at)
        number = self._unwrapper.unwrap(packet.sequence)
        if number == self._next and not self._waiting:
            self._next += 1
            return (Arrived(packet, at, 0, restart=False),)
        if abs(number - self._next) > _RESTART:
            return self._restart(packet, at)
        if number < self._next or number in self._waiting:
            self.duplicates += 1
        else:
            self._waiting[number] = (packet, at)
        return self.expire(at)

    def expire(self, now: int) -> Sequence[Arrived]:
        """What can be given at this time."""
        ready = self._in_line()
        while self._waiting:
            oldest = next(iter(self._waiting.values()))[1]
            if now - oldest < PATIENCE_US and len(self._waiting) < WINDOW:
                break
            ready.append(self._over_the_gap())
            ready += self._in_line()
        return ready

    def flush(self) -> Sequence[Arrived]:
        """All that waits: nothing else will come."""
        ready = self._in_line()
        while self._waiting:
            ready.append(self._over_the_gap())
            ready += self._in_line()
        return ready

    def _restart(self, packet: RtpPacket, at: int) -> Sequence[Arrived]:
        before = self.flush()
        self._begin()
        self._ssrc = packet.ssrc
        self._next = self._unwrapper.unwrap(packet.sequence) + 1
        return [*before, Arrived(packet, at, 0, restart=True)]

    def _in_line(self) -> list[Arrived]:
        """Those that waited for nothing but the ones given before."""
        ready = []
        while (waiting := self._waiting.pop(self._next, None)) is not None:
            ready.append(Arrived(*waiting, 0, restart=False))
            self._next += 1
        return ready

    def _over_the_gap(self) -> Arrived:
        number = min(self._waiting)
        missing, self._next = number - self._next, number + 1
        return Arrived(*self._waiting.pop(number), missing, restart=False)
