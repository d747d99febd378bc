# SPDX-License-Identifier: Apache-2.0
"""One enabled plugin from start to stop: its hooks callable, its tasks supervised.

Tasks that crash are started again with growing pauses; the third crash within a minute fails the plugin: its tasks
and hooks end while everybody else goes on. So does holding up the host for the third time within a minute. A plugin
that ignores its cancellation is given up after a while.
"""

import logging
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import trio

from podium.core.plugins.context import PluginContext
from podium.core.plugins.errors import PluginError, bulkhead, contain, summary
from podium.core.plugins.home import Home, Implementation
from podium.core.plugins.plugin import Plugin

START_WITHIN = 10.0
"""Seconds for a plugin's `on_start`."""
STOP_WITHIN = 5.0
"""Seconds to take in what has happened and for `on_stop`, each."""
CRASHES = 3
CRASH_WINDOW = 60.0
STALLS = 3
STALL_WINDOW = 60.0
FIRST_PAUSE = 1.0

logger = logging.getLogger(__name__)


class PluginState(StrEnum):
    """Where a plugin is in its life."""

    DISABLED = "disabled"
    READY = "ready"
    """Enabled and without fault, but no host runs here."""
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    """A task crashed; its hooks are still called."""
    STOPPING = "stopping"
    FAILED = "failed"


class PluginRunner:
    """Made for each time a plugin is enabled. `run` is its whole life, in a task of the manager."""

    def __init__(
        self, plugin: Plugin, context: PluginContext, on_failed: Callable[["PluginRunner"], None] = lambda _: None
    ) -> None:
        self.plugin = plugin
        self.context = context
        self.home = Home(context)
        self.state = PluginState.STARTING
        self.error: str | None = None
        self.crashes = 0
        self.stalls = 0
        self.revision: str | None = None
        self.ended = trio.Event()
        self._on_failed = on_failed
        self._recent: deque[float] = deque(maxlen=CRASHES)
        self._stalled: deque[float] = deque(maxlen=STALLS)
        self._stop = trio.Event()

    @property
    def name(self) -> str:
        return self.plugin.name

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start, stay until `stop` or failure, stop. Raises PluginError only before it has started."""
        started = False
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.home.run)
                await self._start()
                self.state = PluginState.RUNNING
                nursery.start_soon(self._supervise)
                started = True
                task_status.started()
                await self._stop.wait()
                await self._wind_up()
                nursery.cancel_scope.cancel()
        except BaseException as error:
            fault = contain(error)
            if not started:
                raise self._start_failed(fault) from fault
            self.fail(summary(fault), fault)
        finally:
            self.context.close()
            self.ended.set()

    def stop(self) -> None:
        """Have `run` come to its end; `ended` tells when."""
        if self.state is not PluginState.FAILED:
            self.state = PluginState.STOPPING
        self._stop.set()

    def fail(self, why: str, error: BaseException | None = None) -> None:
        """Mark the plugin failed and end it. What is said first stays."""
        if self.state is PluginState.FAILED:
            return
        self.state = PluginState.FAILED
        self.error = why
        logger.error("plugin failed", extra={"plugin": self.name, "problem": why}, exc_info=error)
        self._stop.set()
        self._on_failed(self)

    def stalled(self, what: str) -> None:
        """The plugin held up the host, says the watchdog; it is failed when it does so too often."""
        self.stalls += 1
        self.error = what
        now = trio.current_time()
        self._stalled.append(now)
        often = len(self._stalled) == STALLS and now - self._stalled[0] <= STALL_WINDOW
        if often and self.state in (PluginState.RUNNING, PluginState.RESTARTING):
            self.fail(f"held up the host {STALLS} times within {STALL_WINDOW:g} s; the last time it {what}")

    def give_up(self, why: str) -> None:
        """The plugin could not be started."""
        self.state = PluginState.FAILED
        self.error = why
        self.context.close()
        self._stop.set()
        self.ended.set()

    @bulkhead
    async def _start(self) -> None:
        if self.plugin.starting is None:
            return
        with trio.move_on_after(START_WITHIN) as scope:
            await self.plugin.starting(self.context)
        if scope.cancelled_caught:
            raise PluginError("plugin_start", f"did not start within {START_WITHIN:g} s")

    def _start_failed(self, fault: BaseException) -> PluginError:
        self.state = PluginState.FAILED
        while isinstance(fault, BaseExceptionGroup):
            fault = fault.exceptions[0]
        self.error = fault.message if isinstance(fault, PluginError) else summary(fault)
        return PluginError("plugin_start", f"cannot start: {self.error}")

    async def _supervise(self) -> None:
        """Run the tasks until all have returned, the plugin stops, or they have crashed too often."""
        pause = FIRST_PAUSE
        while (fault := await self._run_tasks()) is not None:
            if self._stop.is_set():
                return
            self.crashes += 1
            self.error = summary(fault)
            now = trio.current_time()
            self._recent.append(now)
            if len(self._recent) == CRASHES and now - self._recent[0] <= CRASH_WINDOW:
                self.fail(f"crashed {CRASHES} times within {CRASH_WINDOW:g} s, at last by {self.error}", fault)
                return
            if len(self._recent) == 1 or now - self._recent[-2] > CRASH_WINDOW:
                pause = FIRST_PAUSE
            self.state = PluginState.RESTARTING
            logger.error("plugin crashed", extra={"plugin": self.name, "again_in": pause}, exc_info=fault)
            await trio.sleep(pause)
            pause = min(2 * pause, CRASH_WINDOW)
            if self._stop.is_set():
                return
            self.state = PluginState.RUNNING

    async def _run_tasks(self) -> BaseException | None:
        """Why a task crashed; None when all have returned or were stopped."""
        try:
            async with trio.open_nursery() as tasks:
                tasks.start_soon(self._end_with_plugin, tasks.cancel_scope)
                async with trio.open_nursery() as own:
                    for each in self.plugin.tasks.values():
                        own.start_soon(each.function, self.context, name=f"{self.name}: {each.name}")
                tasks.cancel_scope.cancel()
        except BaseException as error:
            return contain(error)
        return None

    async def _end_with_plugin(self, scope: trio.CancelScope) -> None:
        await self._stop.wait()
        scope.cancel()

    async def _wind_up(self) -> None:
        with trio.move_on_after(STOP_WITHIN):
            await self.home.finish()
        if self.plugin.stopping is not None:
            await self._stop_plugin(self.plugin.stopping)

    @bulkhead
    async def _stop_plugin(self, function: Implementation) -> None:
        try:
            with trio.move_on_after(STOP_WITHIN) as scope:
                await function(self.context)
        except BaseException as error:
            fault: Any = contain(error)
            logger.error("plugin failed to stop", extra={"plugin": self.name}, exc_info=fault)
        else:
            if scope.cancelled_caught:
                logger.error("plugin did not stop in time", extra={"plugin": self.name})
