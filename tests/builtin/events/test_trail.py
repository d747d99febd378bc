# SPDX-License-Identifier: Apache-2.0
"""Batches, a database that is away, and what is lost: in virtual time, over a database that only counts."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog
import trio
from sqlalchemy.exc import DataError, OperationalError
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import DatabaseError
from podium.plugins.events import store
from podium.plugins.events.entries import Entry
from podium.plugins.events.trail import BATCH, EVERY, Trail

AWAY = DatabaseError("database_unavailable", "the database cannot be reached: nobody answers")


class Tally:
    """What Prometheus would be told."""

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1) -> None:
        self.value += amount


class Table:
    """Takes batches, unless `refusal` says otherwise; `slow` seconds for each."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.tries: list[float] = []
        self.refusal: Callable[[Sequence[Entry]], Exception | None] = lambda _: None
        self.slow = 0.0
        self.written, self.lost = Tally(), Tally()

    async def run(self, function: Any, entries: Sequence[Entry]) -> None:
        assert function is store.add
        self.tries.append(trio.current_time())
        await trio.sleep(self.slow)
        if (error := self.refusal(entries)) is not None:
            raise error
        self.batches.append([entry.kind for entry in entries])

    @property
    def kinds(self) -> list[str]:
        return [kind for batch in self.batches for kind in batch]


@pytest.fixture
def table() -> Table:
    return Table()


def trail_over(table: Any, capacity: int = 1000, ignore: tuple[str, ...] = ()) -> Trail:
    log = structlog.stdlib.get_logger("trail")
    return Trail(table, log, capacity=capacity, ignore=frozenset(ignore), written=table.written, lost=table.lost)


async def test_entries_are_written_together_after_a_second(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    trail = trail_over(table)
    nursery.start_soon(trail.write)
    begun = trio.current_time()
    for kind in "abc":
        trail.record(kind)
    await trio.sleep(EVERY * 2)
    trail.record("d")
    await trio.sleep(EVERY * 2)
    assert table.batches == [["a", "b", "c"], ["d"]]
    assert [at - begun for at in table.tries] == [EVERY, 3 * EVERY]


async def test_many_entries_are_written_at_once_in_batches(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    trail = trail_over(table)
    nursery.start_soon(trail.write)
    for _ in range(2 * BATCH + 1):
        trail.record("a")
    with trio.fail_after(EVERY / 2):
        while len(table.kinds) < 2 * BATCH + 1:
            await wait_all_tasks_blocked()
    assert [len(batch) for batch in table.batches] == [BATCH, BATCH, 1]


async def test_while_the_database_is_away_it_is_tried_again_after_growing_pauses_and_nothing_is_lost(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    table.refusal = lambda _: AWAY
    trail = trail_over(table)
    nursery.start_soon(trail.write)
    trail.record("a")
    await trio.sleep(20)
    assert [round(later - earlier) for earlier, later in zip(table.tries, table.tries[1:], strict=False)] == [
        1,
        2,
        4,
        8,
    ]
    assert trail.health().status == "degraded"
    assert trail.health().detail == f"{AWAY.message}; 1 entries wait"
    table.refusal = lambda _: None
    trail.record("b")
    await trio.sleep(60)
    assert table.kinds == ["a", "b"]
    assert trail.health().status == "ok"


async def test_of_too_many_the_newest_are_kept_and_the_trail_says_how_many_are_missing(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    table.refusal = lambda _: OperationalError("INSERT", {}, Exception("disk full"))
    trail = trail_over(table, capacity=10)
    nursery.start_soon(trail.write)
    for number in range(15):
        trail.record(str(number))
        await trio.sleep(1)
    assert trail.statistics().lost == 5
    assert trail.statistics().waiting == 10
    table.refusal = lambda _: None
    await trio.sleep(60)
    assert table.kinds == [*map(str, range(5, 15)), "entries_lost"]
    assert (table.written.value, table.lost.value) == (11, 5)
    assert trail.health().detail == "5 entries were lost"


async def test_an_entry_that_the_database_takes_for_impossible_is_lost_alone(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    def refuse(entries: Sequence[Entry]) -> Exception | None:
        bad = any(entry.kind == "bad" for entry in entries)
        return DataError("INSERT", {}, Exception("impossible")) if bad else None

    table.refusal = refuse
    trail = trail_over(table)
    nursery.start_soon(trail.write)
    for kind in ("a", "bad", "b"):
        trail.record(kind)
    await trio.sleep(5)
    assert table.kinds == ["a", "b", "entries_lost"]
    assert trail.statistics().lost == 1
    trail.record("c")
    trail.record("d")
    await trio.sleep(5)
    assert table.batches[-1] == ["c", "d"]


async def test_what_is_left_is_written_at_the_end(table: Table, autojump_clock: MockClock) -> None:
    trail = trail_over(table)
    for _ in range(BATCH + 1):
        trail.record("a")
    await trail.finish()
    assert [len(batch) for batch in table.batches] == [BATCH, 1]


async def test_the_end_waits_for_a_batch_on_its_way_and_writes_it_again_when_that_fails(
    table: Table, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    trail = trail_over(table)
    table.slow = 5
    nursery.start_soon(trail.write)
    trail.record("a")
    await trio.sleep(2)
    failures = iter([AWAY])
    table.refusal = lambda _: next(failures, None)
    await trail.finish()
    assert table.kinds == ["a"]


async def test_a_writer_that_is_canceled_puts_its_batch_back(table: Table, autojump_clock: MockClock) -> None:
    trail = trail_over(table)
    table.slow = 5
    trail.record("a")
    with trio.move_on_after(3):
        await trail.write()
    assert table.kinds == []
    table.slow = 0
    await trail.finish()
    assert table.kinds == ["a"]


async def test_the_end_does_not_try_for_ever(table: Table, autojump_clock: MockClock) -> None:
    table.refusal = lambda _: AWAY
    trail = trail_over(table)
    trail.record("a")
    await trail.finish()
    assert len(table.tries) == 1


async def test_ignored_kinds_are_not_recorded(table: Table) -> None:
    trail = trail_over(table, ignore=("noise",))
    trail.record("noise")
    trail.record("a")
    await trail.finish()
    assert table.kinds == ["a"]
