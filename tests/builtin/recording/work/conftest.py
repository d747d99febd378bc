# SPDX-License-Identifier: Apache-2.0
"""Classes that were captured once for all tests, and a bench for each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builtin.recording.work.benches import Bench, filmed, open_bench

LENGTH = 20.0
SHORT = 3.0


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pieces, the last of them a short one."""
    return filmed(tmp_path_factory.mktemp("ended"), LENGTH)


@pytest.fixture(scope="session")
def unended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of a host that was killed."""
    return filmed(tmp_path_factory.mktemp("unended"), LENGTH, ended=False)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path) as bench:
        yield bench
