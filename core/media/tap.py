# SPDX-License-Identifier: Apache-2.0
"""A tap on one layer of a track: plain RTP with arrival times, and what a reader has to know to make sense of it."""

from collections.abc import Mapping
from typing import final

from podium.core import _fastpath
from podium.core.events import TrackKind, TrackSource
from podium.core.media.streams import IncomingTrack


@final
class MediaTap:
    """Made by `context.media.open_tap`. One thread of the owner's reads; everything else is for the trio thread.

    It ends when its track does, when it is closed, and when the plugin stops. Close it in any case: its ring is
    memory that nobody else gives back.
    """

    def __init__(
        self,
        tap: _fastpath.Tap,
        participant_id: str,
        track: IncomingTrack,
        layer: int,
        codecs: Mapping[int, tuple[str, int]],
    ) -> None:
        self.participant_id = participant_id
        self.source: TrackSource = track.source
        self.kind: TrackKind = track.kind
        self.layer = layer
        """Which layer it is, counted from 0, the smallest."""
        self.codecs = dict(codecs)
        """What payload types mean: name of the codec and clock rate in Hz, such as `("VP8", 90000)`."""
        self._tap = tap
        self._source = track.layers[layer]
        self._closed = False

    def read(self, limit: int = 1000) -> list[_fastpath.TapPacket]:
        """What waits, oldest first, at most `limit`; never waits."""
        return [] if self._closed else self._tap.read(limit)

    def wait(self, timeout: float) -> bool:
        """Sleep until there is something to read, or for `timeout` seconds; False when nothing will come any more."""
        return not self._closed and self._tap.wait(timeout) and not self._closed

    @property
    def ended(self) -> bool:
        """Nothing will come any more, and everything was read."""
        return self._closed or self._tap.ended

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def records(self) -> int:
        """How many packets and sender reports were put into the ring."""
        return self._tap.records

    @property
    def overruns(self) -> int:
        """How many were lost because the reader did not keep up."""
        return self._tap.overruns

    def request_key_frame(self) -> None:
        """Ask the publisher for a key frame; at most one a second goes out, whoever asks. For the trio thread."""
        if not self._closed and not self._source.closed:
            self._source.request_key_frame()

    def close(self) -> None:
        """Give the ring back; a reader that waits is woken. For the trio thread; calling it again does nothing."""
        if not self._closed:
            self._closed = True
            self._tap.close()

    def is_on(self, source: _fastpath.Source) -> bool:
        return self._source is source
