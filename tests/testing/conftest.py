# SPDX-License-Identifier: Apache-2.0
"""A host with one polite plugin. The fixtures of authors have tests of their own, in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.hosts.testing import Host, open_host
from tests.testing.stand_ins import install, polite


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    install(monkeypatch, polite())
    with open_host("[plugins.polite]\n", tmp_path / "podium") as host:
        yield host
