# SPDX-License-Identifier: Apache-2.0
"""Asks plugins who may see and hear whom in one room, and who is shown first.

Beside everything else that goes on, one round at a time: what changes during a round is one more round. Until plugins
have answered, whoever is new reaches nobody and is reached by nobody. Where no plugin decides, nothing is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from podium.core.events import TrackSource
from podium.core.rooms.assignment import DEFAULT_PRIORITIES
from podium.core.rooms.observer import ParticipantView, RoomObserver, RoomView
from podium.core.rooms.room import Room

AUDIENCE = "track_audience"
PRIORITY = "track_priority"
POLICIES = frozenset({AUDIENCE, PRIORITY})

Published = tuple[ParticipantView, TrackSource]


@dataclass(slots=True)
class Answers:
    """What came of one round; what is missing was not asked."""

    audiences: dict[Published, frozenset[str]] = field(default_factory=dict)
    priorities: dict[Published, float] = field(default_factory=dict)


class Policy:
    """The questions of one room. `decided` is called when the room has been told what came of them."""

    def __init__(
        self, room: Room, view: RoomView, observer: RoomObserver, nursery: trio.Nursery, decided: Callable[[], None]
    ) -> None:
        self._room = room
        self._view = view
        self._observer = observer
        self._nursery = nursery
        self._decided = decided
        self._wanted = self._running = self._closed = self._prioritized = False
        room.audiences.restrict(observer.implements(AUDIENCE))

    def people_or_tracks_changed(self) -> None:
        """Ask again, if there is anybody to ask."""
        if self._room.audiences.restricted or any(map(self._observer.implements, POLICIES)):
            self.reconsider()

    def reconsider(self) -> None:
        """Ask again, also when those to ask may have changed. Returns at once."""
        self._wanted = True
        if not self._running and not self._closed:
            self._running = True
            self._nursery.start_soon(self._run)

    def close(self) -> None:
        self._closed = True

    async def _run(self) -> None:
        try:
            while self._wanted and not self._closed:
                self._wanted = False
                await self._round()
        finally:
            self._running = False

    async def _round(self) -> None:
        self._room.audiences.restrict(self._observer.implements(AUDIENCE))
        answers = await self._ask()
        if self._closed:
            return
        for (publisher, source), audience in answers.audiences.items():
            self._room.audiences.decide(publisher.participant_id, source, audience)
        for publisher, source in self._room.published() if self._prioritized else ():
            priority = answers.priorities.get((publisher, source))
            self._room.set_priority(publisher.participant_id, source, priority)
        self._prioritized = bool(answers.priorities)
        self._decided()

    async def _ask(self) -> Answers:
        """About everything that is published, at the same time: a plugin that hangs costs one deadline."""
        answers = Answers()
        published = self._room.published()
        everybody = frozenset(each.participant_id for each in self._room.participants())
        async with trio.open_nursery() as nursery:
            for each in published:
                if self._observer.implements(AUDIENCE):
                    nursery.start_soon(self._ask_audience, each, everybody, answers)
                if each[1] in DEFAULT_PRIORITIES and self._observer.implements(PRIORITY):
                    self._prioritized = True
                    nursery.start_soon(self._ask_priority, each, answers)
        return answers

    async def _ask_audience(self, each: Published, everybody: frozenset[str], answers: Answers) -> None:
        publisher, source = each
        others = everybody - {publisher.participant_id}
        audience = await self._observer.track_audience(
            audience=others, room=self._view, publisher=publisher, source=source
        )
        answers.audiences[each] = audience & others

    async def _ask_priority(self, each: Published, answers: Answers) -> None:
        publisher, source = each
        answers.priorities[each] = await self._observer.track_priority(
            priority=DEFAULT_PRIORITIES[source], room=self._view, publisher=publisher, source=source
        )
