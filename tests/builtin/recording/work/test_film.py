# SPDX-License-Identifier: Apache-2.0
"""A class becomes a stored film: in a directory and in a cloud, by one or several who work, once and no more."""

import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from podium.plugins.recording import jobs
from podium.plugins.recording.composer.segments import read_index
from podium.plugins.recording.storage import LocalStorage
from podium.plugins.recording.work import Progress
from podium.plugins.recording.work.loop import run_job
from podium.plugins.recording.work.workshop import Workshop
from tests.builtin.recording.work.benches import BASE, RECORDING, Bench, Shelf, children, zombies
from tests.builtin.recording.work.conftest import LENGTH


@pytest.mark.parametrize("where", ["directory", "cloud"])
async def test_a_class_becomes_available_when_it_is_over_and_nothing_else_is_left(
    bench: Bench, ended: Path, where: str
) -> None:
    storage = LocalStorage(bench.place.kept) if where == "directory" else Shelf(bench.folder / "cloud")
    await bench.capture(ended)
    async with bench.working(bench.workshop(storage)):
        await bench.until(lambda recording: recording.percent > 0)
        await bench.end()
        recording = await bench.until_final()
        bench.check(storage, recording, LENGTH)
        await bench.until_idle()
    assert [each.name for each in storage.list(f"{BASE}/")] == [f"{BASE}/chapters.json", f"{BASE}/film.mp4"]
    if isinstance(storage, Shelf):
        assert set(storage.puts.values()) == {1}
        assert sum(name.endswith(".m4s") for name in storage.puts) == 2
    assert not (bench.place.film(RECORDING) / "film.growing").exists()


async def test_the_composer_is_started_again_when_it_was_killed(bench: Bench, ended: Path) -> None:
    storage = Shelf(bench.folder / "cloud")
    await bench.capture(ended)

    def kill(name: str) -> None:
        """Once the first piece is stored."""
        if name.endswith("000000.m4s"):
            for pid in children():
                os.kill(pid, signal.SIGKILL)

    storage.then = kill
    async with bench.working(bench.workshop(storage)):
        with trio.fail_after(60):
            while not storage.puts:
                await trio.sleep(0.05)
        await bench.end()
        bench.check(storage, await bench.until_final(), LENGTH)
    assert set(storage.puts.values()) == {1}


async def test_a_recording_whose_host_has_died_ends_by_itself(bench: Bench, unended: Path) -> None:
    await bench.capture(unended)
    async with bench.working(bench.workshop(idle_seconds=60)):
        await bench.until(lambda recording: recording.percent > 0)
        assert (await bench.recording()).state == "RECORDING"
        bench.offset = timedelta(seconds=90)
        recording = await bench.until_final()
    assert recording.end_reason == "lost"
    assert recording.ended_at == recording.seen_at
    bench.check(LocalStorage(bench.place.kept), recording, LENGTH)


async def test_two_who_work_in_one_place_do_not_do_the_same(bench: Bench, ended: Path) -> None:
    storage = Shelf(bench.folder / "cloud")
    await bench.capture(ended, state="PROCESSING")
    most = 0
    async with bench.working(bench.workshop(storage), bench.workshop(storage)):
        with trio.fail_after(60):
            while (await bench.recording()).state == "PROCESSING":
                most = max(most, len(children()))
                await trio.sleep(0.05)
        bench.check(storage, await bench.recording(), LENGTH)
    assert most == 1
    assert set(storage.puts.values()) == {1}


async def test_who_stops_working_leaves_no_process_and_no_lease(bench: Bench, ended: Path) -> None:
    await bench.capture(ended)
    async with bench.working(bench.workshop()):
        with trio.fail_after(30):
            while not children():
                await trio.sleep(0.01)
        began = trio.current_time()
    assert trio.current_time() - began < 5
    assert not children()
    assert not zombies()
    assert await bench.leases() == [("film", None)]


async def test_what_was_stored_before_is_not_stored_again_and_chapters_stay(bench: Bench, ended: Path) -> None:
    """Stopped after the last piece was stored, and gone on with by somebody else."""
    storage = Shelf(bench.folder / "cloud")
    await bench.capture(ended)
    async with bench.working(bench.workshop(storage)):
        with trio.fail_after(60):
            while not storage.puts:
                await trio.sleep(0.05)
    await bench.end()
    async with bench.working(bench.workshop(storage)):
        bench.check(storage, await bench.until_final(), LENGTH)
    assert set(storage.puts.values()) == {1}


async def test_a_damaged_piece_is_made_again(bench: Bench, ended: Path) -> None:
    storage = LocalStorage(bench.place.kept)
    await bench.capture(ended)
    folder = bench.place.film(RECORDING)
    async with bench.working(bench.workshop(storage)):
        await bench.until(lambda recording: recording.percent > 0)
        with trio.fail_after(60):
            while (index := read_index(folder)) is None or not index.segments:
                await trio.sleep(0.05)
    (folder / "film.growing").unlink(missing_ok=True)
    piece = folder / "000000.m4s"
    data = bytearray(piece.read_bytes())
    data[1000] ^= 1
    piece.write_bytes(data)
    await bench.end()
    async with bench.working(bench.workshop(storage)):
        bench.check(storage, await bench.until_final(), LENGTH)


async def test_progress_is_told_to_who_waits_for_it(bench: Bench, ended: Path) -> None:
    told: list[Progress] = []
    await bench.capture(ended, state="PROCESSING")
    workshop = bench.workshop()
    (job,) = await claim(workshop)
    assert await run_job(workshop, job, told.append)
    assert [each.state for each in told][-1] == "AVAILABLE"
    assert told[-1].percent == 100
    assert {each.percent for each in told if each.state == "PROCESSING"} >= {80, 99}


async def test_a_class_of_which_nothing_was_captured_has_failed(bench: Bench) -> None:
    await bench.capture(None, state="PROCESSING")
    async with bench.working(bench.workshop()):
        recording = await bench.until_final()
    assert (recording.state, recording.problem_code) == ("FAILED", "nothing_captured")
    assert await bench.leases() == []


async def test_a_class_that_goes_on_after_its_host_was_stopped_is_one_film(
    bench: Bench, ended: Path, unended: Path
) -> None:
    await bench.capture(ended)
    storage = LocalStorage(bench.place.kept)
    async with bench.working(bench.workshop(storage)):
        with trio.fail_after(60):
            while (index := read_index(bench.place.film(RECORDING))) is None or not index.complete:
                await trio.sleep(0.05)
        shutil.copytree(unended / "run-0000", bench.place.captured(RECORDING) / "run-0001")
        with trio.fail_after(60):
            while (index := read_index(bench.place.film(RECORDING))) is None or index.duration < LENGTH + 4:
                await trio.sleep(0.05)
        await bench.end()
        bench.check(storage, await bench.until_final(), 2 * LENGTH)


async def claim(workshop: Workshop) -> list[jobs.Job]:
    return await workshop.database.run(jobs.claim, workshop.holder, workshop.place.id, workshop.now(), 1)
