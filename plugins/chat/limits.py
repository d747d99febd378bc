# SPDX-License-Identifier: Apache-2.0
"""How often somebody may write: a token bucket each. Sans-IO.

A bucket is kept as the time at which it will be full again, so one that is full needs no memory: those are forgotten
when there are many. Who is refused has lost nothing by asking.
"""

from typing import NamedTuple

MANY = 1000
"""Buckets after which full ones are forgotten."""


class Limit(NamedTuple):
    """`burst` at once, and one more every `pace` seconds."""

    burst: int
    pace: float


class Buckets:
    """The buckets of one room."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._sweep_at = MANY

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, who: str, limit: Limit, now: float) -> float:
        """Seconds to wait until it may be tried again; 0 if it may be now, which is counted."""
        full_at = max(self._full_at.get(who, now), now) + limit.pace
        wait = full_at - now - limit.burst * limit.pace
        if wait > 1e-9:
            return wait
        self._full_at[who] = full_at
        if len(self._full_at) > self._sweep_at:
            self._forget_full(now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        self._full_at = {who: full_at for who, full_at in self._full_at.items() if full_at > now}
        self._sweep_at = max(MANY, 2 * len(self._full_at))
