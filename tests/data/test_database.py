# SPDX-License-Identifier: Apache-2.0
"""Transactions from trio: committed or rolled back, never lost, on both databases."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from podium.core.data import Database, DatabaseError, open_database
from podium.core.data.engine import Limits
from tests.services.postgresql import PostgreSQL


class Base(DeclarativeBase):
    metadata = MetaData()


class Counter(Base):
    __tablename__ = "example_counters"
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


notes = Table(
    "example_notes",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("counter_id", ForeignKey("example_counters.id"), nullable=False),
)


def make(session: Session) -> None:
    Base.metadata.create_all(session.connection())
    session.add(Counter(id=1, value=0))


def value(session: Session) -> int:
    return session.get_one(Counter, 1).value


def increase(session: Session, by: int = 1) -> int:
    counter = session.get_one(Counter, 1, with_for_update=True)
    counter.value += by
    return counter.value


def is_idle(database: Database) -> bool:
    statistics = database.statistics()
    return (statistics.running, statistics.waiting, statistics.connections_in_use) == (0, 0, 0)


async def test_what_a_function_did_is_kept_when_it_returns(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        assert await database.run(increase, 5) == 5
        assert await database.read(value) == 5
    async with open_database(database_url) as database:
        assert await database.read(value) == 5


async def test_what_a_function_did_is_undone_when_it_raises(database_url: str) -> None:
    def fail(session: Session) -> None:
        increase(session)
        session.flush()
        raise ZeroDivisionError

    async with open_database(database_url) as database:
        await database.run(make)
        with pytest.raises(ZeroDivisionError):
            await database.run(fail)
        assert await database.read(value) == 0
        assert is_idle(database)
        assert database.statistics().failures == 1


async def test_a_function_runs_in_another_thread(database_url: str) -> None:
    async with open_database(database_url) as database:
        assert await database.read(lambda _session: threading.get_ident()) != threading.get_ident()


async def test_loaded_objects_stay_readable(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        counter = await database.run(lambda session: session.get_one(Counter, 1))
        assert counter.value == 0


async def test_foreign_keys_hold(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        with pytest.raises(IntegrityError):
            await database.run(lambda session: session.execute(insert(notes).values(counter_id=99)))


async def test_errors_do_not_quote_parameters(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        with pytest.raises(IntegrityError) as caught:
            await database.run(lambda session: session.execute(insert(Counter).values(id=1, value=424242)))
        assert "424242" not in str(caught.value)


async def test_a_reader_cannot_write(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        with pytest.raises(Exception, match=r"read-?only"):
            await database.read(lambda session: session.execute(insert(Counter).values(id=2, value=0)))
        assert await database.run(increase) == 1  # on the same connection


async def test_an_async_function_is_refused(database_url: str) -> None:
    async def wrong(_session: Session) -> None: ...

    async with open_database(database_url) as database:
        with pytest.raises(TypeError, match="wrong is async"):
            await database.run(wrong)  # type: ignore[unused-coroutine]  # that nothing awaits it is the point


async def test_many_writers_lose_nothing(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(database.run, increase, 1)
        assert await database.read(value) == 30
        assert is_idle(database)
        assert database.statistics().connections_open <= Limits().connections


class Paused:
    """A transaction that has written and waits for the test before it ends."""

    def __init__(self, end: Callable[[], None] = lambda: None) -> None:
        self.entered = trio.Event()
        self.proceed = threading.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._end = end

    def __call__(self, session: Session) -> int:
        result = increase(session)
        session.flush()
        self._token.run_sync_soon(self.entered.set)
        assert self.proceed.wait(30)
        self._end()
        return result


async def test_readers_do_not_wait_for_a_writer(database_url: str) -> None:
    async with open_database(database_url) as database, trio.open_nursery() as nursery:
        await database.run(make)
        paused = Paused()
        nursery.start_soon(database.run, paused)
        await paused.entered.wait()
        assert await database.read(value) == 0
        paused.proceed.set()


class TestCancellation:
    async def test_a_call_that_waits_for_its_turn_does_nothing(self, database_url: str) -> None:
        async with open_database(database_url, Limits(connections=1)) as database, trio.open_nursery() as nursery:
            await database.run(make)
            paused = Paused()
            nursery.start_soon(database.run, paused)
            await paused.entered.wait()
            async with trio.open_nursery() as cancelled:
                cancelled.start_soon(database.run, increase, 1)
                await trio.testing.wait_all_tasks_blocked()
                assert database.statistics().waiting == 1
                cancelled.cancel_scope.cancel()
            assert database.statistics().waiting == 0
            paused.proceed.set()
            assert await database.run(value) == 1  # takes its turn behind the paused one

    async def test_a_transaction_that_has_begun_is_finished_and_returns(self, database_url: str) -> None:
        returned = []
        async with open_database(database_url) as database:
            await database.run(make)
            paused = Paused()

            async def call(task_status: trio.TaskStatus[trio.CancelScope]) -> None:
                with trio.CancelScope() as scope:
                    task_status.started(scope)
                    returned.append(await database.run(paused))
                    await trio.lowlevel.checkpoint()
                assert scope.cancelled_caught

            async with trio.open_nursery() as nursery:
                scope = await nursery.start(call)
                await paused.entered.wait()
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                assert returned == []
                paused.proceed.set()
            assert returned == [1]
            assert await database.read(value) == 1
            assert is_idle(database)

    async def test_a_transaction_that_fails_while_cancelled_is_rolled_back(self, database_url: str) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        async with open_database(database_url) as database:
            await database.run(make)
            paused = Paused(fail)
            with pytest.RaisesGroup(ZeroDivisionError):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(database.run, paused)
                    await paused.entered.wait()
                    nursery.cancel_scope.cancel()
                    paused.proceed.set()
            assert await database.read(value) == 0
            assert is_idle(database)

    async def test_many_cancelled_callers_leak_no_connection(self, database_url: str) -> None:
        async with open_database(database_url) as database:
            await database.run(make)
            for _ in range(5):
                async with trio.open_nursery() as nursery:
                    for _ in range(20):
                        nursery.start_soon(database.run, increase, 1)
                        nursery.start_soon(database.read, value)
                    await database.read(value)
                    nursery.cancel_scope.cancel()
                assert is_idle(database)
            assert database.statistics().connections_open <= Limits().connections
            before = await database.read(value)
            assert await database.run(increase) == before + 1


async def test_closing_waits_for_what_has_begun(database_url: str) -> None:
    async with trio.open_nursery() as nursery:
        async with open_database(database_url) as database:
            await database.run(make)
            paused = Paused()
            nursery.start_soon(database.run, paused)
            await paused.entered.wait()
            nursery.start_soon(release_when_blocked, paused)
        assert database.statistics().connections_open == 0
    with pytest.raises(DatabaseError, match="is closed") as caught:
        await database.run(value)
    assert caught.value.code == "database_closed"
    async with open_database(database_url) as database:
        assert await database.read(value) == 1


async def release_when_blocked(paused: Paused) -> None:
    await trio.testing.wait_all_tasks_blocked()
    paused.proceed.set()


ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")


async def test_a_statement_that_takes_too_long_is_interrupted(database_url: str) -> None:
    async with open_database(database_url, Limits(statement=1.0)) as database:
        with pytest.raises(DatabaseError, match="took too long") as caught:
            await database.read(lambda session: session.scalar(ENDLESS))
        assert caught.value.code == "database_timeout"
        assert await database.read(lambda session: session.scalar(select(func.abs(-3)))) == 3


async def test_a_lock_that_another_process_holds_is_waited_for_so_long(database_url: str) -> None:
    async with open_database(database_url) as other, open_database(database_url, Limits(lock=0.1)) as database:
        await other.run(make)
        paused = Paused()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other.run, paused)
            await paused.entered.wait()
            with pytest.raises(DatabaseError, match="busy with another transaction") as caught:
                await database.run(increase)
            paused.proceed.set()
        assert caught.value.code == "database_busy"
        assert await database.run(increase) == 2


async def test_lost_connections_are_replaced(postgresql_server: PostgreSQL) -> None:
    with postgresql_server.new_database() as url:
        async with open_database(url) as database:
            await database.run(make)
            with postgresql_server.connect() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='podium'"
                )
            assert await database.run(increase) == 1


async def test_a_connection_lost_in_the_middle_is_said(postgresql_server: PostgreSQL) -> None:
    def end_oneself(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with postgresql_server.new_database() as url:
        async with open_database(url) as database:
            with pytest.raises(DatabaseError) as caught:
                await database.run(end_oneself)
            assert caught.value.code == "database_unavailable"
            assert is_idle(database)


@pytest.mark.parametrize(
    "url",
    ["postgresql://podium:secret-word@/podium?host=/nowhere", "postgresql://podium:secret-word@127.0.0.1:1/podium"],
)
async def test_a_server_that_is_away_is_said_without_the_password(url: str) -> None:
    with pytest.raises(DatabaseError, match="cannot be reached") as caught:
        async with open_database(url):
            pass
    assert caught.value.code == "database_unavailable"
    assert "secret-word" not in caught.value.message


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "podium.db").write_text("something else, and longer than the header of a database " * 10)
    with pytest.raises(DatabaseError) as caught:
        async with open_database(f"sqlite:///{tmp_path}/podium.db"):
            pass
    assert caught.value.code == "database_unavailable"
