# SPDX-License-Identifier: Apache-2.0
"""When to try again: what waits for a bell, and how long after so many failures.

A server that cannot be used is mostly being restarted, and asking costs it nothing, so that is tried again soon. A
refusal, or a mail of which nobody knows whether it was taken, waits longer: the server needs time to mean it otherwise.
"""

from datetime import timedelta
from typing import final

import trio

FIRST_PAUSE = timedelta(seconds=30)
FIRST_SERVER_PAUSE = timedelta(seconds=2)
"""When nothing was handed over, because the server could not be used."""
LONGEST_PAUSE = timedelta(hours=1)


def pause_after(attempts: int, first: timedelta = FIRST_PAUSE) -> timedelta:
    """Until the next try, after so many that failed."""
    return min(timedelta(seconds=first.total_seconds() * 2.0 ** min(attempts - 1, 30)), LONGEST_PAUSE)


@final
class Bell:
    """Rung when there is something to do; whoever waits hears all that was rung since the last time."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._event.wait()
        self._event = trio.Event()
