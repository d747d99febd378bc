# SPDX-License-Identifier: Apache-2.0
"""`podium plugins`: what is installed, what is enabled, and what keeps a plugin from running.

Enabled plugins are imported and checked as the host does it, and none is started.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from podium.core.config import ConfigError, load_config
from podium.core.plugins.catalog import Catalog
from podium.core.plugins.discovery import installed
from podium.core.plugins.hooks import HOOKS
from podium.core.plugins.report import PluginReport, survey
from podium.core.plugins.runner import PluginState
from podium.hosts.cli._config import complain

CANNOT_RUN = 1
_HEADINGS = ("PLUGIN", "VERSION", "STATE", "HOOKS", "OPERATIONS", "TABLES")


def run(file: Path | None, *, as_json: bool) -> int:
    """Print the list; the exit status."""
    try:
        config = load_config(file, os.environ)
    except ConfigError as error:
        return complain(error)
    reports = survey(Catalog(config.plugins, installed()), HOOKS)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode({"plugins": reports})).decode())
    else:
        print("\n".join(table(reports)))
    for each in reports:
        for problem in each.problems:
            print(f"podium: plugin {each.name}: {problem}", file=sys.stderr)
    return CANNOT_RUN if any(each.state is PluginState.FAILED for each in reports) else 0


def table(reports: Iterable[PluginReport]) -> Iterator[str]:
    """One line for each plugin in starting order, under headings."""
    rows = [_HEADINGS, *map(_row, reports)]
    if len(rows) == 1:
        yield "No plugins are installed."
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(each: PluginReport) -> tuple[str, ...]:
    hooks = " ".join(hook.name for hook in each.hooks)
    return each.name, each.version or "-", each.state, hooks or "-", _words(each.operations), _words(each.tables)


def _words(names: Iterable[str]) -> str:
    return " ".join(names) or "-"
