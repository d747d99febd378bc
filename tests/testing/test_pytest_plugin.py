# SPDX-License-Identifier: Apache-2.0
"""The fixtures, in runs of pytest of their own, as authors have them: with all warnings as errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = "podium.hosts.testing.pytest_plugin"

RUNS = """
import pytest
from podium.hosts.testing import CallError, Client, Host, Room

def test_the_fixtures_are_one_host(podium_host: Host, podium_client: Client, podium_room: Room) -> None:
    ada = podium_room.join("Ada")
    assert podium_client.call("GetRoom", session_id=ada.session_id)["participants"][0]["display_name"] == "Ada"
    assert podium_host.client("anonymous").get("/health").json()["participants"] == 1

def test_another_test_has_another_host(podium_client: Client, tmp_path) -> None:
    assert podium_client.call("ListRooms") == {"rooms": []}
    assert (tmp_path / "podium/podium.toml").read_text() == ""

class TestOverridden:
    @pytest.fixture
    def podium_config(self) -> str:
        return "[rooms]\\nmax_participants = 1\\n"

    def test_the_configuration_is_overridden(self, podium_host: Host) -> None:
        assert podium_host.config.rooms.max_participants == 1

    @pytest.mark.podium(config="[rooms]\\nmax_participants = 2\\n")
    def test_the_marker_wins(self, podium_host: Host) -> None:
        assert podium_host.config.rooms.max_participants == 2
"""

FAILS = """
import pytest

@pytest.mark.podium(config="[web]\\nprot = 1\\n")
def test_a_wrong_configuration(podium_host) -> None:
    pass

@pytest.mark.podium(config="[plugins.nobody]\\n")
def test_a_plugin_that_is_not_installed(podium_host) -> None:
    pass

@pytest.mark.podium("text")
def test_a_wrong_marker(podium_host) -> None:
    pass

def test_a_failure_of_its_own(podium_host, podium_room) -> None:
    podium_room.join("Ada")
    assert False, "on purpose"

def test_the_next_one_runs_all_the_same(podium_room) -> None:
    assert podium_room.join("Ada").joined["participants"] == []
"""


def run(directory: Path, text: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """pytest on one file, with our plugin and no others."""
    (directory / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider", "-W", "error", *options],
        cwd=directory,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_fixtures_work(tmp_path: Path) -> None:
    done = run(tmp_path, RUNS, "--strict-markers")
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = run(tmp_path_factory.mktemp("failing"), FAILS)
    assert "1 failed, 1 passed, 3 errors" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "explanation",
    [
        "the configuration is wrong:",
        "web.prot: ",
        "nobody: plugins.nobody: no plugin of this name is installed",
        "the marker is written @pytest.mark.podium(config='', allow_failed=False)",
        "- Podium's log -",
    ],
)
def test_what_cannot_start_fails_the_test_with_the_reason(failures: str, explanation: str) -> None:
    assert explanation in failures


def test_where_no_fixture_is_used_nothing_else_of_podium_is_imported(tmp_path: Path) -> None:
    text = """
import sys

def test_nothing() -> None:
    loaded = [name for name in sys.modules if name.startswith(("podium.core", "trio", "websockets"))]
    assert loaded == []
"""
    done = run(tmp_path, text)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
