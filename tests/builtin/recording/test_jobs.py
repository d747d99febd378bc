# SPDX-License-Identifier: Apache-2.0
"""Jobs: each to one holder at a time, one of a recording at a time, and to nobody for longer than its lease."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from podium.core import Database, open_database
from podium.plugins.recording import jobs
from podium.plugins.recording.jobs import LEASE, Job
from podium.plugins.recording.tables import jobs as table
from podium.plugins.recording.tables import metadata

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "a" * 32
SECOND = timedelta(seconds=1)
FILMS: tuple[jobs.JobKind, ...] = ("film",)


def make_tables(session: Session) -> None:
    metadata.create_all(session.connection())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        await database.run(make_tables)
        yield database


def added(session: Session, *wanted: tuple[str, jobs.JobKind]) -> None:
    for recording_id, kind in wanted:
        jobs.add(session, recording_id, kind, HERE, NOW)


async def claimed(database: Database, holder: str, now: datetime = NOW, most: int = 5, place: str = HERE) -> list[Job]:
    return await database.run(jobs.claim, holder, place, now, most)


def names(found: list[Job]) -> list[tuple[str, str]]:
    return [(job.recording_id, job.kind) for job in found]


async def test_a_job_is_one_holders_until_its_lease_is_over(database: Database) -> None:
    await database.run(added, ("r1", "film"), ("r2", "film"))
    assert names(await claimed(database, "ann", most=1)) == [("r1", "film")]
    assert names(await claimed(database, "bob")) == [("r2", "film")]
    assert await claimed(database, "cas", NOW + LEASE - SECOND) == []
    assert await database.run(jobs.claim, "ann", HERE, NOW + LEASE, 5, FILMS, [1, 2]) == []  # her clock is wrong
    assert names(await claimed(database, "cas", NOW + LEASE)) == [("r1", "film"), ("r2", "film")]


async def test_a_lease_that_is_renewed_goes_on_and_one_that_was_taken_over_cannot_be(database: Database) -> None:
    await database.run(added, ("r1", "film"))
    (job,) = await claimed(database, "ann")
    assert await database.run(jobs.renew, job.id, "ann", NOW + 20 * SECOND)
    assert await claimed(database, "bob", NOW + LEASE) == []
    (taken,) = await claimed(database, "bob", NOW + 20 * SECOND + LEASE)
    assert taken.id == job.id
    assert not await database.run(jobs.renew, job.id, "ann", NOW + 60 * SECOND)
    assert not await database.run(jobs.done, job.id, "ann")
    assert await database.run(jobs.done, job.id, "bob")


async def test_of_many_who_claim_at_once_each_job_is_one_holders(database: Database) -> None:
    await database.run(added, *((f"r{number}", "film") for number in range(20)))
    found: list[Job] = []

    async def claim_some(holder: str) -> None:
        while some := await claimed(database, holder, most=2):
            found.extend(some)

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(claim_some, f"holder{number}")
    found += await claimed(database, "last", most=20)  # rows that others looked at in the same moment
    assert len(found) == 20
    assert len({job.id for job in found}) == 20


async def test_of_one_recording_one_thing_is_done_at_a_time_and_removal_first(database: Database) -> None:
    await database.run(added, ("r1", "tracks"), ("r1", "tidy"), ("r1", "film"))
    (job,) = await claimed(database, "ann")
    assert job.kind == "film"
    assert await claimed(database, "bob") == []
    await database.run(added, ("r1", "removal"))
    assert await database.run(jobs.is_to_be_removed, "r1")
    assert await claimed(database, "bob") == []
    assert await database.run(jobs.release, job.id, "ann")
    (job,) = await claimed(database, "ann", most=1)
    assert job.kind == "removal"
    await database.run(jobs.drop, "r1")
    assert await claimed(database, "ann", NOW + LEASE) == []


async def test_what_fails_is_tried_again_after_a_pause(database: Database) -> None:
    await database.run(added, ("r1", "film"))
    (job,) = await claimed(database, "ann")
    assert await database.run(jobs.postpone, job, "ann", "no space", NOW, 8 * SECOND)
    assert await claimed(database, "ann", NOW + 7 * SECOND) == []
    (again,) = await claimed(database, "bob", NOW + 8 * SECOND)
    assert (again.id, again.attempts) == (job.id, 1)
    assert await database.run(jobs.postpone, again, "bob", "x" * 5000, NOW + 9 * SECOND, SECOND)
    assert await database.read(jobs.failing_since, job.id) == NOW
    (again,) = await claimed(database, "bob", NOW + 10 * SECOND)
    assert await database.run(jobs.recovered, job.id, "bob")
    assert await database.read(jobs.failing_since, job.id) is None
    assert not await database.run(jobs.add, "r1", "film", HERE, NOW)


async def test_a_job_is_for_those_who_have_its_files(database: Database) -> None:
    await database.run(added, ("r1", "film"))
    assert await claimed(database, "ann", place="b" * 32) == []
    assert await database.run(jobs.claim, "ann", HERE, NOW, 5, ("removal", "tidy")) == []


async def test_one_may_be_claimed_by_name_unless_somebody_works_on_its_recording(database: Database) -> None:
    await database.run(added, ("r1", "film"), ("r1", "rebuild"), ("r2", "film"))
    job = await database.run(jobs.claim_one, "ann", "r1", "rebuild", NOW)
    assert job is not None
    assert await database.run(jobs.claim_one, "bob", "r1", "film", NOW) is None
    assert await database.run(jobs.claim_one, "bob", "r3", "film", NOW) is None
    assert await database.run(jobs.become, job, "ann", "film")
    left = sa.select(table.c.kind).where(table.c.recording_id == "r1")
    assert await database.read(lambda session: list(session.scalars(left))) == ["film"]


async def test_what_somebody_held_who_was_killed_can_be_freed(database: Database) -> None:
    await database.run(added, ("r1", "film"), ("r2", "film"))
    await claimed(database, "ann", most=1)
    found = await database.read(jobs.look, "bob", HERE, NOW, FILMS)
    assert (found.due, found.others) == (True, ["ann"])
    await database.run(jobs.free, ["ann"])
    assert len(await claimed(database, "bob")) == 2
    assert (await database.read(jobs.look, "bob", HERE, NOW, FILMS)) == (False, [])
