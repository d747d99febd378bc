# SPDX-License-Identifier: Apache-2.0
"""A class becomes a stored film: in a directory and in a cloud, alone and with others, once and no more."""

from pathlib import Path

import pytest
import trio

from podium.plugins.recording.storage import LocalStorage
from tests.builtin.recording.work.benches import BASE, RECORDING, Bench, Shelf
from tests.builtin.recording.work.conftest import LENGTH


@pytest.mark.parametrize("where", ["directory", "cloud"])
async def test_a_class_that_is_over_becomes_available_and_nothing_else_is_left(
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
        assert sum(name.endswith(".m4s") for name in storage.puts) == 3
    assert not (bench.place.film(RECORDING) / "film.growing").exists()
