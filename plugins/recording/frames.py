# SPDX-License-Identifier: Apache-2.0
"""The file of one track as encoded frames with times, read in pieces of bounded size while it may still grow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, final

from podium.plugins.recording.clocks import TrackClock
from podium.plugins.recording.depacketize import Depacketizer, Unit, depacketizer_of
from podium.plugins.recording.ordering import Arrived, Ordering
from podium.plugins.recording.packets import rtp_untrusted
from podium.plugins.recording.recordfile import Kind, RecordReader

BEFORE_KEY_FRAME = 40.0
"""Key frames are asked for every 30 seconds: so far before a moment reading begins."""


class Frame(NamedTuple):
    """An encoded frame, in the order of decoding, which is that of showing."""

    time: float
    """Seconds since the recording began."""
    codec: str
    """Small letters: `vp8`, `h264` (Annex B), `vp9`, `av1` (OBUs with sizes), `opus`."""
    key: bool
    """Decoding can begin here; true of all audio."""
    data: bytes
    missing: int
    """Packets that never came, and frames that could not be decoded for it, since the frame before; 0: it is whole."""


class Source(NamedTuple):
    """What a cursor has to know of its track."""

    path: Path
    codecs: Mapping[int, tuple[str, int]]
    clock: TrackClock
    to_class: Callable[[float], float]
    """From seconds of the clock of taps to seconds of the class."""
    final: Callable[[], bool]
    """Whether nothing will be added to the file."""
    now: Callable[[], int]
    """Up to when capture is known to have gone on, in microseconds."""


@final
class FrameCursor:
    """Frames of one track from a moment on. Iterating gives what is there; iterating again, what has come since."""

    def __init__(self, source: Source, since: float, seek_to: int | None) -> None:
        self._source = source
        self._since = since
        self._reader = RecordReader(source.path)
        if seek_to is not None:
            self._reader.seek(seek_to)
        self._ordering = Ordering()
        self._payload_type = -1
        self._codec = ""
        self._rate = 0
        self._depacketizer: Depacketizer | None = None
        self._held: list[Frame] | None = []
        self._last = 0.0
        self._missing = 0
        self._end_read = False
        self.ended = False
        """Nothing will come any more."""

    @property
    def corrupt(self) -> int:
        """How many damaged places were stepped over."""
        return self._reader.corrupt

    def close(self) -> None:
        self._reader.close()

    def __iter__(self) -> Iterator[Frame]:
        if self.ended:
            return
        final = self._source.final()
        for frame in self._read(final=final):
            if self._held is None:
                yield frame
            else:
                yield from self._held_back(self._held, frame)
        if self._end_read or final:
            self.ended = True
            self.close()
            yield from self._held or ()
            self._held = None

    def _read(self, *, final: bool) -> Iterator[Frame]:
        now = self._source.now()
        for record in self._reader.read(final=final):
            if record.kind == Kind.RTP:
                packet = rtp_untrusted(record.payload)
                if packet is not None:
                    for arrived in self._ordering.push(packet, record.at):
                        yield from self._frames(arrived)
            elif record.kind == Kind.END:
                self._end_read = True
        waiting = self._ordering.flush() if self._end_read or final else self._ordering.expire(now)
        for arrived in waiting:
            yield from self._frames(arrived)

    def _frames(self, arrived: Arrived) -> Sequence[Frame]:
        packet = arrived.packet
        if packet.payload_type != self._payload_type:
            self._switch(packet.payload_type)
        if self._depacketizer is None:
            self._missing += arrived.missing
            return ()
        return [self._frame(packet.ssrc, unit) for unit in self._depacketizer.push(arrived)]

    def _frame(self, ssrc: int, unit: Unit) -> Frame:
        ours = self._source.clock.ours(ssrc, unit.timestamp, unit.at / 1e6, self._rate)
        self._last = max(self._last, self._source.to_class(ours))
        missing, self._missing = unit.missing + self._missing, 0
        return Frame(self._last, self._codec, unit.key, unit.data, missing)

    def _switch(self, payload_type: int) -> None:
        """To another codec: its first frame is a key frame."""
        self._payload_type = payload_type
        codec, self._rate = self._source.codecs.get(payload_type, ("", 0))
        self._codec = codec.lower()
        self._depacketizer = depacketizer_of(codec) if self._rate > 0 else None

    def _held_back(self, held: list[Frame], frame: Frame) -> Sequence[Frame]:
        """Hold back what may be needed to decode the first frame wanted: those from the last key frame on."""
        if frame.key and frame.time <= self._since:
            held.clear()
        held.append(frame)
        if frame.time < self._since:
            return ()
        self._held = None
        return held
