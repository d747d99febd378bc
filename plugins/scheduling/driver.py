# SPDX-License-Identifier: Apache-2.0
"""Opens and ends classes when it is time, for as long as the plugin runs; what was due while it did not comes first.

It sleeps until the next class is due, and never longer than a minute: the machine's clock may be set, the machine may
have slept, and another process may have written.
"""

from podium.core import DatabaseError, PluginContext
from podium.plugins.scheduling.desk import Desk, desk_of

LONGEST_SLEEP = 60.0
RETRY = 5.0
"""Seconds after which a database that is away is asked again: that is no reason to fail the plugin."""


async def drive(context: PluginContext) -> None:
    """The background task."""
    desk = desk_of(context)
    is_away = False
    while True:
        try:
            pause = await _pause(desk)
            is_away = False
        except DatabaseError as error:
            if not is_away:
                context.log.warning("classes do not open or end while the database is away", problem=error.message)
            is_away, pause = True, RETRY
        await desk.wait_for_nudge(pause)


async def _pause(desk: Desk) -> float:
    """Do what is due; seconds until the next look."""
    when = await desk.settle()
    if when is None:
        return LONGEST_SLEEP
    return min(LONGEST_SLEEP, max(0.0, (when - desk.now()).total_seconds()))
