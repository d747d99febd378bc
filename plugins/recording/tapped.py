# SPDX-License-Identifier: Apache-2.0
"""One tapped layer of a track on its way into its file. Belongs to the draining thread.

Packets are taken from the tap as they are. What cannot be decoded later is noticed here already, because only now can
a key frame still be asked for: lost packets, overruns of the tap, and what a slow disk made capture leave out.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Protocol, final

import msgspec

from podium.core import TAP_RTP, TapPacket, TrackKind, TrackSource
from podium.plugins.recording.recordfile import Kind, packed
from podium.plugins.recording.timeline import TrackDescription

READ_AT_ONCE = 500
LOSS_PATIENCE = 1.0
"""For so many seconds a retransmission is waited for before a key frame is asked for."""

_REPORTS_APART_US = 100_000
"""Reports that come faster than this are left out: five seconds is usual."""

_TRACK_NUMBER = Struct("<H")
_SEQUENCE = Struct("!H")
_RESTART = 3000


class Tap(Protocol):
    """What is used of a MediaTap."""

    participant_id: str
    source: TrackSource
    kind: TrackKind
    layer: int
    codecs: dict[int, tuple[str, int]]

    def read(self, limit: int = 1000) -> list[TapPacket]: ...
    @property
    def ended(self) -> bool: ...
    @property
    def records(self) -> int: ...
    @property
    def overruns(self) -> int: ...
    def request_key_frame(self) -> None: ...
    def close(self) -> None: ...


@final
class LossWatch:
    """Notices that packets are missing for good."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing = 0
        self._since: float | None = None

    def take(self, sequence: int) -> None:
        if self._highest is None:
            self._highest = sequence
            return
        ahead = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if abs(ahead) > _RESTART:
            self._highest, self._missing = sequence, 0
        elif ahead > 0:
            self._highest = sequence
            self._missing += ahead - 1
        elif ahead < 0:
            self._missing = max(0, self._missing - 1)

    def lost(self, now: float) -> bool:
        """Whether something is missing long enough; said once."""
        if not self._missing:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= LOSS_PATIENCE:
            self._missing, self._since = 0, None
            return True
        return False


def microseconds(seconds: float) -> int:
    """Exactly those that a tap made its seconds of."""
    return round(seconds * 1_000_000)


class Drained(msgspec.Struct):
    """What one visit to a tap gave: bytes for the track's file and for that of the clocks."""

    media: list[bytes]
    clocks: list[bytes]


@final
class TappedTrack:
    """The state of one tap."""

    def __init__(self, tap: Tap, description: TrackDescription, at: int) -> None:
        self.tap = tap
        self.description = description
        self.ending = False
        """The trio thread wants it to end: what is in the ring is taken, then nothing more."""
        self.key_frame_wanted = True
        self.kept = True
        self.packets = 0
        self.left_out = 0
        self._head: bytes | None = packed(Kind.DESCRIPTION, at, msgspec.json.encode(description))
        self._overruns = 0
        self._losses = LossWatch()
        self._last_report = 0

    @property
    def video(self) -> bool:
        return self.description.kind == "video"

    def drain(self, *, kept: bool, now: float, hidden_times: Callable[[], Callable[[int], bool] | None]) -> Drained:
        """Take what the ring has. `kept`: whether the disk bears it.

        `hidden_times` says when nothing is recorded. It is asked behind each reading, so that a pause that begins
        meanwhile concerns only what is still in the ring.
        """
        drained = Drained([], [])
        if self._head is not None:
            drained.media.append(self._head)
            self._head = None
        self._change(kept, now, drained)
        while True:
            packets = self.tap.read(READ_AT_ONCE)
            self._take(packets, drained, hidden_times())
            if len(packets) < READ_AT_ONCE:
                break
        self._look_for_losses(now, drained)
        return drained

    def end(self, now: float) -> bytes:
        """The last record."""
        return packed(Kind.END, microseconds(now), b"")

    def _change(self, kept: bool, now: float, drained: Drained) -> None:
        if kept != self.kept:
            self.kept = kept
            self.key_frame_wanted = kept
            reason = "kept again" if kept else "left out"
            drained.media.append(_gap(now, {"reason": reason}))

    def _take(self, packets: Sequence[TapPacket], drained: Drained, hidden: Callable[[int], bool] | None) -> None:
        for kind, arrival, data in packets:
            at = microseconds(arrival)
            if hidden is not None and hidden(at):
                continue
            if kind != TAP_RTP:
                self._report(at, data, drained)
            elif not self.kept:
                self.left_out += 1
            else:
                self.packets += 1
                if self.video and len(data) >= 4:
                    self._losses.take(_SEQUENCE.unpack_from(data, 2)[0])
                drained.media.append(packed(Kind.RTP, at, data))

    def _report(self, at: int, data: bytes, drained: Drained) -> None:
        if at - self._last_report >= _REPORTS_APART_US:
            self._last_report = at
            number = _TRACK_NUMBER.pack(self.description.number)
            drained.clocks.append(packed(Kind.SENDER_REPORT, at, number + data))

    def _look_for_losses(self, now: float, drained: Drained) -> None:
        overruns = self.tap.overruns
        if overruns > self._overruns:
            drained.media.append(_gap(now, {"reason": "overrun", "records": overruns - self._overruns}))
            self._overruns = overruns
            self.key_frame_wanted = True
        if self.video and self._losses.lost(now):
            self.key_frame_wanted = True


def _gap(now: float, what: dict[str, object]) -> bytes:
    return packed(Kind.GAP, microseconds(now), msgspec.json.encode(what))


def report_untrusted(payload: bytes) -> tuple[int, bytes] | None:
    """Track number and RTCP of a record of the clocks' file."""
    if len(payload) < _TRACK_NUMBER.size:
        return None
    return _TRACK_NUMBER.unpack_from(payload)[0], payload[_TRACK_NUMBER.size :]
