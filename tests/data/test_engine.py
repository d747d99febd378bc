# SPDX-License-Identifier: Apache-2.0
"""Engines are set up as the code above them expects, and URLs that cannot work are refused with a remedy."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from podium.core.data import DatabaseError, open_database
from podium.core.data.engine import Limits, make_engine, parse_url
from tests.services.postgresql import PostgreSQL


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u@h/d",
        "postgresql://u@h/d",
        "postgresql+psycopg://u@h/d",
        "postgresql+psycopg2://u@h/d",
        "postgresql+asyncpg://u@h/d",
    ],
)
def test_postgresql_is_reached_through_psycopg_3(url: str) -> None:
    assert parse_url(url).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://root:secret-word@localhost/podium", "mysql is not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:podium?mode=memory&uri=true", "in memory"),
    ],
)
def test_another_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message) as caught:
        parse_url(url)
    assert (caught.value.code, caught.value.field) == ("database_url_invalid", "database.url")
    assert "use `sqlite:///var/podium.db` or `postgresql://" in caught.value.message
    assert "secret-word" not in caught.value.message


async def test_sqlite_has_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    def pragmas(session: Session) -> list[object]:
        names = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        return [session.scalar(text(f"PRAGMA {name}")) for name in names]

    async with open_database(f"sqlite:///{tmp_path}/podium.db", Limits(lock=7)) as database:
        assert database.dialect == "sqlite"
        assert await database.read(pragmas) == ["wal", 1, 1, 7000]


async def test_the_folder_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/var/lib/podium.db"):
        assert (tmp_path / "var" / "lib" / "podium.db").is_file()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(DatabaseError, match="cannot be made: ") as caught:
        make_engine(parse_url(f"sqlite:///{tmp_path}/var/lib/podium.db"), Limits())
    assert caught.value.code == "database_unavailable"


async def test_postgresql_has_its_limits_and_utc_and_keeps_options_of_the_url(postgresql_server: PostgreSQL) -> None:
    def settings(session: Session) -> list[object]:
        names = ("timezone", "statement_timeout", "lock_timeout", "application_name", "work_mem")
        return [session.scalar(text(f"SHOW {name}")) for name in names]

    url = f"{postgresql_server.url()}&options=-c work_mem=1MB"
    async with open_database(url, Limits(statement=5, lock=2)) as database:
        assert database.dialect == "postgresql"
        assert await database.read(settings) == ["UTC", "5s", "2s", "podium", "1MB"]
