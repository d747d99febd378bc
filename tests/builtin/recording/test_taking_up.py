# SPDX-License-Identifier: Apache-2.0
"""Which recording a host takes up when a room is to be recorded: the one that goes on, a new one, or none."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy.orm import Session

from podium.core import Database, open_database
from podium.plugins.recording import store, transactions
from podium.plugins.recording.store import Recording
from podium.plugins.recording.tables import metadata

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRST = Recording(
    id="a" * 16,
    session_id="math",
    series_id="math",
    title="Math",
    started_at=NOW,
    place="here",
    host="one",
    seen_at=NOW,
)
LATER = msgspec.structs.replace(
    FIRST, id="b" * 16, started_at=NOW + timedelta(seconds=9), seen_at=NOW + timedelta(seconds=9), host="two"
)


def make_tables(session: Session) -> None:
    metadata.create_all(session.connection())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The first recording goes on."""
    async with open_database(database_url) as database:
        await database.run(make_tables)
        await database.run(transactions.take_up, FIRST, False)
        yield database


async def taken_up(database: Database, resumes: bool) -> tuple[str, bool] | None:
    found = await database.run(transactions.take_up, LATER, resumes)
    return None if found is None else (found[0].id, found[1])


@pytest.mark.parametrize("resumes", [False, True])
async def test_what_goes_on_is_taken_up(database: Database, resumes: bool) -> None:
    assert await taken_up(database, resumes) == (FIRST.id, False)


@pytest.mark.parametrize("reason", store.ON_PURPOSE)
async def test_what_was_ended_on_purpose_meanwhile_is_not_begun_again_by_itself(
    database: Database, reason: str
) -> None:
    await database.run(store.end, FIRST.id, NOW, reason)
    assert await taken_up(database, True) is None
    assert await taken_up(database, False) == (LATER.id, True)


async def test_what_was_taken_for_lost_is_begun_again(database: Database) -> None:
    await database.run(store.end, FIRST.id, NOW, "lost")
    assert await taken_up(database, True) == (LATER.id, True)
