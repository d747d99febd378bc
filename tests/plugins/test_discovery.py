# SPDX-License-Identifier: Apache-2.0
"""What is installed, read from real metadata of distributions on disk, and imported on demand only."""

import sys
from pathlib import Path

import pytest

from podium.core.plugins.discovery import installed
from podium.core.plugins.errors import PluginError


def distribution(folder: Path, name: str, plugin: str, module: str) -> None:
    """As an installer leaves it."""
    info = folder / f"{name}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[podium.plugins]\n{plugin} = {module}:plugin\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_plugin_is_found_without_being_imported(site: Path) -> None:
    distribution(site, "found_here", "found_here", "found_here_plugin")
    code = 'from podium.core import Plugin\nplugin = Plugin("found_here", version="2.1")\n'
    (site / "found_here_plugin.py").write_text(code)
    found = installed()["found_here"]
    assert (found.distribution, found.version) == ("found_here", "2.0")
    assert "found_here_plugin" not in sys.modules
    assert found.load().version == "2.1"


def test_two_distributions_with_one_name_are_refused(site: Path) -> None:
    distribution(site, "one", "twice_here", "nothing")
    distribution(site, "other", "twice_here", "nothing")
    with pytest.raises(PluginError, match=r"several distributions bring it: .*; uninstall all but one"):
        installed()["twice_here"].load()


def test_a_module_that_cannot_be_imported_is_an_error_of_its_own(site: Path) -> None:
    distribution(site, "broken", "broken_here", "broken_here_plugin")
    (site / "broken_here_plugin.py").write_text("1 / 0\n")
    with pytest.raises(PluginError, match="cannot be imported: ZeroDivisionError: division by zero"):
        installed()["broken_here"].load()
