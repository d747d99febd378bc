# SPDX-License-Identifier: Apache-2.0
"""The picture of a scene in YUV 4:2:0: scaled by libswscale, put together as numpy arrays, names laid over it.

Only places of which something changed are drawn again.
"""

from typing import Final, NamedTuple, final

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from podium.plugins.recording.composer.decoding import Picture
from podium.plugins.recording.composer.layout import Place, Rect, covering, fitted
from podium.plugins.recording.composer.lettering import Lettering, Mask

Plane = npt.NDArray[np.uint8]


class Color(NamedTuple):
    """BT.601, limited range."""

    y: int
    u: int
    v: int


GROUND: Final = Color(28, 130, 127)
CARD: Final = Color(52, 134, 124)
INK: Final = 225
_SHADE: Final = np.float32(0.35)


class Drawn(NamedTuple):
    """What a place was drawn with: the same again needs no drawing."""

    place: Place
    number: int
    label: str


@final
class Canvas:
    """One picture of this size, drawn over and over."""

    def __init__(self, width: int, height: int, lettering: Lettering) -> None:
        self.width = width
        self.height = height
        self._lettering = lettering
        self._planes = np.empty((height * 3 // 2, width), np.uint8)
        chroma = self._planes[height:].reshape(-1)
        half = width * height // 4
        self._y = self._planes[:height]
        self._u = chroma[:half].reshape(height // 2, width // 2)
        self._v = chroma[half:].reshape(height // 2, width // 2)
        self._drawn: dict[Place, Drawn] = {}
        self._inner: dict[Place, Rect] = {}
        self._scalers: dict[Rect, VideoReformatter] = {}
        self._final: VideoReformatter = VideoReformatter()
        self.clear()

    def clear(self) -> None:
        """For another scene."""
        self._fill(Rect(0, 0, self.width, self.height), GROUND)
        self._drawn.clear()
        self._inner.clear()
        self._scalers.clear()

    def draw(self, place: Place, picture: Picture | None, name: str) -> bool:
        """A place's picture with its name, or a card with the name. Whether anything changed."""
        label = name if picture is None or place.shown.source == "camera" else ""
        drawn = Drawn(place, picture.number if picture is not None else 0, label)
        if self._drawn.get(place) == drawn:
            return False
        self._drawn[place] = drawn
        if picture is None:
            self._inner.pop(place, None)
            self._card(place.rect, label, CARD if place.cover else GROUND)
        else:
            self._picture(place, picture.frame, label)
        return True

    def frame(self, width: int, height: int) -> av.VideoFrame:
        """A copy, of this size."""
        frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
        return self._final.reformat(frame, width, height, interpolation=Interpolation.BILINEAR, threads=1)

    def _fill(self, rect: Rect, color: Color) -> None:
        for plane, value in zip(self._parts(rect), color, strict=True):
            plane[:] = value

    def _parts(self, rect: Rect) -> tuple[Plane, Plane, Plane]:
        rows, columns = slice(rect.y, rect.y + rect.height), slice(rect.x, rect.x + rect.width)
        half_rows = slice(rect.y // 2, (rect.y + rect.height) // 2)
        half_columns = slice(rect.x // 2, (rect.x + rect.width) // 2)
        return self._y[rows, columns], self._u[half_rows, half_columns], self._v[half_rows, half_columns]

    def _picture(self, place: Place, frame: av.VideoFrame, label: str) -> None:
        size = covering(place.rect, frame.width, frame.height) if place.cover else None
        inner = place.rect if size is not None else fitted(place.rect, frame.width, frame.height)
        if self._inner.get(place) != inner:
            self._inner[place] = inner
            self._fill(place.rect, GROUND)
        self._blit(place, inner, size or (inner.width, inner.height), frame)
        if label:
            self._label(inner, label)

    def _blit(self, place: Place, rect: Rect, size: tuple[int, int], frame: av.VideoFrame) -> None:
        scaler = self._scalers.setdefault(place.rect, VideoReformatter())
        sharp = place.shown.source == "screen"
        scaled = scaler.reformat(
            frame,
            size[0],
            size[1],
            "yuv420p",
            interpolation=Interpolation.BICUBIC if sharp else Interpolation.FAST_BILINEAR,
            threads=1,
        )
        left, top = (size[0] - rect.width) // 4 * 2, (size[1] - rect.height) // 4 * 2
        for number, target in enumerate(self._parts(rect)):
            half = 1 if number == 0 else 2
            source = _plane(scaled.planes[number])
            rows, columns = target.shape
            target[:] = source[top // half : top // half + rows, left // half : left // half + columns]

    def _label(self, rect: Rect, name: str) -> None:
        """In a darkened box at the lower left."""
        size = max(min(rect.height // 8, self.height // 30), 10)
        pad = max(2, size // 4)
        mask = self._lettering.mask(name, size, rect.width - 4 * pad)
        width, height = min(rect.width, mask.shape[1] + 3 * pad) & ~1, min(rect.height, mask.shape[0] + 2 * pad) & ~1
        box = Rect(rect.x, rect.y + rect.height - height, width, height)
        y, u, v = self._parts(box)
        y[:] = (y * _SHADE + 16 * (1 - _SHADE)).astype(np.uint8)
        for chroma in (u, v):
            chroma[:] = ((chroma.astype(np.float32) - 128) * _SHADE + 128).astype(np.uint8)
        _write(y, mask, pad, pad)

    def _card(self, rect: Rect, name: str, color: Color) -> None:
        """The name in the middle of a plain ground."""
        self._fill(rect, color)
        size = max(14, min(rect.height // 6, self.height // 12))
        mask = self._lettering.mask(name, size, rect.width - size)
        y, _, _ = self._parts(rect)
        _write(y, mask, (rect.height - mask.shape[0]) // 2, (rect.width - mask.shape[1]) // 2)


def _write(plane: Plane, mask: Mask, top: int, left: int) -> None:
    """Ink laid over brightness."""
    top, left = max(top, 0), max(left, 0)
    target = plane[top : top + mask.shape[0], left : left + mask.shape[1]]
    ink = mask[: target.shape[0], : target.shape[1]].astype(np.uint16)
    target[:] = ((target * (255 - ink) + INK * ink) // 255).astype(np.uint8)


def _plane(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * plane.height].reshape(
        plane.height, plane.line_size
    )
    return rows[:, : plane.width]
