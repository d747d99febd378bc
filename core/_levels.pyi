# SPDX-License-Identifier: Apache-2.0
"""Who is loudest, for tests and tools; see `_levels.pyx`."""

def select_loudest(scores: list[float], chosen_before: list[bool], wanted: int) -> list[int]:
    """Indexes of the loudest, loudest first (at most 32 of at most 256); those chosen before get a bonus of 6 dB."""

class Voice:
    """The smoothed loudness of one voice."""

    def heard(self, level: int, now: float) -> None:
        """A packet with this level (-dBov, 0 to 127) arrived at `now` (seconds)."""
    def score(self, now: float) -> float:
        """0 (silence) to 127 (full scale)."""
