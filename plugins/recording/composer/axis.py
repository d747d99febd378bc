# SPDX-License-Identifier: Apache-2.0
"""Seconds of the class and seconds of the film: the film leaves out the pauses."""

from collections.abc import Iterable

Pause = tuple[float, float | None]


class Axis:
    """Both directions never decrease. All moments of a pause are one moment of the film."""

    def __init__(self, pauses: Iterable[Pause], begins: Iterable[float] = ()) -> None:
        """A pause without an end lasts until capture began anew, or for ever."""
        starts = sorted(begins)
        self._pauses: list[tuple[float, float]] = []
        for start, end in sorted(pauses, key=lambda pause: pause[0]):
            last = end if end is not None else next((each for each in starts if each > start), float("inf"))
            if last > start:
                self._pauses.append((start, last))

    def to_film(self, time: float) -> float:
        return time - sum(min(time, end) - start for start, end in self._pauses if start < time)

    def to_class(self, time: float) -> float:
        """Of a moment at which a pause was, the end of the pause."""
        for start, end in self._pauses:
            if start > time:
                break
            time += end - start
        return time

    def pieces(self, until: float) -> list[tuple[float, float, float]]:
        """What is in the film of the class so far: where it begins in the class, where in the film, how long it is."""
        found: list[tuple[float, float, float]] = []
        begin = 0.0
        for start, end in [*self._pauses, (until, until)]:
            if begin < min(start, until):
                found.append((begin, self.to_film(begin), min(start, until) - begin))
            begin = max(begin, end)
        return found
