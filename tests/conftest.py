# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests: property tests have no deadline, a missing program is said, not skipped,
tests of data run on both databases, and one browser serves all that need it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.browser.chromium import BrowserThread
from tests.services import postgresql

hypothesis.settings.register_profile("podium", deadline=None)
hypothesis.settings.register_profile("podium-ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("podium-ci" if "CI" in os.environ else "podium")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here and not in tests/builtin, so that the option is known wherever pytest begins."""
    parser.addoption(
        "--without-plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests of built-in plugins with this one disabled, and without its own; may be repeated",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever has a browser is marked so, by itself or here."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail browser tests early, with the way out."""
    if item.get_closest_marker("browser") is not None and shutil.which("chromium") is None:
        pytest.fail("Chromium is missing: sudo apt-get install chromium (tox run as root does it)", pytrace=False)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.PostgreSQL]:
    with postgresql.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/podium.db"
        return
    server: postgresql.PostgreSQL = request.getfixturevalue("postgresql_server")
    with server.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserThread]:
    thread = BrowserThread()
    yield thread
    thread.close()
