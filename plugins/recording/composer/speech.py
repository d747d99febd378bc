# SPDX-License-Identifier: Apache-2.0
"""Who speaks: by the room's own words where it says so, else by how loud the decoded voices are; and for how long.

Somebody who only says "yes" does not become the speaker: who is heard for less than `hold` seconds is passed over. The
film is made a little later than the class, so a speaker is shown from their first word on all the same.
"""

from collections.abc import Mapping
from typing import NamedTuple, final

LOUD = 0.01
"""Root mean square, full scale being 1: -40 dB."""
LOUDER = 1.5
"""Somebody else has to be so many times as loud to be taken for the one who speaks."""
QUIET_AFTER = 0.6
BREATH = 0.8
"""Who is quiet for less than this still has their turn."""


class Turn(NamedTuple):
    """From this time on, somebody speaks (or nobody)."""

    time: float
    participant_id: str | None


@final
class Loudness:
    """Turns by the levels of voices, for a class in which nobody said who speaks."""

    def __init__(self) -> None:
        self._speaker: str | None = None
        self._heard_at = 0.0

    def push(self, time: float, levels: Mapping[str, float]) -> Turn | None:
        """How loud each was in the moment that began at this time. Gives a turn when it is another's."""
        loudest = max(sorted(levels), key=lambda each: levels[each], default=None)
        if loudest is None or levels[loudest] < LOUD:
            return self._silence(time)
        current = levels.get(self._speaker, 0.0) if self._speaker is not None else 0.0
        if current >= LOUD and levels[loudest] < LOUDER * current:
            loudest = self._speaker
        self._heard_at = time
        return self._turn(time, loudest)

    def _silence(self, time: float) -> Turn | None:
        return self._turn(time, None) if time - self._heard_at >= QUIET_AFTER else None

    def _turn(self, time: float, participant_id: str | None) -> Turn | None:
        if participant_id == self._speaker:
            return None
        self._speaker = participant_id
        return Turn(time, participant_id)


@final
class Turns:
    """Only the turns that last; each with the time it began at, and told as soon as that is certain."""

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._shown: str | None = None
        self._candidate: Turn | None = None
        self._quiet_since: float | None = None

    @property
    def lookahead(self) -> float:
        """So many seconds later it is certain which turns there were."""
        return self._hold + BREATH

    def push(self, turn: Turn) -> Turn | None:
        """The next turn of all. Gives one that is certain now."""
        certain = self.settle(turn.time)
        if turn.participant_id is None:
            self._quiet_since = turn.time
            return certain
        self._quiet_since = None
        if self._candidate is None or turn.participant_id != self._candidate.participant_id:
            self._candidate = turn if turn.participant_id != self._shown else None
        if self._shown is None and self._candidate is not None:
            return self._show(self._candidate)
        return certain

    def settle(self, now: float) -> Turn | None:
        """What has become certain by this time."""
        if self._candidate is None:
            return None
        spoken_until = now if self._quiet_since is None else self._quiet_since
        if spoken_until - self._candidate.time >= self._hold:
            return self._show(self._candidate)
        if now - spoken_until >= BREATH:
            self._candidate = None
        return None

    def _show(self, turn: Turn) -> Turn:
        self._shown, self._candidate = turn.participant_id, None
        return turn
