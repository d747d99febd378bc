# SPDX-License-Identifier: Apache-2.0
"""What runs while the plugin does: the classes that are known, and the way to change one of them.

All lasting state is in the database; a desk can be thrown away at any moment and begun anew, which is what a restart of
the host is. A change is written, then applied to what is known, then to the room and its browsers: between the commit
and the last of these nothing waits, so a caller who goes away leaves nothing half done.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, final

import trio

from podium.core import Database, Event, ParticipantInfo, PluginContext, TrackSource
from podium.plugins.moderation import store
from podium.plugins.moderation._config import ModerationConfig
from podium.plugins.moderation.buckets import Buckets
from podium.plugins.moderation.events import ExcludedChanged, ModerationChanged
from podium.plugins.moderation.people import Person, Settings
from podium.plugins.moderation.room import RoomState
from podium.plugins.moderation.telling import Teller

Clock = Callable[[], datetime]

MOST_KNOWN = 256
"""Classes without an open room that are kept in memory."""
MOST_PEOPLE = 5000
"""People of one class who are remembered; beyond that, those are forgotten first of whom nothing is to be known."""
ABSENCE = 60.0
"""Seconds after which somebody who waited, or had a hand up, and went away is no longer expected back."""
ROOM_REACTIONS = 50.0
"""Reactions in one room a second, at most: everybody is told of each."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@final
class Desk:
    """One for each time the plugin runs; made by `open_desk`."""

    def __init__(self, context: PluginContext, now: Clock) -> None:
        config: ModerationConfig = context.config
        self.config = config
        self.database: Database = context.database
        self.now = now
        self.teller = Teller()
        self.reactions = Buckets(at_once=config.reactions_at_once, per_second=config.reactions_per_minute / 60)
        self.room_reactions = Buckets(at_once=2 * ROOM_REACTIONS, per_second=ROOM_REACTIONS)
        metrics = context.metrics
        self.muted = metrics.counter("participants_muted_total", "Times that a source of somebody was muted.")
        self.unmuted = metrics.counter("participants_unmuted_total", "Times that a mute of a source was lifted.")
        self.removed = metrics.counter(
            "podium_moderation_removed_total", "People who were kicked, banned or refused.", ("how",)
        )
        waiting = metrics.gauge("podium_moderation_waiting", "People in waiting rooms.")
        waiting.set_function(lambda: sum(len(each.waiting()) for each in self._rooms.values()))
        self._context = context
        self._rooms: OrderedDict[str, RoomState] = OrderedDict()

    # Classes

    @asynccontextmanager
    async def room(self, room_id: str) -> AsyncIterator[RoomState]:
        """A class, for whoever wants to change it: one at a time. Raises DatabaseError."""
        state = self._state(room_id)
        async with state.lock:
            if not state.is_known:
                await self._load(state)
            yield state

    async def known(self, room_id: str) -> RoomState:
        """A class, for whoever only looks, and not later than at once. Raises DatabaseError."""
        state = self._state(room_id)
        if not state.is_known:
            async with state.lock:
                if not state.is_known:
                    await self._load(state)
        return state

    def known_now(self, room_id: str) -> RoomState | None:
        """A class, if it is known without asking the database."""
        state = self._rooms.get(room_id)
        return state if state is not None and state.is_known else None

    def states(self) -> list[RoomState]:
        """All classes that are known."""
        return [state for state in self._rooms.values() if state.is_known]

    def release(self, room_id: str) -> None:
        """The room of a class has closed: forget what can be read again, unless somebody still waits."""
        state = self._rooms.get(room_id)
        if state is not None and not self._is_needed(state):
            del self._rooms[room_id]

    def _state(self, room_id: str) -> RoomState:
        state = self._rooms.get(room_id)
        if state is None:
            state = self._rooms[room_id] = RoomState(room_id, waiting_room=self.config.waiting_room)
            self._shed(room_id)
        self._rooms.move_to_end(room_id)
        return state

    def _shed(self, but: str) -> None:
        if len(self._rooms) <= MOST_KNOWN:
            return
        opened = self.open_rooms()
        for room_id in [each for each in self._rooms if each not in opened and each != but]:
            if len(self._rooms) <= MOST_KNOWN + len(opened):
                return
            self.release(room_id)

    def _is_needed(self, state: RoomState) -> bool:
        """Whether somebody changes it at this moment, is in the room or waits for it."""
        if state.lock.locked() or self.is_open(state.room_id):
            return True
        return bool(self._context.rooms.waiting(state.room_id))

    async def _load(self, state: RoomState) -> None:
        view = await self._context.sessions.get(state.room_id)
        series_id = view.session_id if view is not None else None
        kept: store.Kept = await self.database.read(store.load, state.room_id, series_id, self.now())
        if kept.stale:
            await self.write(store.touch, state.room_id, kept.settings.series_id or state.room_id)
        state.fill(kept)
        for person in (*state.waiting(), *state.hands()):
            self.expect(state, person.participant_id)

    # Changes; whoever calls these has the lock of the class

    async def keep(self, state: RoomState, *people: Person, settings: Settings | None = None) -> None:
        """Write what becomes of people and of the class itself; then it is so."""
        await self.database.run(store.keep, state.room_id, settings or state.settings, people, self.now())
        state.apply(people, settings)

    async def forget(self, state: RoomState, participant_ids: Iterable[str]) -> None:
        names = list(participant_ids)
        await self.database.run(store.forget_people, state.room_id, names)
        state.forget(names)

    def expect(self, state: RoomState, participant_id: str) -> None:
        """Somebody who waits or has a hand up is not there: give them a while to come back."""
        state.absent.setdefault(participant_id, trio.current_time() + ABSENCE)
        self.teller.nudge()

    # Rooms

    def open_rooms(self) -> set[str]:
        return {view.session_id for view in self._context.rooms.list()}

    def is_open(self, room_id: str) -> bool:
        return room_id in self.open_rooms()

    def present(self, room_id: str) -> Mapping[str, ParticipantInfo]:
        """Who is in a room, by id. Raises RoomError `room_unknown`."""
        return {each.participant_id: each for each in self._context.rooms.participants(room_id)}

    def present_now(self, room_id: str) -> Mapping[str, ParticipantInfo]:
        """The same; nobody when the room is not open."""
        return self.present(room_id) if self.is_open(room_id) else {}

    def connected(self, room_id: str) -> set[str]:
        """Who is in the waiting room at this moment."""
        return {each.participant_id for each in self._context.rooms.waiting(room_id)}

    def tell(self, room_id: str, event: Event) -> None:
        """Tell everybody in a room whom it is for, if it is open."""
        if self.is_open(room_id):
            self._context.rooms.send(room_id, event)

    def tell_excluded(self, room_id: str) -> None:
        """Tell those who lead a class that others than before are kept out."""
        self.tell(room_id, ExcludedChanged())

    def tell_door(self, state: RoomState) -> None:
        """Tell everybody in a class how its door is."""
        changed = ModerationChanged(locked=state.settings.locked, waiting_room=state.waiting_room)
        self.tell(state.room_id, changed)

    def set_blocked(self, room_id: str, participant_id: str, source: TrackSource, blocked: bool) -> None:
        self._context.rooms.set_blocked(room_id, participant_id, source, blocked)

    async def write(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a transaction with the time as its last argument."""
        now = self.now()
        return await self.database.run(lambda session: function(session, *arguments, now))


async def open_desk(context: PluginContext, now: Clock) -> None:
    """The plugin starts."""
    context.state = Desk(context, now)


def desk_of(context: PluginContext) -> Desk:
    """The desk of a plugin that runs."""
    desk: Desk = context.state
    return desk
