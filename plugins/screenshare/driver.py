# SPDX-License-Identifier: Apache-2.0
"""The task that looks after shares: it sleeps until something is due, and outlives a database that is away."""

import trio

from podium.core import DatabaseError, PluginContext, PluginError
from podium.plugins.screenshare.desk import desk_of

RETRY = 5.0
"""Seconds until the database is tried again."""
SWEEP = 3600.0
"""Seconds from one look for what was left behind to the next."""


async def drive(context: PluginContext) -> None:
    """Runs until canceled."""
    desk = desk_of(context)
    desk.enforce_everywhere()
    sweep_at = trio.current_time()
    while True:
        try:
            due_at = await desk.look()
            if trio.current_time() >= sweep_at:
                await desk.books.sweep(desk.now(), [view.session_id for view in context.rooms.list()])
                sweep_at = trio.current_time() + SWEEP
        except (DatabaseError, PluginError) as error:
            desk.problem = error.message
            context.log.warning("shares cannot be kept", problem=error.message)
            await trio.sleep(RETRY)
            continue
        desk.problem = None
        await desk.wait_for_nudge(sweep_at if due_at is None else min(sweep_at, due_at))
