# SPDX-License-Identifier: Apache-2.0
"""What is left out when the machine is too busy to make the film as fast as the class goes on: steps with names.

A step is chosen for each piece, by how far behind the film is and how fast the last pieces were made. Sound is whole in
all of them. All steps have the same size and stream headers, so that players notice nothing but the picture.
"""

from typing import Final, final

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`every`: a picture each so many ticks. `coarse`: drawn at half the size, and encoded with less effort."""

    name: str
    every: int = 1
    coarse: bool = False
    column: bool = True
    decoded: bool = True


STEPS: Final = (
    Step(name="full"),
    Step(name="lower_rate", every=2),
    Step(name="coarse", every=2, coarse=True),
    Step(name="speaker_only", every=2, coarse=True, column=False),
    Step(name="names", every=5, coarse=True, decoded=False),
)

BEHIND = 20.0
"""Seconds. Up to one piece and what is waited for is usual."""
CAUGHT_UP = 14.0
GAINING = 1.5
"""Faster than this, the film catches up by itself."""
ROOM = 2.5
"""As fast as this, the step above should be fast enough, too."""
PIECES_BEFORE_BACK = 4


@final
class Degrading:
    """Which step the next piece is made with."""

    def __init__(self) -> None:
        self._level = 0
        self._good = 0

    @property
    def step(self) -> Step:
        return STEPS[self._level]

    def finished(self, behind: float, speed: float) -> Step:
        """A piece was made, so many seconds behind the class and so fast (1: as the class). Gives the next step."""
        self._good = self._good + 1 if behind < CAUGHT_UP and speed > ROOM else 0
        if behind > BEHIND and speed < GAINING and self._level < len(STEPS) - 1:
            self._level += 1
        elif self._good >= PIECES_BEFORE_BACK and self._level:
            self._level -= 1
            self._good = 0
        return self.step
