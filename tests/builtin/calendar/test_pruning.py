# SPDX-License-Identifier: Apache-2.0
"""What is long over is forgotten, on both databases: in small steps, and nothing that is younger."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
import trio
import trio.testing
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from podium.core import Person, SessionView
from podium.core.data import check
from podium.plugins.calendar import CalendarConfig, pruning
from podium.plugins.calendar.pruning import prune_some
from podium.plugins.calendar.tables import invitations, replies, sessions
from tests.builtin.calendar.desk import TABLES, Desk, open_desk
from tests.builtin.calendar.samples import edited, session_at

PEOPLE = tuple(Person(name=f"P{n}", email=f"p{n}@example.org", participant_id=f"p{n}") for n in range(6))
OLD = [session_at("2026-11-02T09:00", session_id=f"old{n}", participants=PEOPLE) for n in range(3)]
YOUNG = session_at("2026-12-07T09:00", session_id="young", participants=PEOPLE)
BETWEEN = OLD[0].ends_at + timedelta(days=1)


async def keep(desk: Desk, *views: SessionView) -> None:
    """They were scheduled, and everybody has answered."""
    await desk.change(*views)
    await desk.database.run(answer, [view.session_id for view in desk.sessions.views.values()], desk)


def answer(session: Session, names: list[str], desk: Desk) -> None:
    values = {"status": "accepted", "sequence": 0, "stamp": desk.now, "received_at": desk.now, "recurrence_id": ""}
    rows = [{"session_id": name, "recipient": each.email} | values for name in names for each in PEOPLE]
    session.execute(insert(replies), rows)


def counted(session: Session) -> dict[str, Counter[str]]:
    """How many rows of each table are about which session."""
    return {table.name: rows_of(session, table) for table in (sessions, invitations, replies)}


def rows_of(session: Session, table: Table) -> Counter[str]:
    column = table.c.session_id
    return Counter({row[0]: row[1] for row in session.execute(select(column, func.count()).group_by(column))})


async def test_old_sessions_go_with_all_that_is_about_them(database_url: str) -> None:
    async with open_desk(database_url, CalendarConfig()) as desk:
        await keep(desk, *OLD, YOUNG)
        before = await desk.database.read(counted)
        assert [len(each) for each in before.values()] == [4, 4, 4]
        while await desk.database.run(prune_some, BETWEEN):
            pass
        after = await desk.database.read(counted)
        assert after == {name: Counter({"young": each["young"]}) for name, each in before.items()}


async def test_a_session_that_ended_at_the_limit_stays(database_url: str) -> None:
    async with open_desk(database_url, CalendarConfig()) as desk:
        await keep(desk, OLD[0])
        assert not await desk.database.run(prune_some, OLD[0].ends_at)
        assert await desk.database.read(rows_of, sessions) == {"old0": 1}


async def test_steps_are_small_and_no_mail_is_ever_without_its_session(database_url: str) -> None:
    async with open_desk(database_url, CalendarConfig()) as desk:
        await keep(desk, *OLD, YOUNG)
        last = await desk.database.read(counted)
        more, steps = True, 0
        while more:
            more = await desk.database.run(partial(prune_some, most_sessions=2, most_rows=4), BETWEEN)
            now = await desk.database.read(counted)
            assert all(0 <= last[name].total() - now[name].total() <= 4 for name in now)
            for name in ("calendar_invitations", "calendar_replies"):
                assert now[name].keys() <= now["calendar_sessions"].keys()
            last, steps = now, steps + 1
        assert last["calendar_sessions"] == {"young": 1}
        assert steps >= 21 / 4


async def test_a_session_that_was_forgotten_and_takes_place_again_invites_anew(database_url: str) -> None:
    async with open_desk(database_url, CalendarConfig()) as desk:
        await desk.change(OLD[0])
        while await desk.database.run(prune_some, BETWEEN):
            pass
        await desk.change(edited(OLD[0], starts_at=YOUNG.starts_at))
        found = await desk.statuses("old0")
        assert {(each.method, each.sequence, each.state) for each in found.values()} == {("REQUEST", 1, "pending")}
        assert len(found) == len(PEOPLE) + 1


async def test_a_running_plugin_forgets_by_itself_after_keep_days(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "EVERY", 0.01)
    async with open_desk(database_url, CalendarConfig(keep_days=3)) as desk, trio.open_nursery() as nursery:
        await keep(desk, OLD[0], YOUNG)
        desk.now = OLD[0].ends_at + timedelta(days=3)
        nursery.start_soon(desk.calendar.run_pruning)
        await trio.testing.wait_all_tasks_blocked()
        assert len(await desk.database.read(rows_of, sessions)) == 2
        desk.later(seconds=1)
        with trio.fail_after(30):
            while len(await desk.database.read(rows_of, sessions)) == 2:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
        assert await desk.database.read(rows_of, sessions) == {"young": 1}


async def test_a_database_that_is_away_is_tried_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "EVERY", 0.01)
    tries: list[datetime] = []

    def counted(session: Session, before: datetime) -> bool:
        tries.append(before)
        return prune_some(session, before)

    monkeypatch.setattr(pruning, "prune_some", counted)
    async with open_desk(database_url, CalendarConfig(keep_days=3)) as desk, trio.open_nursery() as nursery:
        await keep(desk, OLD[0])
        desk.now = YOUNG.ends_at
        await desk.database.run(rename, "calendar_sessions", "away")
        nursery.start_soon(desk.calendar.run_pruning)
        with trio.fail_after(30):
            while len(tries) < 2:
                await trio.sleep(0.01)
        await desk.database.run(rename, "away", "calendar_sessions")
        with trio.fail_after(30):
            while await desk.database.read(rows_of, sessions):
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


def rename(session: Session, before: str, after: str) -> None:
    session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


async def test_the_oldest_are_found_by_an_index(database_url: str) -> None:
    async with open_desk(database_url, CalendarConfig()) as desk:
        assert await trio.to_thread.run_sync(check, database_url, [TABLES]) == []
        found = await desk.database.read(explain)
        assert "ix_calendar_sessions_ends_at" in found


def explain(session: Session) -> str:
    """The database's own words on how it would read."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # a small table is read as a whole otherwise
    oldest = pruning.oldest(BETWEEN, 20).compile(session.connection(), compile_kwargs={"literal_binds": True})
    explained = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{oldest}"))
    return "\n".join(str(line) for line in explained)
