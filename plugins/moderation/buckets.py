# SPDX-License-Identifier: Apache-2.0
"""A token bucket for each key: so many at once, and so many a second after that. Time comes in as an argument."""

from collections.abc import Hashable
from typing import final


@final
class Buckets:
    """Full at first. Forgets keys that are full again, so that memory follows who is active."""

    def __init__(self, *, at_once: float, per_second: float) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._left: dict[Hashable, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: Hashable, now: float) -> bool:
        """Whether there was one for this key."""
        left = self._filled(key, now)
        if left < 1:
            return False
        self._left[key] = (left - 1, now)
        if len(self._left) > _MANY:
            self._forget(now)
        return True

    def _filled(self, key: Hashable, now: float) -> float:
        left, since = self._left.get(key, (self._at_once, now))
        return min(self._at_once, left + (now - since) * self._per_second)

    def _forget(self, now: float) -> None:
        self._left = {key: each for key, each in self._left.items() if self._filled(key, now) < self._at_once}


_MANY = 1000
"""Keys from which on it is worth looking for those that are full."""
