# SPDX-License-Identifier: Apache-2.0
"""Forgetting what is old, a little at a time: messages by their age, rules once their session is over as well."""

from datetime import UTC, datetime, timedelta

import trio
from sqlalchemy.exc import SQLAlchemyError

from podium.core import PluginContext, PodiumError
from podium.plugins.chat import store
from podium.plugins.chat.rules import OVER

EVERY = 3600.0
"""Seconds from one look to the next."""
BATCH = 500
PAUSE = 0.1
"""Seconds between two transactions, for others who want to write."""


async def prune(context: PluginContext) -> None:
    """Delete what is older than `keep_days`, until cancelled."""
    while True:
        try:
            while await prune_messages(context) == BATCH:
                await trio.sleep(PAUSE)
            await prune_rules(context)
        except (PodiumError, SQLAlchemyError) as error:
            context.log.warning("old messages cannot be deleted", problem=str(error).splitlines()[0])
        await trio.sleep(EVERY)


async def prune_messages(context: PluginContext, most: int = BATCH) -> int:
    """Delete some of the oldest messages; how many."""
    deleted: int = await context.database.run(store.prune, _before(context), most)
    return deleted


async def prune_rules(context: PluginContext, most: int = BATCH) -> None:
    """Delete old rules of sessions that are over, or that nobody knows and whose room is not open."""
    after = ""
    while found := await context.database.read(store.old_rules, _before(context), after, most):
        after = found[-1]
        is_open = {room.session_id for room in context.rooms.list()}
        over = [each for each in found if each not in is_open and await _is_over(context, each)]
        if over:
            await context.database.run(store.forget_rules, over)
        await trio.sleep(PAUSE)


async def _is_over(context: PluginContext, session_id: str) -> bool:
    session = await context.sessions.get(session_id)
    return session is None or session.cancelled or session.state in OVER


def _before(context: PluginContext) -> datetime:
    return datetime.now(UTC) - timedelta(days=context.config.keep_days)
