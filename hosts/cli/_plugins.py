# SPDX-License-Identifier: Apache-2.0
"""`podium plugins`: what runs in the host of this directory, or another; without one, what would run.

A running host is asked over its REST interface, with the key from its control file. Without one, enabled plugins are
imported and checked as the host does it, and none is started.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from podium.core.config import Config, ConfigError, load_config
from podium.core.errors import PodiumError
from podium.core.plugins.administration import PluginList
from podium.core.plugins.catalog import Catalog
from podium.core.plugins.discovery import installed
from podium.core.plugins.hooks import HOOKS
from podium.core.plugins.report import HookReport, PluginReport, survey
from podium.core.plugins.runner import PluginState
from podium.hosts.cli._ask import Host, ask, ask_present
from podium.hosts.cli._config import complain
from podium.hosts.cli._plugin_details import details

CANNOT_RUN = 1
KEY = "PODIUM_KEY"
_HEADINGS = ("PLUGIN", "VERSION", "STATE", "HOOKS", "OPERATIONS", "TABLES")
_LIVE_HEADINGS = ("PLUGIN", "VERSION", "STATE", "CALLS", "ERRORS", "TIMEOUTS", "STALLS", "CRASHES", "REVISION")
_HOOK_HEADINGS = ("HOOK", "PLUGIN", "CALLS", "ERRORS", "TIMEOUTS", "REFUSALS", "DROPPED", "MS/CALL")

Rows = Iterable[tuple[str, ...]]


class Show(NamedTuple):
    """What to print: the list, everything as JSON, the hooks besides, or all about one plugin."""

    name: str | None = None
    as_json: bool = False
    hooks: bool = False


def run(file: Path | None, show: Show, host: str | None = None) -> int:
    """Print the list; the exit status."""
    if host is not None:
        return _run_remote(host, show)
    try:
        config = load_config(file, os.environ)
    except ConfigError as error:
        return complain(error)
    found = ask_present(config.web.control_file)
    if found is None:
        print("podium: no host runs here; this is what would run", file=sys.stderr)
        return _show_survey(config, show)
    return _show_live(*found, show)


def _run_remote(url: str, show: Show) -> int:
    try:
        host = Host(url, os.environ.get(KEY, ""))
        return _show_live(host, ask(host), show)
    except PodiumError as error:
        print(f"podium: {error.message}", file=sys.stderr)
        return CANNOT_RUN


def _show_survey(config: Config, show: Show) -> int:
    reports = survey(Catalog(config.plugins, installed()), HOOKS)
    if show.name is not None:
        return _show_one(reports, {}, show.name)
    if show.as_json:
        _print_json({"host": None, "plugins": reports, "hooks": {}})
    else:
        print("\n".join(table(reports)))
    for each in reports:
        for problem in each.problems:
            print(f"podium: plugin {each.name}: {problem}", file=sys.stderr)
    return _status(reports)


def _show_live(host: Host, told: PluginList, show: Show) -> int:
    if show.name is not None:
        return _show_one(told.plugins, told.hooks, show.name)
    if show.as_json:
        _print_json({"host": host.facts(), "plugins": told.plugins, "hooks": told.hooks})
        return _status(told.plugins)
    print("\n".join(live_table(told.plugins)))
    if show.hooks:
        print("\n" + "\n".join(hook_table(told)))
    for name, error in _last_errors(told.plugins):
        print(f"\n{name}: {error}")
    return _status(told.plugins)


def _show_one(reports: Iterable[PluginReport], order: Mapping[str, Sequence[str]], name: str) -> int:
    found = {each.name: each for each in reports}
    if name not in found:
        there = ", ".join(found) or "none"
        print(f"podium: there is no plugin {name!r}; installed or enabled are {there}", file=sys.stderr)
        return CANNOT_RUN
    print("\n".join(details(found[name], order)))
    return _status([found[name]])


def _print_json(document: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(document)).decode())


def _status(reports: Iterable[PluginReport]) -> int:
    return CANNOT_RUN if any(each.state is PluginState.FAILED for each in reports) else 0


def table(reports: Iterable[PluginReport]) -> Iterator[str]:
    """One line for each plugin in starting order, under headings."""
    return _aligned(_HEADINGS, map(_row, reports))


def live_table(reports: Iterable[PluginReport]) -> Iterator[str]:
    """The same with what has been counted since each plugin was enabled."""
    return _aligned(_LIVE_HEADINGS, map(_live_row, reports))


def hook_table(told: PluginList) -> Iterator[str]:
    """A line for each implementation, the hooks by name and the plugins in the order of calls."""
    reports = {each.name: {hook.name: hook for hook in each.hooks} for each in told.plugins}
    return _aligned(
        _HOOK_HEADINGS,
        (_hook_row(hook, name, reports[name][hook]) for hook, names in sorted(told.hooks.items()) for name in names),
        "No running plugin implements a hook.",
    )


def _aligned(headings: tuple[str, ...], rows: Rows, nothing: str = "No plugins are installed.") -> Iterator[str]:
    lines = [headings, *rows]
    if len(lines) == 1:
        yield nothing
        return
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _row(each: PluginReport) -> tuple[str, ...]:
    counts = (len(each.hooks), len(each.operations), len(each.tables))
    return each.name, each.version or "-", each.state, *(str(count or "-") for count in counts)


def _live_row(each: PluginReport) -> tuple[str, ...]:
    statistics = [hook.statistics for hook in each.hooks]
    numbers = (
        sum(one.calls for one in statistics),
        sum(one.errors for one in statistics),
        sum(one.timeouts for one in statistics),
        each.stalls,
        each.crashes,
    )
    return each.name, each.version or "-", each.state, *map(str, numbers), each.revision or "-"


def _hook_row(hook: str, plugin: str, report: HookReport) -> tuple[str, ...]:
    counted = report.statistics
    numbers = (counted.calls, counted.errors, counted.timeouts, counted.refusals, counted.dropped)
    mean = f"{1000 * counted.seconds / counted.calls:.1f}" if counted.calls else "-"
    return hook, plugin, *map(str, numbers), mean


def _last_errors(reports: Iterable[PluginReport]) -> Iterator[tuple[str, str]]:
    """Of each plugin the last error of its own, and of its hooks."""
    for each in reports:
        if each.last_error is not None:
            yield each.name, each.last_error
        for hook in each.hooks:
            if hook.statistics.last_error not in (None, each.last_error):
                yield f"{each.name}, {hook.name}", str(hook.statistics.last_error)
