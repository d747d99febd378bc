# SPDX-License-Identifier: Apache-2.0
"""What runs while the plugin does: who watches what, which places are kept, and telling everybody of a change.

All lasting state is in the database; a desk can be thrown away at any moment and begun anew, which is what a restart of
the host is. `now` is the only clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import final

import trio

from podium.core import Database, Event, PluginContext, SessionChange, SessionView
from podium.plugins.scheduling._config import SchedulingConfig
from podium.plugins.scheduling.admission import Door, seconds_until
from podium.plugins.scheduling.events import SessionCancelled, SessionEnded, SessionEnding, SessionOpened
from podium.plugins.scheduling.invitations import Invitations
from podium.plugins.scheduling.lifecycle import Rules, Step
from podium.plugins.scheduling.places import Places
from podium.plugins.scheduling.progress import Progress, due, go_on, next_due, over_in, running_doors
from podium.plugins.scheduling.watching import Watchers
from podium.plugins.scheduling.writing import invitation_key

Clock = Callable[[], datetime]

_CHANGES: dict[Step, SessionChange] = {"opened": "opened", "live": "live", "ended": "ended"}


def utc_now() -> datetime:
    return datetime.now(UTC)


@final
class Desk:
    """One for each time the plugin runs; made by `open_desk`."""

    def __init__(self, context: PluginContext, invitations: Invitations, now: Clock) -> None:
        self.config: SchedulingConfig = context.config
        self.database: Database = context.database
        self.rules = Rules.of(self.config)
        self.invitations = invitations
        self.watchers = Watchers()
        self.places = Places()
        self.now = now
        self.running: dict[str, Door] = {}
        """Classes that are on, as of the last look: what is known when the database is away."""
        self._context = context
        self._nudged = trio.Event()
        self._settling = trio.Lock()

    # Rooms

    def inside(self, room_id: str) -> set[str]:
        """Who takes a place in a room: all but instructors."""
        people = self._context.rooms.participants(room_id) if self.is_open(room_id) else ()
        return {each.participant_id for each in people if each.role != "instructor"}

    def is_open(self, room_id: str) -> bool:
        return any(view.session_id == room_id for view in self._context.rooms.list())

    def occupied(self) -> set[str]:
        """Rooms with somebody in them."""
        rooms = self._context.rooms
        return {view.session_id for view in rooms.list() if rooms.participants(view.session_id)}

    def tell(self, room_id: str, event: Event) -> None:
        """Tell all in a room, if it is open."""
        if self.is_open(room_id):
            self._context.rooms.send(room_id, event)

    def end(self, room_id: str, event: Event, reason: str) -> None:
        """A class is over for good: tell all in its room why, close it, tell plugins."""
        self.places.forget(room_id)
        self.tell(room_id, event)
        self._context.rooms.end_session(room_id, reason=reason)

    def cancelled(self, room_id: str) -> None:
        """A class is off, or has another time: whoever is in its room is sent away."""
        if self.is_open(room_id) or self._context.rooms.waiting(room_id):
            self.end(room_id, SessionCancelled(session_id=room_id), "cancelled")

    # Changes

    def changed(self, session: SessionView, change: SessionChange) -> None:
        """Tell plugins and watchers what has been committed, and look whether something is due."""
        self._context.sessions.changed(session, change)
        self.watchers.changed(session.session_id)
        self.nudge()

    def nudge(self) -> None:
        """Have the driver look now."""
        self._nudged.set()

    async def wait_for_nudge(self, seconds: float) -> None:
        """Until somebody nudges, for so long at most."""
        with trio.move_on_after(seconds):
            await self._nudged.wait()
        self._nudged = trio.Event()

    async def settle(self) -> datetime | None:
        """Let every class go on that is due; when the next one will be. Raises DatabaseError."""
        async with self._settling:
            while await self._go_on():
                pass
            await self._sweep()
            self.running = await self.database.read(running_doors)
            return await self.database.read(next_due, self.rules)

    async def _go_on(self) -> bool:
        now, occupied = self.now(), self.occupied()
        ids = await self.database.read(due, now, occupied, self.rules)
        if not ids:
            return False
        gone_on = await self.database.run(go_on, ids, now, occupied, self.rules)
        for each in gone_on:
            self._tell_steps(each, now)
        return bool(gone_on)

    async def _sweep(self) -> None:
        """Empty rooms whose class is over: another host may have ended it, or this one was killed in between."""
        for room_id, state in (await self.database.read(over_in, self.occupied())).items():
            if state == "cancelled":
                self.cancelled(room_id)
            else:
                self.end(room_id, SessionEnded(session_id=room_id, reason="ended"), "ended")

    def _tell_steps(self, progress: Progress, now: datetime) -> None:
        room_id = progress.view.occurrence.room_id
        for step in progress.steps:
            if step == "opened":
                starts_at = progress.view.occurrence.starts_at
                self.tell(room_id, SessionOpened(session_id=room_id, starts_at=starts_at))
            elif step == "ending":
                closes_at = self.rules.closes_at(progress.view.occurrence.ends_at)
                closes_in = seconds_until(closes_at, now)
                self.tell(room_id, SessionEnding(session_id=room_id, closes_at=closes_at, closes_in=closes_in))
            elif step == "ended":
                self.end(room_id, SessionEnded(session_id=room_id, reason="time_over"), "ended")
            if step in _CHANGES:
                self.changed(progress.view, _CHANGES[step])


async def open_desk(context: PluginContext, now: Clock) -> None:
    """The plugin starts."""
    key = context.config.invitation_key or await context.database.read(invitation_key)
    context.state = Desk(context, Invitations(key), now)


def desk_of(context: PluginContext) -> Desk:
    """The desk of a plugin that runs."""
    desk: Desk = context.state
    return desk
