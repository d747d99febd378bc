# SPDX-License-Identifier: Apache-2.0
"""What is deleted, and when: recordings whose time is over, packets of films that are there, nothing else."""

from datetime import timedelta
from pathlib import Path

import trio
import trio.testing
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.storage import LocalStorage
from podium.plugins.recording.work import Workshop, tend
from tests.builtin.recording.work.benches import BASE, RECORDING, Bench

DAY = timedelta(days=1)


async def once(workshop: Workshop) -> None:
    """What is done once an hour."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tend, workshop)
        await trio.testing.wait_all_tasks_blocked(0.2)
        nursery.cancel_scope.cancel()


async def kept(bench: Bench, storage: LocalStorage, **fields: object) -> None:
    """A recording as it is when all work on it is done, without a job."""
    await bench.capture(None, state="AVAILABLE", available_at=bench.now(), **fields)
    await bench.database.run(_no_jobs)
    for folder in (bench.place.captured(RECORDING), bench.place.film(RECORDING)):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"bytes")
    source = bench.folder / "film"
    source.write_bytes(b"a film")
    storage.put(f"{BASE}/film.mp4", source, "video/mp4")
    storage.put("math-1/another/film.mp4", source, "video/mp4")


def _no_jobs(session: Session) -> None:
    jobs.drop(session, RECORDING)


async def test_a_recording_is_deleted_when_its_time_is_over(bench: Bench) -> None:
    storage = LocalStorage(bench.place.kept)
    await kept(bench, storage, delete_at=bench.now() + DAY)
    workshop = bench.workshop(storage)
    await once(workshop)
    assert await bench.leases() == []
    bench.offset = DAY + timedelta(seconds=1)
    await once(workshop)
    async with bench.working(workshop):
        await bench.until_idle()
    assert await bench.database.read(store.get, RECORDING) is None
    assert [each.name for each in storage.list("math-1/")] == ["math-1/another/film.mp4"]
    assert not bench.place.captured(RECORDING).exists()
    assert not bench.place.film(RECORDING).exists()


async def test_packets_are_kept_for_some_time_behind_the_film(bench: Bench) -> None:
    storage = LocalStorage(bench.place.kept)
    await kept(bench, storage)
    workshop = bench.workshop(storage, keep_captured_hours=24)
    await once(workshop)
    assert (await bench.recording()).captured
    bench.offset = DAY + timedelta(seconds=1)
    await once(workshop)
    assert not (await bench.recording()).captured
    assert not bench.place.captured(RECORDING).exists()
    assert not bench.place.film(RECORDING).exists()
    assert storage.stat(f"{BASE}/film.mp4") is not None


async def test_packets_without_a_film_are_kept(bench: Bench, ended: Path) -> None:
    await bench.capture(ended, state="FAILED", problem_code="composer_crashed")
    workshop = bench.workshop(keep_captured_hours=1)
    bench.offset = 100 * DAY
    await once(workshop)
    assert bench.place.captured(RECORDING).is_dir()
    assert (await bench.recording()).captured
