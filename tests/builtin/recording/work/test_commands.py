# SPDX-License-Identifier: Apache-2.0
"""From a shell: films made anew with a bar, by a recorder that stops when it is told to, and a list."""

import os
import signal
from io import StringIO
from pathlib import Path

import pytest
import trio
from sqlalchemy.orm import Session

from podium.core import CommandContext, PodiumError
from podium.plugins.recording import jobs, store
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.commands import Bar, list_recordings, rebuild_film, record
from podium.plugins.recording.storage import LocalStorage
from podium.plugins.recording.work import Progress
from tests.builtin.recording.work.benches import RECORDING, SMALL, Bench
from tests.builtin.recording.work.conftest import LENGTH


@pytest.fixture
def context(bench: Bench) -> CommandContext:
    config = RecordingConfig(film=SMALL, composers=2)
    return CommandContext("recording", config=config, database=bench.database, directory=bench.place.root)


async def test_a_recorder_makes_films_until_it_is_told_to_stop(
    bench: Bench, ended: Path, context: CommandContext
) -> None:
    await bench.capture(ended, state="PROCESSING")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(record, context)
        bench.check(LocalStorage(bench.place.kept), await bench.until_final(), LENGTH)
        await bench.until_idle()
        os.kill(os.getpid(), signal.SIGTERM)


async def test_a_film_is_made_anew_and_shows_how_far_it_is(
    bench: Bench, ended: Path, context: CommandContext, capsys: pytest.CaptureFixture[str]
) -> None:
    await bench.capture(ended, state="FAILED", problem_code="composer_crashed", told=True)
    folder = bench.place.film(RECORDING)
    folder.mkdir(parents=True)
    (folder / "leftover").touch()
    out = StringIO()
    assert await rebuild_film(context, RECORDING, out) is None
    assert not (folder / "leftover").exists()
    lines = out.getvalue().splitlines()
    assert lines[-1] == "100 %  AVAILABLE"
    assert any("PROCESSING" in line for line in lines)
    assert capsys.readouterr().out.endswith(f"{RECORDING}: 0:00:10, {_size(bench)}, math-1/{RECORDING}/film.mp4\n")
    recording = await bench.recording()
    bench.check(LocalStorage(bench.place.kept), recording, LENGTH)
    assert not recording.told
    assert await bench.leases() == []


def _size(bench: Bench) -> str:
    found = LocalStorage(bench.place.kept).stat(f"math-1/{RECORDING}/film.mp4")
    assert found is not None
    return f"{found.size / 1e6:.1f} MB"


async def test_what_cannot_be_made_anew_is_said(bench: Bench, ended: Path, context: CommandContext) -> None:
    async def refused() -> str:
        with pytest.raises(PodiumError) as caught:
            await rebuild_film(context, RECORDING, StringIO())
        return caught.value.code

    assert await refused() == "recording_unknown"
    await bench.capture(ended)
    assert await refused() == "still_recording"
    await bench.end()
    taken = await bench.database.run(jobs.claim, "somebody", bench.place.id, bench.now(), 1)
    assert await refused() == "in_work"
    assert [kind for kind, _ in await bench.leases()] == ["film"]
    assert (await bench.recording()).state == "PROCESSING"
    await bench.database.run(jobs.release, taken[0].id, "somebody")

    def gone(session: Session) -> None:
        store.captured_gone(session, RECORDING)

    await bench.database.run(gone)
    assert await refused() == "captured_deleted"


async def test_a_film_that_fails_again_is_said(bench: Bench, context: CommandContext) -> None:
    await bench.capture(None, state="FAILED")
    bench.place.captured(RECORDING).mkdir(parents=True)
    with pytest.raises(PodiumError, match="nothing of the class") as caught:
        await rebuild_film(context, RECORDING, StringIO())
    assert caught.value.code == "nothing_captured"


async def test_recordings_are_listed(bench: Bench, context: CommandContext, capsys: pytest.CaptureFixture[str]) -> None:
    await bench.capture(None, state="FAILED", problem_code="disk_full", problem="no space", duration=3725.4, size=10**8)
    assert await list_recordings(context) is None
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["RECORDING", "SESSION"]
    assert row.startswith(f"{RECORDING}  math-1 ")
    assert row.endswith("FAILED  1:02:05  100.0 MB  disk_full: no space")


def test_a_bar_grows_on_a_terminal() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    bar = Bar(out)
    bar.tell(Progress(state="PROCESSING", percent=50, behind=12.4))
    bar.tell(Progress(state="AVAILABLE", percent=100))
    bar.close()
    first, second = out.getvalue().strip("\r\n").split("\r")
    assert first == f"[{'#' * 15}{' ' * 15}]  50 %  PROCESSING  12 s of film to make"
    assert second.rstrip() == f"[{'#' * 30}] 100 %  AVAILABLE"
