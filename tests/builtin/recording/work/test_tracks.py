# SPDX-License-Identifier: Apache-2.0
"""Separate tracks of a class are stored, in spite of kills and troubles, and never in the way of the film."""

from pathlib import Path

import av
import pytest
import trio
from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.storage import LocalStorage, StorageError
from podium.plugins.recording.store import Recording
from podium.plugins.recording.work import Progress, Workshop, run_job
from podium.plugins.recording.work import tracks as making
from podium.plugins.recording.work.child import run_child
from tests.builtin.recording.work.benches import BASE, RECORDING, Bench, Shelf
from tests.builtin.recording.work.conftest import LENGTH

NAMES = [f"{BASE}/tracks/001-ann-camera.webm", f"{BASE}/tracks/002-ann-microphone.webm"]


async def want(bench: Bench, captured: Path | None) -> None:
    """Of a recording whose film is there."""
    await bench.capture(captured, state="AVAILABLE", tracks="wanted")

    def add(session: Session) -> None:
        jobs.drop(session, RECORDING)
        jobs.add(session, RECORDING, "tracks", bench.place.id, bench.now())

    await bench.database.run(add)


async def run(bench: Bench, workshop: Workshop, told: list[Progress] | None = None) -> bool:
    """The job that is due, in the foreground."""
    job = await bench.database.run(jobs.claim_one, workshop.holder, RECORDING, "tracks", bench.now())
    assert job is not None
    with trio.fail_after(60):
        return await run_job(workshop, job, lambda progress: (told if told is not None else []).append(progress))


def is_made(recording: Recording) -> bool:
    return recording.tracks == "available"


async def test_they_are_made_and_stored(bench: Bench, ended: Path) -> None:
    shelf = Shelf(bench.folder / "cloud")
    await want(bench, ended)
    LocalStorage(bench.folder / "cloud").put(f"{BASE}/tracks/003-of-another-time.webm", Path(__file__), "video/webm")
    told: list[Progress] = []
    assert await run(bench, bench.workshop(shelf), told)
    recording = await bench.recording()
    assert (recording.tracks, recording.state) == ("available", "AVAILABLE")
    assert [f"{BASE}/tracks/{each.file}" for each in recording.track_list] == NAMES
    assert [each.name for each in shelf.list(f"{BASE}/tracks/")] == NAMES
    for name, each in zip(NAMES, recording.track_list, strict=True):
        stored = shelf.stat(name)
        assert stored is not None
        assert (stored.size, stored.crc32c) == (each.size, each.crc32c)
        assert each.begins + each.duration == pytest.approx(LENGTH, abs=0.2)
        file = bench.folder / "track.webm"
        file.write_bytes(b"".join(shelf.read(name)))
        with av.open(file) as container:
            assert (container.duration or 0) / 1e6 == pytest.approx(LENGTH, abs=0.2)
    assert told[-1] == Progress(state="AVAILABLE", percent=100, step="tracks")
    assert not bench.place.tracks(RECORDING).exists()
    await bench.until_idle()


async def test_what_is_stored_already_is_not_stored_again(bench: Bench, ended: Path) -> None:
    shelf = Shelf(bench.folder / "cloud")

    def out_of_reach(name: str) -> None:
        shelf.failures = [StorageError("storage_unavailable", "no route", retry=True)]
        shelf.then = lambda _name: None

    shelf.then = out_of_reach
    await want(bench, ended)
    workshop = bench.workshop(shelf)
    assert not await run(bench, workshop)
    assert (await bench.recording()).tracks == "making"
    made = {path: path.stat().st_mtime_ns for path in bench.place.tracks(RECORDING).glob("*.webm")}
    assert len(made) == 2
    assert await run(bench, workshop)
    assert is_made(await bench.recording())
    assert set(shelf.puts) == set(NAMES)


async def test_the_maker_is_killed_and_started_again(
    bench: Bench, ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    async def killed_twice(command: list[str], *arguments: object) -> object:
        started.append(command)
        if len(started) < 3:
            command = ["sh", "-c", "kill -9 $$"]
        return await run_child(command, *arguments)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(making, "run_child", killed_twice)
    await want(bench, ended)
    assert await run(bench, bench.workshop())
    assert is_made(await bench.recording())
    assert len(started) == 3


async def test_what_crashes_always_has_failed_and_can_be_wanted_again(
    bench: Bench, ended: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MODULE", "podium.nowhere")
    monkeypatch.setattr(making, "MOST_CRASHES", 2)
    await want(bench, ended)
    assert not await run(bench, bench.workshop())
    recording = await bench.recording()
    assert (recording.state, recording.tracks, recording.problem_code) == ("AVAILABLE", "failed", "tracks_failed")
    assert "podium.nowhere" in (recording.problem or "")
    monkeypatch.undo()
    await bench.database.run(jobs.add, RECORDING, "tracks", bench.place.id, bench.now())
    assert await run(bench, bench.workshop())
    recording = await bench.recording()
    assert (recording.tracks, recording.problem_code, len(recording.track_list)) == ("available", None, 2)


@pytest.mark.parametrize("known", [True, False])
async def test_without_packets_there_are_none(bench: Bench, known: bool) -> None:
    await want(bench, None)
    if known:
        await bench.database.run(store.captured_gone, RECORDING)
    assert not await run(bench, bench.workshop())
    recording = await bench.recording()
    assert (recording.tracks, recording.problem_code) == ("failed", "tracks_failed")


async def test_deletion_does_not_wait_for_them(bench: Bench, ended: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(making, "MODULE", "http.server")  # does not come to an end
    await want(bench, ended)
    async with bench.working(bench.workshop()):
        await bench.until(lambda recording: recording.tracks == "making")
        await bench.database.run(jobs.add, RECORDING, "removal", bench.place.id, bench.now())
        await bench.until_idle()
        assert await bench.database.read(store.get, RECORDING) is None
