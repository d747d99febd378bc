# SPDX-License-Identifier: Apache-2.0
"""Who is about to join: plugins are being asked about them, and what is decided meanwhile counts for them, too."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Arrival:
    """Somebody who is on the way into a room; `role` is one that they were given since they set out."""

    session_id: str
    participant_id: str
    role: str | None = None

    def begin_anew(self) -> None:
        """Plugins are asked once more, and know of all roles that were given until now."""
        self.role = None


class Arrivals:
    """All that are on the way; the same participant may be several times."""

    def __init__(self) -> None:
        self._arrivals: set[Arrival] = set()

    @contextmanager
    def announce(self, session_id: str, participant_id: str) -> Iterator[Arrival]:
        """They are on the way until the end of the block."""
        arrival = Arrival(session_id, participant_id)
        self._arrivals.add(arrival)
        try:
            yield arrival
        finally:
            self._arrivals.discard(arrival)

    def to(self, session_id: str) -> Collection[str]:
        """The ids of those who are about to join."""
        return {arrival.participant_id for arrival in self._arrivals if arrival.session_id == session_id}

    def set_role(self, session_id: str, participant_id: str, role: str) -> None:
        """Somebody who is about to come back was given another role meanwhile."""
        for arrival in self._arrivals:
            if (arrival.session_id, arrival.participant_id) == (session_id, participant_id):
                arrival.role = role
