# SPDX-License-Identifier: Apache-2.0
"""Engines for SQLite and PostgreSQL, set up so that the same code behaves the same on both.

SQLite: write-ahead log, foreign keys on, and a writer takes its lock when the transaction begins: SQLite cannot wait
for a lock that a reader asks for later, it fails at once. PostgreSQL: psycopg 3, times in UTC. Both: a statement and
the wait for a lock end after a time, a reading transaction cannot write, parameters stay out of error messages.
"""

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from .errors import DatabaseError

READING = {"podium_reading": True, "postgresql_readonly": True}
"""Execution options of a transaction that only reads."""

_PROGRESS_EVERY = 10_000  # of SQLite's instructions, some tenths of a millisecond


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a statement may run and may wait for a lock (0: no limit), and how many connections there may be."""

    statement: float = 30.0
    lock: float = 10.0
    connections: int = 8


def parse_url(url: str) -> URL:
    """The URL with the driver that Podium uses, or DatabaseError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _wrong_url("the database URL cannot be read") from None  # the error quotes the URL, password and all
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _wrong_url(f"{backend} is not supported")
    if sqlite_file(parsed) is None:
        raise _wrong_url("SQLite in memory would give each thread a database of its own")
    return parsed.set(drivername="sqlite+pysqlite")


def _wrong_url(what: str) -> DatabaseError:
    right = "`sqlite:///var/podium.db` or `postgresql://user:password@host/name`"
    return DatabaseError("database_url_invalid", f"{what}; use {right}", "database.url")


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database, or None when it has none."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith((":memory:", "file:")):
        return None
    return Path(url.database)


def make_engine(url: URL, limits: Limits, *, foreign_keys: bool = True) -> Engine:
    """An engine for a parsed URL; it connects when first used. A missing SQLite file is made then, its folder now."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, limits, foreign_keys=foreign_keys)
    return create_engine(
        url,
        pool_size=limits.connections,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "podium",
            "options": f"{_postgresql_options(limits)} {url.query.get('options', '')}".strip(),
        },
    )


def _postgresql_options(limits: Limits) -> str:
    settings = {
        "timezone": "UTC",
        "statement_timeout": round(limits.statement * 1000),
        "lock_timeout": round(limits.lock * 1000),
        "idle_in_transaction_session_timeout": round(limits.statement * 2000),
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _sqlite(url: URL, limits: Limits, *, foreign_keys: bool) -> Engine:
    file = sqlite_file(url)
    assert file is not None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            "database_unavailable", f"the folder {file.parent} cannot be made: {error.strerror}", "database.url"
        ) from error
    engine = create_engine(
        url,
        pool_size=max(2, limits.connections),  # one that writes, the others read
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": limits.lock, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        if limits.statement:
            record.info["clock"] = clock = _StatementClock(limits.statement)
            connection.set_progress_handler(clock.is_over, _PROGRESS_EVERY)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("podium_reading", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    if limits.statement:

        @event.listens_for(engine, "before_cursor_execute")
        def _start_clock(connection: Connection, *_statement: object) -> None:
            connection.info["clock"].start()

    return engine


class _StatementClock:
    """SQLite has no statement_timeout: it asks this now and then whether to stop."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._end = float("inf")

    def start(self) -> None:
        self._end = time.monotonic() + self._limit

    def is_over(self) -> bool:
        return time.monotonic() > self._end
