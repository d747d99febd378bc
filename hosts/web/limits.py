# SPDX-License-Identifier: Apache-2.0
"""A token bucket: how much one connection may ask for before it counts as a flood. Sans-IO, the time is an argument."""

from typing import final


@final
class TokenBucket:
    """Holds up to `capacity` tokens and gains `rate` a second; starts full."""

    def __init__(self, *, rate: float, capacity: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._tokens = capacity
        self._updated: float | None = None

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Whether there were that many tokens; they are gone then. A refusal costs nothing."""
        if self._updated is not None:
            gained = max(0.0, now - self._updated) * self._rate
            self._tokens = min(self._capacity, self._tokens + gained)
        self._updated = now
        if self._tokens < amount:
            return False
        self._tokens -= amount
        return True
