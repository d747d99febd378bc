# SPDX-License-Identifier: Apache-2.0
"""One class as it is known here: the tables' content, kept while its room is open.

Nothing here writes or tells. `lock` is held from before a write until it has been applied and told, so that of two
moderators one comes after the other, for the tables, for the room and for every browser.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import final

import trio

from podium.core import TrackSource
from podium.plugins.moderation.door import Refusal, Way, excluded, way
from podium.plugins.moderation.people import Ban, Person, Settings, role_of
from podium.plugins.moderation.store import Kept


@final
class RoomState:
    """Made empty; `fill` makes it known."""

    def __init__(self, room_id: str, *, waiting_room: bool) -> None:
        self.room_id = room_id
        self.lock = trio.Lock()
        self.is_known = False
        self.settings = Settings()
        self.series_waiting_room: bool | None = None
        self.people: dict[str, Person] = {}
        """In the order in which they were first seen."""
        self.bans: dict[str, Ban] = {}
        self.raised: dict[str, str] = {}
        """Who was last taken for an assistant because of a promotion, with the role of their token."""
        self.absent: dict[str, float] = {}
        """Who waits or has a hand up and is not there, with the time at which that is given up."""
        self._default_waiting_room = waiting_room

    def fill(self, kept: Kept) -> None:
        self.settings = kept.settings
        self.series_waiting_room = kept.series.waiting_room
        self.people = {each.participant_id: each for each in kept.people}
        self.bans = {each.participant_id: each for each in kept.bans}
        self.is_known = True

    def clear(self) -> None:
        """The class is over; bans hold."""
        self.settings = Settings(series_id=self.settings.series_id)
        self.people.clear()
        self.raised.clear()
        self.absent.clear()

    @property
    def series_id(self) -> str:
        """To what bans belong."""
        return self.settings.series_id or self.room_id

    @property
    def waiting_room(self) -> bool:
        """Whether newcomers wait: as the class says, else the series, else the configuration."""
        for said in (self.settings.waiting_room, self.series_waiting_room):
            if said is not None:
                return said
        return self._default_waiting_room

    def apply(self, people: Iterable[Person], settings: Settings | None = None) -> None:
        """What has been written is so."""
        self.settings = settings or self.settings
        self.people.update({each.participant_id: each for each in people})

    def forget(self, participant_ids: Iterable[str]) -> None:
        for each in participant_ids:
            self.people.pop(each, None)
            self.absent.pop(each, None)

    # Answers

    def role_of(self, participant_id: str, role: str) -> str:
        """The role of somebody whose token says this one."""
        person = self.people.get(participant_id)
        now = role_of(role, promoted=person is not None and person.promoted)
        if now != role:
            self.raised[participant_id] = role
        return now

    def excluded(self, participant_id: str) -> Refusal | None:
        """Why somebody's token is void."""
        return excluded(self.people.get(participant_id), self.bans.get(participant_id))

    def way(self, participant_id: str, role: str) -> Way:
        """Where somebody who comes with this role has to go."""
        return way(
            self.people.get(participant_id),
            self.bans.get(participant_id),
            role,
            locked=self.settings.locked,
            waiting_room=self.waiting_room,
        )

    def muted(self, participant_id: str) -> frozenset[TrackSource]:
        person = self.people.get(participant_id)
        return person.muted if person is not None else frozenset()

    def waiting(self) -> list[Person]:
        """Everybody who waits, by when they first asked."""
        found = [(each.waiting_since, each.participant_id) for each in self.people.values() if each.waiting_since]
        return [self.people[participant_id] for _since, participant_id in sorted(found)]

    def hands(self) -> list[Person]:
        """Everybody with a hand up, there or not, by when they raised it."""
        found = [(each.hand_at, each.participant_id) for each in self.people.values() if each.hand_at]
        return [self.people[participant_id] for _at, participant_id in sorted(found)]

    def after(self, now: datetime, last: datetime | None) -> datetime:
        """A time for the end of a queue: two who come at once still come one after the other."""
        return now if last is None else max(now, last + timedelta(microseconds=1))

    def without_spotlight_on(self, participant_id: str) -> Settings:
        """The settings when this person is gone for good."""
        mine = self.settings.spotlight_id == participant_id
        return replace(self.settings, spotlight_id=None) if mine else self.settings
