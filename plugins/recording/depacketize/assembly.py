# SPDX-License-Identifier: Apache-2.0
"""Packets of one timestamp become a frame when all of them are there: up to the marker, or to another timestamp.

What a loss makes undecodable is left out (`chain`), and the next frame given says that something is missing. Knows no
codec: a builder reads payloads and says where frames may begin.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from podium.plugins.recording.depacketize.chain import Layer, ReferenceChain
from podium.plugins.recording.ordering import Arrived

MAX_FRAME = 8 << 20
"""A frame that grows beyond this many bytes is given up."""


class Unit(NamedTuple):
    """An encoded frame as a decoder takes it."""

    data: bytes
    key: bool
    timestamp: int
    at: int
    """When its first packet arrived, in microseconds."""
    missing: int
    """Packets that never came and frames left out since the frame before."""
    restart: bool
    """The sender began a new stream here or between the frame before and this one."""


class Part(NamedTuple):
    """What a builder says of a payload it has taken in."""

    start: bool
    """A frame may begin with it, even if packets before it are missing."""
    key: bool
    layer: Layer | None = None


class FrameBuilder(Protocol):
    """Puts the payloads of one frame together."""

    def add_untrusted(self, payload: bytes) -> Part | None:
        """Take in the next payload of the frame, not empty; None when it is damaged. Never raises."""

    def take(self) -> bytes:
        """The frame, empty when it is not whole; the next payload begins another."""


class Depacketizer(Protocol):
    """Makes frames of packets."""

    def push(self, arrived: Arrived) -> Sequence[Unit]:
        """What is whole with this packet."""


class Assembly:
    """Depacketizer of video."""

    def __init__(self, builder: FrameBuilder) -> None:
        self._builder = builder
        self._chain = ReferenceChain()
        self._first: Arrived | None = None
        self._part = Part(start=False, key=False)
        self._size = 0
        self._damaged = False
        self._gap = True
        self._missing = 0
        self._restart = False

    def push(self, arrived: Arrived) -> Sequence[Unit]:
        packet = arrived.packet
        whole: Unit | None = None
        if arrived.missing or arrived.restart:
            self._lose(arrived)
        elif self._first is not None and self._first.packet.timestamp != packet.timestamp:
            whole = self._finish()
        if packet.payload:  # else it is padding, to probe the network
            self._add(arrived)
            if packet.marker:
                return [unit for unit in (whole, self._finish()) if unit is not None]
        return () if whole is None else (whole,)

    def _finish(self) -> Unit | None:
        """The frame begun, if it can be decoded."""
        first, part = self._first, self._part
        data = self._builder.take()
        if first is None:
            return None
        self._first = None
        if self._damaged or not data:
            self._leave_out()
        elif self._chain.accepts(part.key, part.layer):
            unit = Unit(data, part.key, first.packet.timestamp, first.at, self._missing, self._restart)
            self._missing, self._restart = 0, False
            return unit
        else:
            self._missing += 1
        return None

    def _lose(self, arrived: Arrived) -> None:
        """Packets before this one are missing: those of the frame begun, or others of unknown frames."""
        self._gap = True
        self._missing += arrived.missing
        if self._first is not None:
            self._builder.take()
            self._first = None
            self._missing += 1
        if arrived.restart:
            self._restart = True
            self._chain.break_off()
        else:
            self._chain.lost()

    def _leave_out(self) -> None:
        self._missing += 1
        self._chain.lost()

    def _add(self, arrived: Arrived) -> None:
        part = self._builder.add_untrusted(arrived.packet.payload)
        if self._first is None:
            self._first, self._size = arrived, 0
            self._damaged = part is None or (self._gap and not part.start)
            self._gap = False
            self._part = part or Part(start=False, key=False)
        elif part is None:
            self._damaged = True
        elif part.key and not self._part.key:
            self._part = self._part._replace(key=True)
        self._size += len(arrived.packet.payload)
        if self._size > MAX_FRAME:
            self._builder.take()
            self._damaged = True
