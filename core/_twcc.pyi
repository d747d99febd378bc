# SPDX-License-Identifier: Apache-2.0
"""Transport-wide congestion control feedback, for tests and for plugins that receive media."""

from typing import final

@final
class ArrivalRecorder:
    """Arrival times of one transport's packets, and the RTCP feedback that reports them."""

    def reset(self) -> None:
        """Forget everything, as before the first packet."""
    def arrived(self, sequence: int, arrival_us: int) -> None:
        """A packet with this transport-wide number arrived, at a time of any monotonic clock.

        Numbers already reported are ignored; one 2048 or more away from the next to report starts the log anew.
        """
    def take_feedback(self, sender_ssrc: int, media_ssrc: int, capacity: int = 1200) -> bytes | None:
        """One RTCP packet about what was not yet reported, None when there is nothing left: call until None."""
