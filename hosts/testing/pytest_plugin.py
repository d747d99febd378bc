# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the tests of plugins, found by pytest through its entry point group `pytest11`.

Every run of pytest in an environment with Podium imports this module: it imports nothing but pytest until a fixture is
used. The fixtures are plain functions, for tests that know no trio as well as for those that do.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pluggy import Result

    from podium.hosts.testing import Client, Host, Room

_MARKER = (
    "podium(config='', allow_failed=False): the podium.toml of the fixture podium_host for this test; with "
    "allow_failed the host may have plugins that cannot run"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> "Generator[None, Result[pytest.TestReport], None]":
    """Show what the host logged, with its fields, beside a failure."""
    outcome = yield
    host = getattr(item, "funcargs", {}).get("podium_host")
    if host is not None and outcome.get_result().failed:
        outcome.get_result().sections.append(("Podium's log", str(host.log)))


@pytest.fixture
def podium_config() -> str:
    """The podium.toml of the host. Override it, for example with a table that enables your plugin."""
    return ""


@pytest.fixture
def podium_host(request: pytest.FixtureRequest, podium_config: str, tmp_path: Path) -> "Iterator[Host]":
    """A running host on free ports; its data are in `tmp_path / "podium"`. A host that cannot start fails the test."""
    from podium.hosts.testing import HostError, open_host

    config, allow_failed = _marked(request, podium_config)
    try:
        with open_host(config, tmp_path / "podium", allow_failed=allow_failed) as host:
            yield host
    except HostError as error:
        pytest.fail(_explained(error), pytrace=False)


@pytest.fixture
def podium_client(podium_host: "Host") -> "Client":
    """A client of that host with an administrator's key."""
    return podium_host.client()


@pytest.fixture
def podium_room(podium_host: "Host") -> "Room":
    """A session on that host, which people without cameras may join."""
    return podium_host.room()


def _marked(request: pytest.FixtureRequest, config: str) -> tuple[str, bool]:
    """What the nearest marker says, the fixture's configuration where it says nothing."""
    marker = request.node.get_closest_marker("podium")
    if marker is None:
        return config, False
    if marker.args or not marker.kwargs.keys() <= {"config", "allow_failed"}:
        pytest.fail(f"the marker is written @pytest.mark.{_MARKER.partition(':')[0]}", pytrace=False)
    return marker.kwargs.get("config", config), marker.kwargs.get("allow_failed", False)


def _explained(error: BaseException) -> str:
    """The error with what caused it."""
    return f"{error}\n\n{error.__cause__!r}" if error.__cause__ is not None else str(error)
