# SPDX-License-Identifier: Apache-2.0
"""A host with all built-in plugins but those of `--without-plugin`; tests of a plugin that is off are left out.

The tests of a plugin are in the folder of its name. Fixture `host` is for most of them, on both databases; fixture
`start_host` for those that want settings of their own or start a host twice.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from podium.core.plugins.discovery import Installed
from tests.builtin.host import BuiltinHost, running_host
from tests.builtin.shipped import left_without, shipped

HERE = Path(__file__).parent

StartHost = Callable[..., AbstractAsyncContextManager[BuiltinHost]]


def pytest_configure(config: pytest.Config) -> None:
    missing = set(config.getoption("without_plugin"))
    if unknown := missing - shipped().keys():
        raise pytest.UsageError(f"--without-plugin: there is no built-in plugin {', '.join(sorted(unknown))}")
    config.stash[ENABLED] = left_without(missing)


ENABLED = pytest.StashKey[Mapping[str, Installed]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what tests a plugin that is off, and beside that what needs no host and so misses no plugin."""
    off = [HERE / name for name in shipped().keys() - config.stash[ENABLED].keys()]
    if not off:
        return
    without = [item for item in items if any(folder in item.path.parents for folder in off) or not _has_host(item)]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def _has_host(item: pytest.Item) -> bool:
    return "builtins" in getattr(item, "fixturenames", ())


@pytest.fixture
def builtins(request: pytest.FixtureRequest) -> Mapping[str, Installed]:
    """The plugins that are on."""
    return request.config.stash[ENABLED]


@pytest.fixture
def start_host(tmp_path: Path, database_url: str, builtins: Mapping[str, Installed]) -> StartHost:
    """Makes hosts over one database: `async with start_host(settings={"events": "keep_days = 1"}) as host`."""
    return partial(running_host, tmp_path, database_url, builtins)


@pytest.fixture
async def host(start_host: StartHost) -> AsyncIterator[BuiltinHost]:
    async with start_host() as host:
        yield host
