# SPDX-License-Identifier: Apache-2.0
"""Times keep their instant and their zone, and durations their length, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, Interval, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from podium.core.data import UtcDateTime, open_database

metadata = MetaData()
lessons = Table(
    "timetable_lessons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("starts_at", UtcDateTime()),
    Column("length", Interval()),
)
NOON = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make(session: Session) -> None:
    metadata.create_all(session.connection())


def add(session: Session, starts_at: datetime | None) -> None:
    session.execute(insert(lessons).values(starts_at=starts_at, length=timedelta(days=400, microseconds=1)))


def starts(session: Session) -> list[datetime | None]:
    return list(session.scalars(select(lessons.c.starts_at).order_by(lessons.c.id)))


async def test_a_time_comes_back_as_the_same_instant_in_utc(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        await database.run(add, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))))
        (found,) = await database.read(starts)
        assert found == NOON
        assert found is not None
        assert found.tzinfo is UTC


async def test_no_time_stays_none(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        await database.run(add, None)
        assert await database.read(starts) == [None]


async def test_a_time_without_a_zone_is_refused(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        with pytest.raises(StatementError, match="has no time zone; use datetime"):
            await database.run(add, NOON.replace(tzinfo=None))
        assert await database.read(starts) == []


async def test_times_of_several_zones_compare_by_instant(database_url: str) -> None:
    west = timezone(-timedelta(hours=8))

    def before_noon(session: Session) -> int:
        rows = session.execute(select(lessons.c.id).where(lessons.c.starts_at < NOON.astimezone(west)))
        return len(rows.all())

    async with open_database(database_url) as database:
        await database.run(make)
        await database.run(add, NOON - timedelta(microseconds=1))
        await database.run(add, NOON)
        assert await database.read(before_noon) == 1


async def test_a_duration_comes_back_whole(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.run(make)
        await database.run(add, NOON)
        lengths = await database.read(lambda session: list(session.scalars(select(lessons.c.length))))
        assert lengths == [timedelta(days=400, microseconds=1)]
