# SPDX-License-Identifier: Apache-2.0
"""The database as trio sees it: a function goes into a thread, runs in one transaction, and its value comes back.

SQLAlchemy's asynchronous engine belongs to asyncio; threads need no second API. They are counted by limiters of our
own, so a slow database never takes the threads of others. SQLite has one writer at a time: waiting for one's turn here
is fair and costs nothing, unlike SQLite's own retries, which remain for other processes.

Cancellation: a call that still waits for a thread is cancelled and has done nothing. One that has begun is finished,
with its commit or rollback, and returns; the cancellation comes at the caller's next checkpoint. So nobody has to
wonder what happened, no connection is lost, and the limits of `engine.Limits` bound the wait.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple, final

import trio
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from .engine import READING, Limits, make_engine, parse_url
from .errors import DatabaseError, translated

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class DatabaseStatistics:
    """A snapshot: transactions running and waiting for their turn, connections in use and open, and totals."""

    running: int
    waiting: int
    connections_in_use: int
    connections_open: int
    transactions: int
    failures: int


@final
class Database:
    """One database, made by `open_database`."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._readers = trio.CapacityLimiter(limits.connections)
        self._writers = self._readers
        if engine.dialect.name == "sqlite":
            self._readers = trio.CapacityLimiter(max(1, limits.connections - 1))
            self._writers = trio.CapacityLimiter(1)
        self._is_closed = False
        self._transactions = 0
        self._failures = 0

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`, for the rare statement that differs."""
        return self._engine.dialect.name

    async def run(self, function: Callable[[Session, *Ts], T], *args: *Ts) -> T:
        """Call `function(session, *args)` in one transaction; commit when it returns, roll back when it raises.

        The function is a plain one and runs in a thread: it must not touch what belongs to trio. It returns values,
        not cursors; loaded objects may be returned and stay readable.
        """
        return await self._call(self._writers, {}, function, args)

    async def read(self, function: Callable[[Session, *Ts], T], *args: *Ts) -> T:
        """Like `run`, for functions that only read: on SQLite these do not wait for a writer. Writing is refused."""
        return await self._call(self._readers, READING, function, args)

    async def _call(
        self,
        limiter: trio.CapacityLimiter,
        options: Mapping[str, Any],
        function: Callable[..., T],
        args: tuple[Any, ...],
    ) -> T:
        if inspect.iscoroutinefunction(function):
            raise TypeError(
                f"{function.__qualname__} is async; a transaction is a plain function that runs in a thread"
            )
        if self._is_closed:
            raise DatabaseError("database_closed", "the database is closed: Podium is stopping")
        try:
            result = await trio.to_thread.run_sync(self._transact, options, function, args, limiter=limiter)
        except Exception:
            self._failures += 1
            raise
        self._transactions += 1
        return result

    def _transact(self, options: Mapping[str, Any], function: Callable[..., T], args: tuple[Any, ...]) -> T:
        engine = self._engine.execution_options(**options)
        with translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            return function(session, *args)

    def statistics(self) -> DatabaseStatistics:
        """What it is doing now."""
        limiters = {self._readers, self._writers}
        states = [limiter.statistics() for limiter in limiters]
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return DatabaseStatistics(
            running=sum(state.borrowed_tokens for state in states),
            waiting=sum(state.tasks_waiting for state in states),
            connections_in_use=pool.checkedout(),
            connections_open=pool.checkedout() + pool.checkedin(),
            transactions=self._transactions,
            failures=self._failures,
        )

    async def _close(self) -> None:
        """Refuse further calls, wait for those that came before, close the connections."""
        self._is_closed = True
        for limiter in {self._readers, self._writers}:
            for _ in range(int(limiter.total_tokens)):
                await limiter.acquire_on_behalf_of(object())
        await trio.to_thread.run_sync(self._engine.dispose)


@asynccontextmanager
async def open_database(url: str, limits: Limits | None = None) -> AsyncIterator[Database]:
    """Connect, give a `Database` for as long as the block runs, close it. DatabaseError when it cannot be reached."""
    limits = limits or Limits()
    engine = make_engine(parse_url(url), limits)
    database = Database(engine, limits)
    try:
        await database.read(_try)
        yield database
    finally:
        with trio.CancelScope(shield=True):
            await database._close()


def _try(session: Session) -> None:
    session.execute(text("SELECT 1"))
