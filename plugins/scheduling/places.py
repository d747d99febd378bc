# SPDX-License-Identifier: Apache-2.0
"""Places in classes: who is in the room, and who has been let in a moment ago and is on the way.

Between the answer at the door and the entry other plugins are asked, so two people could get the last place. A place is
kept for a few seconds, and given back by the entry itself, which makes it a real one, or when another plugin refuses
the person or lets them wait: whoever waits has no place, and is asked about again when they are let in.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import final

KEPT = timedelta(seconds=10)


@final
class Places:
    """Participant ids by room, with the time until which each place is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, datetime]] = {}

    def taken(self, room_id: str, inside: Collection[str], now: datetime) -> set[str]:
        """All that count."""
        kept = {each: until for each, until in self._kept.get(room_id, {}).items() if until > now}
        if kept:
            self._kept[room_id] = kept
        else:
            self._kept.pop(room_id, None)
        return {*inside, *kept}

    def keep(self, room_id: str, participant_id: str, now: datetime) -> None:
        self._kept.setdefault(room_id, {})[participant_id] = now + KEPT

    def give_back(self, room_id: str, participant_id: str) -> None:
        """Somebody is inside, or does not come in now, and needs no kept place any more."""
        kept = self._kept.get(room_id, {})
        kept.pop(participant_id, None)
        if not kept:
            self._kept.pop(room_id, None)

    def forget(self, room_id: str) -> None:
        """The class is over."""
        self._kept.pop(room_id, None)
