# SPDX-License-Identifier: Apache-2.0
"""Lists are told once for many changes, and nobody misses the last."""

import trio
from trio.testing import MockClock

from podium.plugins.moderation.telling import Changed, Teller


async def test_many_changes_are_one() -> None:
    teller = Teller()
    for _ in range(3):
        teller.waiting("algebra")
        teller.hands("algebra")
    assert set(await teller.next()) == {Changed("waiting", "algebra"), Changed("hands", "algebra")}
    teller.hands("algebra")
    assert await teller.next() == (Changed("hands", "algebra"),)


async def test_a_nudge_is_kept_for_who_looks_later(autojump_clock: MockClock) -> None:
    teller = Teller()
    teller.nudge()
    await teller.nudged(trio.current_time() + 60)
    assert trio.current_time() < 1
    await teller.nudged(trio.current_time() + 60)
    assert trio.current_time() >= 60
