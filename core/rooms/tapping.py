# SPDX-License-Identifier: Apache-2.0
"""Finds the layer of a track that somebody wants to tap, and says what is wrong when there is none."""

from collections.abc import Iterable

from podium.core import _fastpath
from podium.core.events import TrackKind, TrackSource
from podium.core.media.connection import Connection
from podium.core.media.streams import IncomingTrack
from podium.core.media.tap import MediaTap
from podium.core.rooms.identity import RoomError

MAX_TAPS = 4
"""Of one layer; a limit of the worker."""
MIN_CAPACITY, MAX_CAPACITY = 1 << 12, 1 << 28


class Taps:
    """The taps of one room."""

    def __init__(self) -> None:
        self._open: list[MediaTap] = []

    def open(
        self,
        participant_id: str,
        connection: Connection | None,
        source: TrackSource,
        kind: TrackKind | None,
        layer: int | None,
        capacity: int,
        running: Iterable[int],
    ) -> MediaTap:
        """`running`: ids of the sources that flow. Raises RoomError."""
        _check_capacity(capacity)
        track = _find_track(connection, source, kind)
        assert connection is not None
        index = _largest(track, set(running)) if layer is None else layer
        if not 0 <= index < len(track.layers):
            what = f"the {source} has layers 0 to {len(track.layers) - 1}, not {index}"
            raise RoomError("layer_unknown", what, "layer")
        tapped = track.layers[index]
        self._open = [tap for tap in self._open if not tap.closed]
        if sum(tap.is_on(tapped) for tap in self._open) >= MAX_TAPS:
            raise RoomError("taps_exhausted", f"one layer can have at most {MAX_TAPS} taps at a time", "source")
        tap = MediaTap(tapped.tap(capacity), participant_id, track, index, connection.codecs(track.mid))
        self._open.append(tap)
        return tap


def _check_capacity(capacity: int) -> None:
    if not MIN_CAPACITY <= capacity <= MAX_CAPACITY or capacity & (capacity - 1):
        what = f"capacity must be a power of two from {MIN_CAPACITY} to {MAX_CAPACITY} bytes"
        raise RoomError("capacity_invalid", what, "capacity")


def _find_track(connection: Connection | None, source: TrackSource, kind: TrackKind | None) -> IncomingTrack:
    tracks = connection.tracks.values() if connection is not None else ()
    found = [track for track in tracks if track.source == source and kind in (None, track.kind)]
    if not found:
        wanted = f"no {source}" if kind is None else f"no {source} ({kind})"
        raise RoomError("track_unknown", f"this participant has {wanted}", "source")
    return max(found, key=lambda track: track.kind == "video")


def _largest(track: IncomingTrack, running: set[int]) -> int:
    """Of the layers that flow; of all, while none does."""
    layers: list[_fastpath.Source] = list(track.layers)
    flowing = [index for index, layer in enumerate(layers) if layer.id in running]
    return flowing[-1] if flowing else len(layers) - 1
