# SPDX-License-Identifier: Apache-2.0
"""The sound of the film, mixed some way ahead of the pictures and kept until pieces have taken it; and who is heard."""

from collections.abc import Callable, Iterable
from typing import final

import numpy as np

from podium.plugins.recording.composer.encoding import BEFORE
from podium.plugins.recording.composer.mixing import Mixer, Samples
from podium.plugins.recording.composer.settings import SOUND_RATE
from podium.plugins.recording.composer.speech import Loudness, Turn
from podium.plugins.recording.reading import CapturedTrack

BLOCK = SOUND_RATE // 10
_WARM_UP = 5 * BLOCK
"""Decoders need a moment to sound as if they had run for long."""


@final
class Sound:
    """From this sample on."""

    def __init__(
        self, start: int, voices: int, to_film: Callable[[float], float], to_class: Callable[[float], float]
    ) -> None:
        self._mixer = Mixer(start - BEFORE - _WARM_UP, voices, to_film, to_class)
        self._loudness = Loudness()
        self._kept: Samples = np.zeros((2, 0), np.float32)
        self._kept_from = self._mixer.position

    @property
    def end(self) -> float:
        """Up to which second of the film it is mixed."""
        return self._mixer.position / SOUND_RATE

    def add(self, tracks: Iterable[CapturedTrack]) -> None:
        for track in tracks:
            if track.kind == "audio":
                self._mixer.add(track)

    def mix(self) -> Turn | None:
        """One block more. Gives a turn when another is heard."""
        time = self.end
        self._kept = np.concatenate((self._kept, self._mixer.mix(BLOCK)), axis=1)
        return self._loudness.push(time, self._mixer.levels)

    def take(self, start: int, end: int) -> Samples:
        """What is mixed of these samples."""
        offset = start - self._kept_from
        assert offset >= 0, "these samples were given up"
        return self._kept[:, offset : max(offset, end - self._kept_from)]

    def give_up(self, before: int) -> None:
        """The samples before this one are not wanted any more."""
        drop = min(max(0, before - self._kept_from), self._kept.shape[1])
        self._kept = self._kept[:, drop:]
        self._kept_from += drop

    def close(self) -> None:
        self._mixer.close()
