# SPDX-License-Identifier: Apache-2.0
"""`podium db upgrade`, `current` and `check`: the tables of all enabled plugins.

Exit status 0 when all is well, 1 when the database is not as the plugins need it or cannot be reached.
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from podium.core.config import Config, ConfigError, load_config
from podium.core.data import DatabaseError, PluginTables, check, current, upgrade
from podium.core.plugins.catalog import Catalog
from podium.core.plugins.discovery import installed
from podium.core.plugins.storage import tables_in
from podium.hosts.cli._config import complain

FAILED = 1


def run(action: str, file: Path | None) -> int:
    """One of the actions; the exit status."""
    try:
        config = load_config(file, os.environ)
    except ConfigError as error:
        return complain(error)
    logging.basicConfig(level=logging.WARNING, format="podium: %(message)s")
    try:
        plugins = enabled_tables(config)
        if not plugins:
            print("No enabled plugin has tables.")
            return 0
        return ACTIONS[action](config.database.url, plugins)
    except DatabaseError as error:
        print(f"podium: {error.message}", file=sys.stderr)
        return FAILED


def enabled_tables(config: Config) -> Sequence[PluginTables]:
    """The tables of the enabled plugins that can run, in the order in which they start. Others are complained about."""
    catalog = Catalog(config.plugins, installed())
    for entry in catalog.entries.values():
        for problem in entry.problems:
            print(f"podium: plugin {entry.name}: {problem}", file=sys.stderr)
    return tables_in(catalog)


def _upgrade(url: str, plugins: Sequence[PluginTables]) -> int:
    for plugin, before, after in upgrade(url, plugins):
        print(
            f"{plugin}: {_named(after)}, nothing to do" if before == after else f"{plugin}: {_named(before)} -> {after}"
        )
    return 0


def _current(url: str, plugins: Sequence[PluginTables]) -> int:
    for plugin, revision, _head, pending in current(url, plugins):
        print(f"{plugin}: {_named(revision)}" + (f", pending: {', '.join(pending)}" if pending else ""))
    return 0


def _check(url: str, plugins: Sequence[PluginTables]) -> int:
    differences = check(url, plugins)
    for sentence in differences or ("The database is as the plugins need it.",):
        print(sentence)
    return FAILED if differences else 0


def _named(revision: str | None) -> str:
    return revision or "no revision"


ACTIONS: dict[str, Callable[[str, Sequence[PluginTables]], int]] = {
    "upgrade": _upgrade,
    "current": _current,
    "check": _check,
}
