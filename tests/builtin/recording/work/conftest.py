# SPDX-License-Identifier: Apache-2.0
"""Classes that were captured once for all tests, and a bench for each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podium.plugins.recording.work import composition
from tests.builtin.recording.work.benches import Bench, filmed, open_bench

LENGTH = 10.0


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pieces, the last of them a short one."""
    return filmed(tmp_path_factory.mktemp("ended"), LENGTH)


@pytest.fixture(scope="session")
def unended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of a host that was killed."""
    return filmed(tmp_path_factory.mktemp("unended"), LENGTH, ended=False)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path) as bench:
        yield bench


@pytest.fixture(autouse=True)
def composer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program in the composer's place, which does the same."""
    monkeypatch.setattr(composition, "MODULE", "tests.builtin.recording.work.stand_in_composer")
