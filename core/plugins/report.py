# SPDX-License-Identifier: Apache-2.0
"""What can be told about a plugin: frozen values for `podium plugins`, administrators and metrics."""

from dataclasses import dataclass

from podium.core.plugins.catalog import Catalog, Entry
from podium.core.plugins.contracts import Contract, Declarations
from podium.core.plugins.counters import HookStatistics
from podium.core.plugins.runner import PluginRunner, PluginState


@dataclass(frozen=True, slots=True)
class HookReport:
    """One hook that a plugin implements; `statistics` stay at zero where no host runs."""

    name: str
    contract: Contract
    statistics: HookStatistics


@dataclass(frozen=True, slots=True)
class RouteReport:
    """One route that a plugin serves, counted like a hook; a request refused on purpose is no error."""

    name: str
    statistics: HookStatistics


@dataclass(frozen=True, slots=True)
class PluginReport:
    """One plugin. Of a plugin that is not enabled only name, version and distribution are known.

    `waiting` is what happened and has not been told to it yet; `stalls` is how often it held up the host; `revision` is
    that of its tables, known where a host runs.
    """

    name: str
    version: str | None
    distribution: str | None
    state: PluginState
    problems: tuple[str, ...] = ()
    last_error: str | None = None
    crashes: int = 0
    stalls: int = 0
    waiting: int = 0
    api: int | None = None
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    hooks: tuple[HookReport, ...] = ()
    operations: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    routes: tuple[RouteReport, ...] = ()
    tasks: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    revision: str | None = None


def report(entry: Entry, runner: PluginRunner | None, declared: Declarations) -> PluginReport:
    """A plugin as it is now; without a runner, as it was found."""
    plugin = entry.plugin
    return PluginReport(
        name=entry.name,
        version=entry.version,
        distribution=entry.installed.distribution if entry.installed is not None else None,
        state=_state(entry, runner),
        problems=entry.problems,
        last_error=runner.error if runner is not None else next(iter(entry.problems), None),
        crashes=runner.crashes if runner is not None else 0,
        stalls=runner.stalls if runner is not None else 0,
        waiting=runner.home.waiting if runner is not None else 0,
        api=plugin.api if plugin is not None else None,
        requires=plugin.requires if plugin is not None else (),
        after=plugin.after if plugin is not None else (),
        hooks=_hooks(entry, runner, declared),
        operations=tuple(plugin.operations) if plugin is not None else (),
        events=tuple(plugin.events) if plugin is not None else (),
        routes=_routes(entry, runner),
        tasks=tuple(plugin.tasks) if plugin is not None else (),
        commands=tuple(plugin.commands) if plugin is not None else (),
        panels=tuple(plugin.panels) if plugin is not None else (),
        tables=tuple(sorted(plugin.tables.tables)) if plugin is not None and plugin.tables is not None else (),
        revision=runner.revision if runner is not None else None,
    )


def _state(entry: Entry, runner: PluginRunner | None) -> PluginState:
    if runner is not None:
        return runner.state
    if not entry.enabled:
        return PluginState.DISABLED
    return PluginState.FAILED if entry.problems else PluginState.READY


def _hooks(entry: Entry, runner: PluginRunner | None, declared: Declarations) -> tuple[HookReport, ...]:
    if entry.plugin is None:
        return ()
    return tuple(HookReport(name, declared[name].contract, _counted(name, runner)) for name in entry.plugin.hooks)


def _routes(entry: Entry, runner: PluginRunner | None) -> tuple[RouteReport, ...]:
    if entry.plugin is None:
        return ()
    return tuple(RouteReport(each.name, _counted(each.counter, runner)) for each in entry.plugin.routes.values())


def _counted(name: str, runner: PluginRunner | None) -> HookStatistics:
    counter = runner.home.counters.get(name) if runner is not None else None
    return counter.statistics() if counter is not None else HookStatistics()


def survey(catalog: Catalog, declared: Declarations) -> tuple[PluginReport, ...]:
    """All plugins as they were found, without running any."""
    return tuple(report(entry, None, declared) for entry in catalog.entries.values())
