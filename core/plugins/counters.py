# SPDX-License-Identifier: Apache-2.0
"""What is counted of each hook of each plugin, and when a failure that keeps coming is worth another line of log."""

from dataclasses import dataclass

LOG_EVERY = 60.0
"""Seconds between two log entries on the same hook of the same plugin; the counters miss nothing."""


@dataclass(frozen=True, slots=True)
class HookStatistics:
    """Since the plugin was enabled. `seconds` is time from call to answer, waiting included.

    `dropped`: not told, because the plugin was too far behind.
    """

    calls: int = 0
    errors: int = 0
    timeouts: int = 0
    refusals: int = 0
    dropped: int = 0
    seconds: float = 0.0
    last_error: str | None = None


@dataclass(slots=True)
class HookCounter:
    """The same, still counting."""

    calls: int = 0
    errors: int = 0
    timeouts: int = 0
    refusals: int = 0
    dropped: int = 0
    seconds: float = 0.0
    last_error: str | None = None
    _logged: float | None = None

    def worth_logging(self, now: float) -> bool:
        """Whether a failure should be logged now; asking counts as doing so."""
        if self._logged is not None and now - self._logged < LOG_EVERY:
            return False
        self._logged = now
        return True

    def statistics(self) -> HookStatistics:
        return HookStatistics(
            calls=self.calls,
            errors=self.errors,
            timeouts=self.timeouts,
            refusals=self.refusals,
            dropped=self.dropped,
            seconds=self.seconds,
            last_error=self.last_error,
        )
