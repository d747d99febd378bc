# SPDX-License-Identifier: Apache-2.0
"""Giving up those who do not come back, and deleting what is long over: the tasks that need a clock."""

from dataclasses import replace
from datetime import timedelta

import trio
from sqlalchemy.exc import SQLAlchemyError

from podium.core import DatabaseError, PluginContext
from podium.plugins.moderation import store
from podium.plugins.moderation.desk import Desk, desk_of
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.room import RoomState

LONGEST_SLEEP = 60.0
RETRY = 5.0
"""Seconds after which a database that is away is asked again."""
PRUNE_EVERY = 3600.0
PRUNE_BATCH = 100
"""Classes deleted in one transaction."""
PRUNE_PAUSE = 0.1


async def give_up(context: PluginContext) -> None:
    """The task that takes people from the waiting list, and lowers their hands, who have been away for a while."""
    desk = desk_of(context)
    while True:
        deadlines = [deadline for state in desk.states() for deadline in state.absent.values()]
        await desk.teller.nudged(min(deadlines, default=trio.current_time() + LONGEST_SLEEP))
        try:
            for state in desk.states():
                await give_up_in(desk, state)
        except (DatabaseError, SQLAlchemyError) as error:
            context.log.warning("people who are away cannot be given up", problem=str(error).splitlines()[0])
            await trio.sleep(RETRY)


async def give_up_in(desk: Desk, state: RoomState) -> None:
    """Those whose time is over in one class."""
    if not _overdue(state):
        return
    async with desk.room(state.room_id) as known:
        here = desk.connected(known.room_id) | desk.present_now(known.room_id).keys()
        for participant_id in _overdue(known):
            person = known.people.get(participant_id)
            if person is not None and participant_id not in here:
                await _give_up_one(desk, known, person)
            known.absent.pop(participant_id, None)


async def _give_up_one(desk: Desk, state: RoomState, person: Person) -> None:
    without = replace(person, waiting_since=None, hand_at=None)
    if without.is_plain and not without.entered:
        await desk.forget(state, [person.participant_id])
    else:
        await desk.keep(state, without)
    if person.waiting_since is not None:
        desk.teller.waiting(state.room_id)
    if person.hand_at is not None:
        desk.teller.hands(state.room_id)


def _overdue(state: RoomState) -> list[str]:
    now = trio.current_time()
    return [participant_id for participant_id, deadline in state.absent.items() if deadline <= now]


async def prune(context: PluginContext) -> None:
    """The task that deletes what belongs to classes that nobody has used for long."""
    desk = desk_of(context)
    while True:
        try:
            while await prune_some(desk):
                await trio.sleep(PRUNE_PAUSE)
        except (DatabaseError, SQLAlchemyError) as error:
            context.log.warning("old classes cannot be deleted", problem=str(error).splitlines()[0])
        await trio.sleep(PRUNE_EVERY)


async def prune_some(desk: Desk) -> bool:
    """Whether there may be more."""
    before = desk.now() - timedelta(days=desk.config.keep_days)
    bans_before = desk.now() - timedelta(days=desk.config.keep_bans_days)
    in_use = frozenset(state.room_id for state in desk.states())
    more: bool = await desk.database.run(store.prune, before, bans_before, in_use, PRUNE_BATCH)
    return more
