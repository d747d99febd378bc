# SPDX-License-Identifier: Apache-2.0
"""What goes wrong is tried again and told; what cannot go right has failed, with everything captured kept."""

import errno
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.jobs import Job
from podium.plugins.recording.storage import LocalStorage, StorageError
from podium.plugins.recording.tables import jobs as table
from podium.plugins.recording.work import composition, run_job
from podium.plugins.recording.work.workshop import Workshop
from tests.builtin.recording.work.benches import RECORDING, Bench, Shelf, children, zombies
from tests.builtin.recording.work.conftest import LENGTH

OUTAGE = StorageError("storage_unavailable", "cannot store now", retry=True)
NO_BUCKET = StorageError("bucket_unknown", "there is no bucket", retry=False)


@pytest.fixture
def scripted(bench: Bench) -> Iterator[Path]:
    """Where it is written what the composer does."""
    script = bench.place.film(RECORDING).with_name(f"{RECORDING}.does")
    script.parent.mkdir(parents=True)
    yield script
    assert not children()
    assert not zombies()


async def claim(workshop: Workshop) -> Job:
    (job,) = await workshop.database.run(jobs.claim, workshop.holder, workshop.place.id, workshop.now(), 1)
    return job


async def attempts(bench: Bench) -> int:
    return await bench.database.read(lambda session: session.scalar(sa.select(table.c.attempts)) or 0)


async def test_an_outage_of_the_storage_is_bridged(bench: Bench, ended: Path) -> None:
    storage = Shelf(bench.folder / "cloud")
    await bench.capture(ended)
    storage.failures = [OUTAGE] * 2
    async with bench.working(bench.workshop(storage)):
        troubled = await bench.until(lambda recording: recording.problem_code is not None)
        assert (troubled.problem_code, troubled.problem) == ("storage_unavailable", "cannot store now")
        await bench.end()
        recording = await bench.until_final()
    assert recording.problem_code is None
    bench.check(storage, recording, LENGTH)
    assert set(storage.puts.values()) == {1}


async def test_an_outage_after_the_class_is_tried_again_until_patience_is_over(bench: Bench, ended: Path) -> None:
    storage = Shelf(bench.folder / "cloud")
    workshop = bench.workshop(storage, give_up_hours=1)
    await bench.capture(ended, state="PROCESSING")
    storage.failures = [OUTAGE] * 1000
    assert not await run_job(workshop, await claim(workshop))
    recording = await bench.recording()
    assert (recording.state, recording.problem_code) == ("PROCESSING", "storage_unavailable")
    bench.offset += timedelta(minutes=50)
    assert not await run_job(workshop, await claim(workshop))
    assert (await bench.recording()).state == "PROCESSING"
    assert await attempts(bench) == 2
    bench.offset += timedelta(minutes=20)
    assert not await run_job(workshop, await claim(workshop))
    recording = await bench.recording()
    assert (recording.state, recording.problem_code) == ("FAILED", "storage_unavailable")
    assert recording.captured
    assert bench.place.captured(RECORDING).is_dir()
    assert await bench.leases() == []


async def test_what_somebody_has_to_mend_is_given_up_after_an_hour_of_the_class_being_over(
    bench: Bench, ended: Path
) -> None:
    storage = Shelf(bench.folder / "cloud")
    workshop = bench.workshop(storage)
    await bench.capture(ended, state="PROCESSING")
    storage.failures = [NO_BUCKET] * 1000
    assert not await run_job(workshop, await claim(workshop))
    assert (await bench.recording()).state == "PROCESSING"
    bench.offset += timedelta(minutes=61)
    assert not await run_job(workshop, await claim(workshop))
    assert (await bench.recording()).problem_code == "bucket_unknown"
    assert (await bench.recording()).state == "FAILED"


async def test_a_full_disk_is_told_and_work_goes_on_when_there_is_room(
    bench: Bench, ended: Path, scripted: Path
) -> None:
    scripted.write_text(f"fail io_error {errno.ENOSPC}\n")
    await bench.capture(ended)
    async with bench.working(bench.workshop()):
        troubled = await bench.until(lambda recording: recording.problem_code is not None)
        assert troubled.problem_code == "disk_full"
        assert troubled.state == "RECORDING"
        await bench.end()
        bench.check(LocalStorage(bench.place.kept), await bench.until_final(), LENGTH)


async def test_a_directory_without_room_is_told_in_the_same_words(
    bench: Bench, ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes, position: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    await bench.capture(ended)
    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        async with bench.working(bench.workshop()):
            troubled = await bench.until(lambda recording: recording.problem_code is not None)
    assert troubled.problem_code == "disk_full"
    await bench.end()
    async with bench.working(bench.workshop()):
        bench.check(LocalStorage(bench.place.kept), await bench.until_final(), LENGTH)


@pytest.mark.parametrize(("times", "state"), [(3, "AVAILABLE"), (5, "FAILED")])
async def test_a_composer_that_crashes_is_started_again_but_not_for_ever(
    bench: Bench, ended: Path, scripted: Path, monkeypatch: pytest.MonkeyPatch, times: int, state: str
) -> None:
    monkeypatch.setattr(composition, "_LONGEST_PAUSE", 0.1)
    scripted.write_text("crash\n" * times)
    await bench.capture(ended, state="PROCESSING")
    workshop = bench.workshop()
    assert await run_job(workshop, await claim(workshop)) is (state == "AVAILABLE")
    recording = await bench.recording()
    assert recording.state == state
    if state == "FAILED":
        assert recording.problem_code == "composer_crashed"
        assert "a message on standard error" in (recording.problem or "")
        assert bench.place.captured(RECORDING).is_dir()


async def test_while_the_class_goes_on_a_composer_that_crashes_has_not_failed(
    bench: Bench, ended: Path, scripted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "_LONGEST_PAUSE", 0.05)
    scripted.write_text("crash\n" * 7)
    await bench.capture(ended)
    async with bench.working(bench.workshop()):
        recording = await bench.until(lambda recording: recording.problem_code is not None)
        assert (recording.state, recording.problem_code) == ("RECORDING", "composer_crashed")
        await bench.until(lambda recording: recording.problem_code is None)
        await bench.end()
        bench.check(LocalStorage(bench.place.kept), await bench.until_final(), LENGTH)


async def test_what_other_versions_have_made_is_made_anew(bench: Bench, ended: Path, scripted: Path) -> None:
    scripted.write_text("fail header_differs 0\nfail in_use 0\n")
    await bench.capture(ended, state="PROCESSING")
    leftover = bench.place.film(RECORDING) / "leftover"
    leftover.parent.mkdir()
    leftover.touch()
    workshop = bench.workshop()
    assert await run_job(workshop, await claim(workshop))
    assert not leftover.exists()
    bench.check(LocalStorage(bench.place.kept), await bench.recording(), LENGTH)


async def test_who_loses_the_lease_stops_at_once_and_its_process_is_gone(
    bench: Bench, ended: Path, scripted: Path
) -> None:
    scripted.write_text("hang\n")
    await bench.capture(ended)
    workshop = bench.workshop()
    job = await claim(workshop)

    async def rob() -> None:
        with trio.fail_after(30):
            while not children():
                await trio.sleep(0.01)

        def change(session: Session) -> None:
            session.execute(sa.update(table).values(lease_holder="somebody else"))

        await bench.database.run(change)

    with trio.fail_after(40):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rob)
            assert not await run_job(workshop, job)
    assert await bench.leases() == [("film", "somebody else")]
    assert (await bench.recording()).state == "RECORDING"


async def test_a_process_that_does_not_end_by_itself_is_killed(bench: Bench, ended: Path, scripted: Path) -> None:
    scripted.write_text("hang\n")
    await bench.capture(ended)
    with trio.fail_after(40):
        async with bench.working(bench.workshop()):
            while not children():
                await trio.sleep(0.01)
            began = trio.current_time()
    assert trio.current_time() - began < 10
    assert await bench.leases() == [("film", None)]


async def test_what_takes_too_long_is_told_once_and_goes_on(bench: Bench, ended: Path, scripted: Path) -> None:
    scripted.write_text("hang\n")
    await bench.capture(ended, state="PROCESSING")
    async with bench.working(bench.workshop(timeout=1)):
        recording = await bench.until(lambda recording: recording.problem_code is not None)
        assert (recording.state, recording.problem_code) == ("PROCESSING", "overdue")


async def test_work_ends_when_the_recording_is_to_be_deleted(bench: Bench, ended: Path, scripted: Path) -> None:
    scripted.write_text("hang\n")
    await bench.capture(ended)
    storage = Shelf(bench.folder / "cloud")
    async with bench.working(bench.workshop(storage)):
        with trio.fail_after(30):
            while not children():
                await trio.sleep(0.01)
        await bench.database.run(jobs.add, RECORDING, "removal", bench.place.id, bench.now())
        await bench.until_idle()
    assert await bench.database.read(store.get, RECORDING) is None
    assert list(storage.list("math-1/")) == []
    assert not bench.place.captured(RECORDING).exists()
    assert not bench.place.film(RECORDING).exists()
