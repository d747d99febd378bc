# SPDX-License-Identifier: Apache-2.0
"""Which simulcast layer of a track a slot gets, from what runs now and how tall the picture may be.

The tallest running layer that fits; when none fits, the smallest that runs, since a picture that is too large is
better than none. Heights come from key frames; until all running layers have told theirs, missing ones are guessed
from the others by the usual factor of two between neighbors. No hysteresis and no bandwidth here.
"""

from collections.abc import Sequence
from typing import NamedTuple

AUTOMATIC_TILE_HEIGHT = 360
LARGE_AUTOMATIC_TILES = 2


class Layer(NamedTuple):
    """One source of a track; `rank` counts upward from the smallest as the publisher announced them."""

    source_id: int
    rank: int
    height: int | None
    running: bool


def choose_layer(layers: Sequence[Layer], max_height: int | None) -> int | None:
    """Source id of the layer to show, or None when none runs."""
    running = [layer for layer in layers if layer.running]
    if not running:
        return None
    ascending = sorted((_height(layer, layers), layer.rank, layer.source_id) for layer in running)
    if max_height is None:
        return ascending[-1][2]
    fitting = [source_id for height, _, source_id in ascending if 0 < height <= max_height]
    return fitting[-1] if fitting else ascending[0][2]


def automatic_height(source: str, filled: int) -> int | None:
    """Limit for a slot that nobody chose a size for: screens and the pictures of a small group stay unlimited."""
    if source == "screen" or filled <= LARGE_AUTOMATIC_TILES:
        return None
    return AUTOMATIC_TILE_HEIGHT


def _height(layer: Layer, layers: Sequence[Layer]) -> float:
    """Known or guessed height; 0 when no layer has told any."""
    if layer.height is not None:
        return layer.height
    known = [other for other in layers if other.height is not None]
    if not known:
        return 0
    nearest = min(known, key=lambda other: abs(other.rank - layer.rank))
    assert nearest.height is not None
    return float(nearest.height * 2.0 ** (layer.rank - nearest.rank))
