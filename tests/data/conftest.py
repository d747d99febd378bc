# SPDX-License-Identifier: Apache-2.0
"""Plugins with migration histories."""

from pathlib import Path

import pytest

from tests.data.histories import Histories


@pytest.fixture
def histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Histories:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return Histories(folder, monkeypatch)
