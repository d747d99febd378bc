# SPDX-License-Identifier: Apache-2.0
"""Lists that have changed, told a moment later and once: when hundreds come at the same time, those who lead the class
are not sent the whole list for each of them. The first change is told at once.
"""

from typing import Literal, NamedTuple, final

import trio

PAUSE = 0.2
"""Seconds between two rounds."""


class Changed(NamedTuple):
    """Which list of which class."""

    what: Literal["hands", "waiting"]
    room_id: str


@final
class Teller:
    """What is to be told. `nudge` wakes those who wait for `nudged`."""

    def __init__(self) -> None:
        self._changed: dict[Changed, None] = {}
        self._some = trio.Event()
        self._nudged = trio.Event()

    def hands(self, room_id: str) -> None:
        self._add(Changed("hands", room_id))

    def waiting(self, room_id: str) -> None:
        self._add(Changed("waiting", room_id))

    async def next(self) -> tuple[Changed, ...]:
        """What has changed, as soon as there is something."""
        await self._some.wait()
        changed, self._changed, self._some = tuple(self._changed), {}, trio.Event()
        return changed

    def nudge(self) -> None:
        """Somebody is expected back."""
        self._nudged.set()

    async def nudged(self, deadline: float) -> None:
        """Until somebody nudges, and until this time at most."""
        with trio.move_on_at(deadline):
            await self._nudged.wait()
        self._nudged = trio.Event()

    def _add(self, changed: Changed) -> None:
        self._changed[changed] = None
        self._some.set()
