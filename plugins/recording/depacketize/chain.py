# SPDX-License-Identifier: Apache-2.0
"""Which frames can still be decoded after something was lost.

Without further knowledge none can until the next key frame. With temporal layers and the index of the base layer
(TL0PICIDX in RFC 7741 section 4.2 and RFC 9628 section 4.2) a loss in an upper layer harms the upper layers only,
until one of their frames depends on the base layer alone.
"""

from typing import NamedTuple


class Layer(NamedTuple):
    """Temporal layer of a frame, index of the base frame it depends on or is, and whether that is all it depends on."""

    temporal: int
    base_index: int
    sync: bool


_ANY = -1
"""The index of a base frame that did not say one."""


class ReferenceChain:
    """What has been lost of one stream, as far as it matters. Nothing can be decoded before a first key frame."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._whole_layers: set[int] = set()
        self._whole = False

    def lost(self) -> None:
        """Something was lost here."""
        self._whole = False
        self._whole_layers.clear()

    def break_off(self) -> None:
        """Only a key frame will do."""
        self.lost()
        self._base = None

    def accepts(self, key: bool, layer: Layer | None) -> bool:
        """Whether the next frame can be decoded; it counts as decoded then."""
        if key:
            self._base = _ANY if layer is None else layer.base_index
            self._whole_layers = {1, 2, 3, 4, 5, 6, 7}
            self._whole = True
            return True
        if self._base is None or (layer is None and not self._whole):
            self.break_off()
            return False
        if layer is None:
            return True
        return self._accepts_upper(layer) if layer.temporal else self._accepts_base(layer)

    def _accepts_base(self, layer: Layer) -> bool:
        if self._base not in (_ANY, (layer.base_index - 1) & 0xFF):
            self.break_off()
            return False
        self._base = layer.base_index
        return True

    def _accepts_upper(self, layer: Layer) -> bool:
        if self._base not in (_ANY, layer.base_index):
            self.lost()
            return False
        if layer.sync:
            self._whole_layers.add(layer.temporal)
            return True
        return self._whole_layers.issuperset(range(1, layer.temporal + 1))
