# SPDX-License-Identifier: Apache-2.0
"""Missing packets of a stream and when to ask for them again, for tests and for plugins that receive media."""

from typing import ClassVar, NamedTuple, final

class Due(NamedTuple):
    """What to ask for now, oldest first, and how many were given up since the question before."""

    sequences: list[int]
    gave_up: int

@final
class LossTracker:
    """The missing packets of one stream; times are in microseconds of any monotonic clock."""

    IN_ORDER: ClassVar[int]
    RECOVERED: ClassVar[int]
    OLD: ClassVar[int]
    RESTART: ClassVar[int]

    def reset(self) -> None:
        """Forget everything, as before the first packet."""
    def received(self, sequence: int, now_us: int) -> int:
        """A packet arrived: IN_ORDER, RECOVERED (it was missing), OLD, or RESTART (the stream began anew elsewhere)."""
    def due(self, now_us: int, round_trip_us: int, capacity: int = 512) -> Due:
        """Ask for at most `capacity` packets, each again after the round trip (at least 20 ms), ten times at most."""
    def forget_before(self, sequence: int) -> None:
        """A key frame begins here: what is older is no longer wanted, and not counted as given up."""
    @property
    def missing(self) -> list[int]:
        """The numbers known to be missing, oldest first."""
