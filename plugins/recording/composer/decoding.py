# SPDX-License-Identifier: Apache-2.0
"""What a camera or screen shows at a time: frames decoded as far as that, the last picture held over gaps.

Only feeds that are asked are read and decoded. What cannot be decoded is passed over until the next key frame.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, final

import av
from av.codec.context import Flags

from podium.plugins.recording.reading import CapturedTrack, Frame

HELD = 2.0
"""Seconds for which the last picture of a camera is shown when nothing comes. A screen just does not change."""
BEFORE = 2.0
"""Reading begins so much earlier, for pictures that do not change often."""
_DECODERS = {"vp8": "vp8", "vp9": "vp9", "h264": "h264", "av1": "libdav1d"}
_MOST_SIDE = 4096


class Cursor(Protocol):
    """What is used of a `FrameCursor`."""

    ended: bool

    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


@final
class Upcoming:
    """The frames of a track up to a time, one being kept in hand. `to_film`: from seconds of the class."""

    def __init__(self, cursor: Cursor, to_film: Callable[[float], float]) -> None:
        self._cursor = cursor
        self._to_film = to_film
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None

    @property
    def ended(self) -> bool:
        """Nothing will come any more."""
        return self._next is None and self._cursor.ended

    def until(self, time: float) -> Iterator[Frame]:
        """Those before this time of the film that have not been given, with times of the film."""
        while True:
            frame = self._next or self._read()
            if frame is None:
                return
            if frame.time >= time:
                self._next = frame
                return
            self._next = None
            yield frame

    def close(self) -> None:
        self._cursor.close()

    def _read(self) -> Frame | None:
        frame = next(self._frames, None)
        if frame is None and not self._cursor.ended:
            self._frames = iter(self._cursor)
            frame = next(self._frames, None)
        return None if frame is None else frame._replace(time=self._to_film(frame.time))


@final
class PictureDecoder:
    """Of one track. Survives what is damaged, and changes of codec."""

    def __init__(self) -> None:
        self.failed = 0
        """Frames that could not be decoded."""
        self._codec = ""
        self._context: av.VideoCodecContext | None = None

    def decode(self, frame: Frame) -> av.VideoFrame | None:
        """The picture of a frame, if it gives one."""
        if frame.key and (self._context is None or frame.codec != self._codec):
            self._context, self._codec = _decoder(frame.codec), frame.codec
        if self._context is None or frame.codec != self._codec:
            return None
        try:
            pictures = self._context.decode(av.Packet(frame.data))
        except (av.error.FFmpegError, ValueError):
            self.failed += 1
            self._context = None
            return None
        picture = pictures[-1] if pictures else None
        if picture is not None and max(picture.width, picture.height) > _MOST_SIDE:
            return None
        return picture


def _decoder(codec: str) -> av.VideoCodecContext | None:
    name = _DECODERS.get(codec)
    if name is None:
        return None
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    context.flags |= Flags.low_delay
    return context


class Picture(NamedTuple):
    """`number` is another for each new one of a feed."""

    frame: av.VideoFrame
    time: float
    number: int


@final
class Feed:
    """All tracks of one camera or screen, from a time of the film on. The newest picture counts."""

    def __init__(
        self, since: float, to_film: Callable[[float], float], to_class: Callable[[float], float], held: float | None
    ) -> None:
        self._since = since
        self._to_film = to_film
        self._to_class = to_class
        self._held = held
        self._tracks: dict[str, tuple[Upcoming, PictureDecoder]] = {}
        self._picture: Picture | None = None
        self._number = 0

    @property
    def failed(self) -> int:
        return sum(decoder.failed for _, decoder in self._tracks.values())

    def add(self, track: CapturedTrack) -> None:
        """Once each; those that begin later, too."""
        if track.id not in self._tracks:
            cursor = track.frames(max(0.0, self._to_class(self._since) - BEFORE))
            self._tracks[track.id] = (Upcoming(cursor, self._to_film), PictureDecoder())

    def at(self, time: float) -> Picture | None:
        """Times do not go back."""
        for upcoming, decoder in self._tracks.values():
            for frame in upcoming.until(time):
                decoded = decoder.decode(frame)
                if decoded is not None and (self._picture is None or frame.time >= self._picture.time):
                    self._number += 1
                    self._picture = Picture(decoded, frame.time, self._number)
        picture = self._picture
        if picture is None or (self._held is not None and time - picture.time > self._held):
            return None
        return picture

    def close(self) -> None:
        for upcoming, _ in self._tracks.values():
            upcoming.close()
