# SPDX-License-Identifier: Apache-2.0
"""Who comes and goes: hooks tell at once, and a task looks now and then whether the table still says what is so.

The task makes the plugin recover by itself: from a database that was away when somebody left, from being enabled in
the middle of a class, and from a host that was killed. `context.state` is a lock that keeps hooks and task apart, so
that the task never undoes what a hook has just written.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import trio
from podium.core import DatabaseError, ParticipantView, PluginContext, RoomError, RoomView

from podium_attendance._plugin import plugin
from podium_attendance.people import AttendanceChanged, attendees
from podium_attendance.tables import Person, arrive, depart, forget, reconcile, stays


@plugin.on_start
async def begin(context: PluginContext) -> None:
    """End what an earlier run left open, and begin with those who are here already."""
    context.state = trio.Lock()
    await look(context, watched=False)


@plugin.on_stop
async def end(context: PluginContext) -> None:
    """From now on it is not known who is here."""
    await context.database.run(reconcile, (), datetime.now(UTC), context.config.rejoin, True)


@plugin.task
async def keep_watch(context: PluginContext) -> None:
    """Write down who is there, again and again, and forget what is old."""
    while True:
        await trio.sleep(context.config.heartbeat_seconds)
        try:
            await look(context, watched=True)
            await context.database.run(forget, datetime.now(UTC) - context.config.keep)
        except DatabaseError as error:
            context.log.warning("attendance cannot be written", problem=error.message)


@plugin.hook
async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Begin a stay."""
    if not _counts(context, participant.role):
        return
    person = Person(room.session_id, participant.participant_id, participant.display_name, participant.role)
    async with context.state:
        await context.database.run(arrive, person, datetime.now(UTC), context.config.rejoin)
    context.metrics.counter("podium_attendance_arrivals", "People who have joined, as often as they did.").inc()
    await tell(context, person.session_id, person.participant_id)


@plugin.hook
async def participant_left(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """End it."""
    async with context.state:
        await context.database.run(depart, room.session_id, participant.participant_id, datetime.now(UTC))
    await tell(context, room.session_id, participant.participant_id)


async def look(context: PluginContext, *, watched: bool) -> None:
    """Compare the table with the rooms. The rooms are looked at under the lock, so they are never behind the table."""
    async with context.state:
        present, now, rejoin = tuple(_present(context)), datetime.now(UTC), context.config.rejoin
        await context.database.run(reconcile, present, now, rejoin, watched)
    context.metrics.gauge("podium_attendance_present", "People who are listed as present.").set(len(present))


async def tell(context: PluginContext, session_id: str, participant_id: str) -> None:
    """Tell those who see the panel, if the room is still open."""
    now = datetime.now(UTC)
    for attendee in attendees(await context.database.read(stays, session_id, participant_id), now):
        try:
            context.rooms.send(session_id, AttendanceChanged(attendee=attendee, at=now))
        except RoomError as error:
            context.log.debug("nobody was told", session_id=session_id, reason=error.code)


def _present(context: PluginContext) -> Iterator[Person]:
    for room in context.rooms.list():
        for each in context.rooms.participants(room.session_id):
            if _counts(context, each.role):
                yield Person(room.session_id, each.participant_id, each.display_name, each.role)


def _counts(context: PluginContext, role: str) -> bool:
    return role != "observer" or context.config.observers
