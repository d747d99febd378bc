# SPDX-License-Identifier: Apache-2.0
"""Where things are in the picture: one large, up to a few small ones in a column on the right."""

from typing import Literal, NamedTuple

import msgspec

ShownSource = Literal["camera", "screen"]


class Shown(NamedTuple):
    """Somebody's camera (or name, where there is none) or screen."""

    participant_id: str
    source: ShownSource


class Scene(msgspec.Struct, frozen=True):
    """What is shown from some time on. `pictures`: which of those have a picture; the others are names."""

    main: Shown | None = None
    column: tuple[Shown, ...] = ()
    pictures: frozenset[Shown] = frozenset()

    @property
    def shown(self) -> tuple[Shown, ...]:
        return ((self.main,) if self.main is not None else ()) + self.column


class Rect(NamedTuple):
    """In pixels; all even, as every second pixel has its own color."""

    x: int
    y: int
    width: int
    height: int

    def inset(self, by: int) -> "Rect":
        return Rect(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


class Place(NamedTuple):
    """A part of the picture for one. `cover`: fill it, even if edges are cut off."""

    shown: Shown
    rect: Rect
    cover: bool


def places(scene: Scene, width: int, height: int, tiles: int) -> list[Place]:
    """The large one first. Nothing overlaps."""
    if scene.main is None:
        return []
    column = scene.column[: tiles - 1]
    if not column:
        return [Place(scene.main, Rect(0, 0, width, height), cover=False)]
    tile_height = _even(min(height // max(tiles - 1, 4), width * 9 // 80))
    tile_width = _even(tile_height * 16 // 9)
    top = _even((height - tile_height * len(column)) // 2)
    large = Place(scene.main, Rect(0, 0, width - tile_width, height), cover=False)
    gap = tile_height // 72 * 2
    small = [
        Place(shown, Rect(width - tile_width, top + tile_height * row, tile_width, tile_height).inset(gap), cover=True)
        for row, shown in enumerate(column)
    ]
    return [large, *small]


def fitted(rect: Rect, width: int, height: int) -> Rect:
    """The largest part in the middle of a place that has the shape of a picture of this size."""
    scale = min(rect.width / width, rect.height / height)
    inner = min(_even(round(width * scale) + 1), rect.width), min(_even(round(height * scale) + 1), rect.height)
    inner = max(inner[0], 2), max(inner[1], 2)
    return Rect(
        rect.x + _even((rect.width - inner[0]) // 2), rect.y + _even((rect.height - inner[1]) // 2), inner[0], inner[1]
    )


def covering(rect: Rect, width: int, height: int) -> tuple[int, int] | None:
    """The size at which a picture fills a place; None where more than a third of it would be cut off."""
    scale = max(rect.width / width, rect.height / height)
    kept = rect.width * rect.height / (width * height * scale * scale)
    if kept < 2 / 3:
        return None
    return max(_even(round(width * scale) + 1), rect.width), max(_even(round(height * scale) + 1), rect.height)


def _even(value: int) -> int:
    return value - value % 2
