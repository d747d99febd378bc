# SPDX-License-Identifier: Apache-2.0
"""All plugins of a host: started in order, watched, stopped in reverse order, switched on and off while it runs.

What fails is one plugin, never the host. Others learn through `watch` what has started and stopped, and attach or
detach what the plugin brings (operations, routes, panels).
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, final

import trio

from podium.core.config import Config
from podium.core.metrics import Metrics
from podium.core.plugins.access_rooms import RoomsService
from podium.core.plugins.blame import package_of
from podium.core.plugins.caller import HookCaller
from podium.core.plugins.catalog import Catalog, Entry
from podium.core.plugins.context import PluginContext
from podium.core.plugins.contracts import Declarations
from podium.core.plugins.discovery import Installed, installed
from podium.core.plugins.errors import PluginError, contain, summary
from podium.core.plugins.facade import Hooks
from podium.core.plugins.home import Home
from podium.core.plugins.hooks import HOOKS
from podium.core.plugins.plugin import Plugin
from podium.core.plugins.plugin_events import check_beside
from podium.core.plugins.report import PluginReport, report
from podium.core.plugins.runner import STOP_WITHIN, PluginRunner, PluginState
from podium.core.plugins.watchdog import Watchdog

GIVE_UP_AFTER = 3 * STOP_WITHIN
"""Seconds after which a plugin that does not end is left behind, marked failed."""

logger = logging.getLogger(__name__)


class Prepared(NamedTuple):
    """A plugin's database, its migrations run, and the revision that its tables have now."""

    database: Any = None
    revision: str | None = None


Prepare = Callable[[Plugin], Awaitable[Prepared]]
"""What it raises fails the plugin."""


class PluginWatcher(Protocol):
    """Attaches what running plugins bring, and takes it away. Both return at once."""

    def plugin_started(self, plugin: Plugin, context: PluginContext) -> None: ...
    def plugin_stopped(self, name: str) -> None: ...


@final
class Plugins:
    """Made by `open_plugins`; nothing runs before `start`."""

    def __init__(
        self,
        catalog: Catalog,
        nursery: trio.Nursery,
        *,
        directory: Path,
        prepare: Prepare | None = None,
        operations: Any = None,
        declared: Declarations = HOOKS,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.caller = HookCaller(declared)
        self.hooks = Hooks(self.caller)
        self._catalog = catalog
        self._nursery = nursery
        self._directory = directory
        self._prepare = prepare
        self._operations = operations
        self._declared = declared
        self._watchdog = watchdog
        self._runners: dict[str, PluginRunner] = {}
        self._watchers: list[PluginWatcher] = []
        self._preparations: list[Callable[[Plugin], Awaitable[None]]] = []
        self._rooms: RoomsService | None = None
        self._changing = trio.Lock()

    # Questions

    def reports(self) -> tuple[PluginReport, ...]:
        """Every plugin installed or enabled, those that can run in starting order first."""
        return tuple(
            report(entry, self._runners.get(name), self._declared) for name, entry in self._catalog.entries.items()
        )

    def order(self) -> dict[str, tuple[str, ...]]:
        """For each hook that somebody implements, the plugins in the order of calls."""
        return {hook: names for hook in self._declared if (names := self.caller.order(hook))}

    def running(self) -> dict[str, PluginContext]:
        """Contexts of the plugins that run, in starting order."""
        return {name: runner.context for name, runner in self._runners.items() if runner.state in _ALIVE}

    def home(self, name: str) -> Home | None:
        """Where the functions of a running plugin are called; None when it does not run."""
        runner = self._runners.get(name)
        return runner.home if runner is not None and runner.state in _ALIVE else None

    # Changes

    def before_start(self, prepare: Callable[[Plugin], Awaitable[None]]) -> None:
        """Await this with every plugin that is about to start; what it raises fails the plugin."""
        self._preparations.append(prepare)

    def watch(self, watcher: PluginWatcher) -> None:
        """Tell of every plugin that starts and stops from now on, and of those that run."""
        self._watchers.append(watcher)
        for runner in self._runners.values():
            if runner.state in _ALIVE:
                watcher.plugin_started(runner.plugin, runner.context)

    async def start(self, rooms: RoomsService | None = None) -> None:
        """Start all that can run, in order. Who cannot is marked failed; this raises nothing for it."""
        self._rooms = rooms
        async with self._changing:
            for entry in self._catalog.entries.values():
                if entry.problems:
                    self._report_problems(entry)
            self.caller.set_positions(self._catalog.runnable)
            for name in self._catalog.runnable:
                try:
                    await self._start_one(name)
                except PluginError as error:
                    logger.error("plugin cannot start", extra={"plugin": name, "problem": error.message})

    async def enable(self, name: str) -> None:
        """Start an installed plugin now. Raises PluginError, and the plugin is failed then."""
        async with self._changing:
            if name in self._runners:
                if self._runners[name].state is not PluginState.FAILED:
                    return
                await self._stop_one(name, replaced=True)
            entry = self._catalog.enable(name)
            if entry.problems:
                self._report_problems(entry)
                raise PluginError("plugin_unusable", f"plugin {name!r}: {'; '.join(entry.problems)}", "name")
            self.caller.set_positions(self._catalog.runnable)
            await self._start_one(name)

    async def disable(self, name: str) -> None:
        """Stop a plugin; nothing of it stays. Raises PluginError `plugin_required` while a running one needs it."""
        async with self._changing:
            if name not in self._catalog.entries:
                raise PluginError("plugin_unknown", f"there is no plugin {name!r}", "name")
            for other in self._runners.values():
                if other.state in _ALIVE and name in other.plugin.requires:
                    raise PluginError("plugin_required", f"plugin {other.name!r} requires {name!r}", "name")
            await self._stop_one(name)
            self._catalog.disable(name)

    async def stop(self) -> None:
        """Stop everything, in reverse order."""
        async with self._changing:
            for name in reversed(list(self._runners)):
                await self._stop_one(name)

    # One plugin

    async def _start_one(self, name: str) -> None:
        plugin, config = self._catalog.entries[name].plugin, self._catalog.entries[name].config
        assert plugin is not None
        runner = self._runners[name] = PluginRunner(plugin, self._context(plugin, config), self._failed)
        try:
            self._check_required(plugin)
            check_beside(plugin, (each.plugin for each in self._runners.values() if each.state in _ALIVE))
            await self._make_ready(plugin)
            self._watch(runner)
            runner.context.database, runner.revision = await self._database(plugin)
            await self._nursery.start(runner.run)
            self.caller.add(runner.home, plugin.hooks)
        except PluginError as error:
            runner.give_up(error.message)
            self.caller.mark_broken(name, plugin.hooks)
            raise
        self.metrics.show(runner.context.metrics)
        for watcher in self._watchers:
            watcher.plugin_started(plugin, runner.context)
        logger.info("plugin started", extra={"plugin": name, "version": plugin.version})

    def _check_required(self, plugin: Plugin) -> None:
        for name in plugin.requires:
            if name not in self._runners or self._runners[name].state not in _ALIVE:
                raise PluginError("plugin_start", f"requires plugin {name!r}, which is not running")

    async def _make_ready(self, plugin: Plugin) -> None:
        try:
            for prepare in self._preparations:
                await prepare(plugin)
        except BaseException as error:
            fault = contain(error)
            message = fault.message if isinstance(fault, PluginError) else summary(fault)
            raise PluginError("plugin_start", f"cannot start: {message}") from fault

    def _watch(self, runner: PluginRunner) -> None:
        """Have the watchdog know the plugin's code, until it has ended."""
        if self._watchdog is not None:
            found = self._catalog.entries[runner.name].installed
            package = package_of(found.entry_point.value) if found is not None else None
            self._watchdog.watch(runner.plugin, package, runner.stalled)

    async def _database(self, plugin: Plugin) -> Prepared:
        if self._prepare is None:
            return Prepared()
        try:
            return await self._prepare(plugin)
        except BaseException as error:
            fault = contain(error)
            raise PluginError("plugin_start", f"its database cannot be prepared: {summary(fault)}") from fault

    def _failed(self, runner: PluginRunner) -> None:
        """A plugin has failed by itself: detach it; what it should decide is refused from now on."""
        self._detach(runner)
        self.caller.mark_broken(runner.name, runner.plugin.hooks)

    async def _stop_one(self, name: str, *, replaced: bool = False) -> None:
        """`replaced`: one that has failed is about to start anew; until then what it should decide stays refused."""
        runner = self._runners.get(name)
        if runner is None:
            return
        alive = runner.state in _ALIVE
        runner.stop()
        if alive:
            self._detach(runner)
        if not replaced:
            self.caller.remove(name)
        with trio.move_on_after(GIVE_UP_AFTER):
            await runner.ended.wait()
        if not runner.ended.is_set():
            logger.error("plugin did not stop and is left behind", extra={"plugin": name})
        elif self._watchdog is not None:
            self._watchdog.forget(name)
        del self._runners[name]

    def _detach(self, runner: PluginRunner) -> None:
        self.caller.remove(runner.name)
        self.metrics.withdraw(runner.name)
        for watcher in self._watchers:
            watcher.plugin_stopped(runner.name)

    def _context(self, plugin: Plugin, config: Any) -> PluginContext:
        return PluginContext(
            plugin.name,
            config=config,
            directory=self._directory / plugin.name,
            operations=self._operations,
            rooms=self._service,
            events=plugin.events,
            metrics=self.metrics.of_plugin(plugin.name),
            emit=lambda name, event: self.hooks.event_emitted(plugin=name, event=event),
            session_changed=lambda session, change: self.hooks.session_changed(session=session, change=change),
            session_wanted=lambda session_id: self.hooks.session_wanted(session_id=session_id),
        )

    def _service(self) -> RoomsService:
        if self._rooms is None:
            raise PluginError("rooms_closed", "there are no rooms here")
        return self._rooms

    def _report_problems(self, entry: Entry) -> None:
        for problem in entry.problems:
            logger.error("plugin cannot run", extra={"plugin": entry.name, "problem": problem})
        if entry.plugin is not None:
            self.caller.mark_broken(entry.name, entry.plugin.hooks)


_ALIVE = (PluginState.RUNNING, PluginState.RESTARTING)


@asynccontextmanager
async def open_plugins(
    config: Config,
    *,
    found: Mapping[str, Installed] | None = None,
    prepare: Prepare | None = None,
    operations: Any = None,
    declared: Declarations = HOOKS,
    watchdog: Watchdog | None = None,
) -> AsyncIterator[Plugins]:
    """The plugins that `config` enables, imported and checked; on leaving they are stopped.

    Rooms are opened with the `hooks` of what this gives, and then given to its `start`.
    """
    catalog = Catalog(config.plugins, installed() if found is None else found)
    async with trio.open_nursery() as nursery:
        over = trio.Event()
        inner = await nursery.start(_keep_running, over)
        plugins = Plugins(
            catalog,
            inner,
            directory=Path(config.storage.directory),
            prepare=prepare,
            operations=operations,
            declared=declared,
            watchdog=watchdog,
        )
        try:
            yield plugins
        finally:
            with trio.CancelScope(shield=True):
                await plugins.stop()
            over.set()


async def _keep_running(over: trio.Event, *, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """A nursery that outlives the cancellation of those around it: plugins are stopped in order, not all at once."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            task_status.started(nursery)
            await over.wait()
            nursery.cancel_scope.cancel()
