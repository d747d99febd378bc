# SPDX-License-Identifier: Apache-2.0
"""The plugin running on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builtin.scheduling.stage import Stage, open_stage


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, database_url) as stage:
        yield stage
