# SPDX-License-Identifier: Apache-2.0
"""What is recorded of each track, and what is left out, step by step, when the disk is too slow for all of it.

Sound is never left out. Pictures of those who are quiet go first, then all faces, at last shared screens.
"""

from enum import IntEnum
from typing import final

from podium.core import LEADING, TrackKind, TrackSource

CAMERA_LAYER = 1
"""The middle one of three: about 360 lines, what a tile or a speaker beside a screen needs."""

_FILL = (0.0, 0.25, 0.5, 0.75)
"""How full the queue to the disk has to be for each step."""

_CALM = 10.0
"""For so many seconds the queue has to be nearly empty before a step is taken back."""


class Step(IntEnum):
    """What is captured, the more the smaller the number."""

    EVERYTHING = 0
    SPEAKERS = 1
    """Cameras only of those who lead or spoke lately."""
    SCREENS = 2
    """No cameras."""
    SOUND = 3


def recorded_layer(source: TrackSource, kind: TrackKind) -> int | None:
    """Which simulcast layer is recorded, from 0, the smallest; None: the largest. Text on screens has to be legible."""
    return CAMERA_LAYER if source == "camera" and kind == "video" else None


def keeps(step: Step, source: TrackSource, kind: TrackKind, role: str, spoke_lately: bool) -> bool:
    """Whether this track is captured at this step."""
    if kind == "audio" or step == Step.EVERYTHING:
        return True
    if source != "camera":
        return step < Step.SOUND
    return step == Step.SPEAKERS and (spoke_lately or role in LEADING)


@final
class Ladder:
    """Which step is taken: down at once when the queue grows, back up one by one after a time of calm."""

    def __init__(self) -> None:
        self.step = Step.EVERYTHING
        self._calm_since: float | None = None

    def judge(self, fill: float, now: float) -> Step:
        """`fill`: how much of the queue is used, from 0 to 1."""
        needed = max(step for step in Step if fill >= _FILL[step])
        if needed > self.step:
            self.step = needed
        if self.step == Step.EVERYTHING or fill >= _FILL[1] / 2:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= _CALM:
            self.step, self._calm_since = Step(self.step - 1), now
        return self.step
