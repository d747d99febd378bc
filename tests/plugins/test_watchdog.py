# SPDX-License-Identifier: Apache-2.0
"""Plugins that really hold up the thread everything runs on: named, interrupted, counted, failed; nobody else is."""

import logging
import re
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from podium.core import Caller, OperationError, Plugin, PluginContext, PluginState, RoomView
from podium.core.operations import Dispatcher, Registry
from podium.core.plugins.errors import PluginStalled
from podium.core.plugins.manager import Plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.report import PluginReport
from podium.core.plugins.watchdog import Watchdog, open_watchdog
from tests.plugins.stand_ins import ROOM, problems, running

INTERVAL = 0.02
PATIENCE = 8
"""Longer than a busy machine leaves a thread waiting, which is no stall."""


def spin() -> None:
    while True:
        pass


def spin_and_catch() -> None:
    while True:
        try:
            for _ in range(1000):
                pass
        except Exception:
            raise AssertionError("an interruption is no Exception") from None


def sleep() -> None:
    time.sleep(3600)


def match() -> None:
    re.match(r"(a+)+b", "a" * 64)


def spin_in_core() -> None:
    """Mostly in code of ours, where it must not be interrupted."""
    while True:
        RoomView(session_id="math")
        logging.getLogger("podium.tests").debug("nobody reads this")


def spin_twice() -> None:
    try:
        spin()
    finally:
        spin()


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing."""


@asynccontextmanager
async def watched(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[tuple[Plugins, Watchdog]]:
    async with (
        open_watchdog(interval=INTERVAL, patience=PATIENCE) as watchdog,
        running(tmp_path, *plugins, watchdog=watchdog) as manager,
    ):
        yield manager, watchdog


def report(manager: Plugins, name: str) -> PluginReport:
    return next(each for each in manager.reports() if each.name == name)


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not true():
            await trio.sleep(INTERVAL)


def bystander(seen: list[str]) -> Plugin:
    """A plugin that is told of rooms as well."""
    plugin = Plugin("zealous", version="1.0", after=("stuck",))

    @plugin.hook
    async def room_opened(room: RoomView) -> None:
        seen.append(room.session_id)

    return plugin


@pytest.mark.parametrize("hold_up", [spin, spin_and_catch, sleep, match, spin_in_core, spin_twice])
async def test_a_hook_is_interrupted_and_everybody_else_goes_on(
    tmp_path: Path, hold_up: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    stuck, seen = Plugin("stuck", version="1.0"), list[str]()

    @stuck.hook
    async def room_opened() -> None:
        hold_up()

    async with watched(tmp_path, stuck, bystander(seen)) as (manager, watchdog):
        manager.hooks.room_opened(room=ROOM)
        await until(lambda: report(manager, "stuck").stalls == 1 and seen == ["math"])
        await until(lambda: report(manager, "stuck").hooks[0].statistics.errors == 1)
        told = report(manager, "stuck").last_error or ""
        assert re.fullmatch(r"held up the host for \d+\.\d s in \S+room_opened, line \d+", told)
        assert (report(manager, "stuck").stalls, report(manager, "stuck").state) == (1, PluginState.RUNNING)
        assert (report(manager, "zealous").stalls, watchdog.statistics().stalls) == (0, 1)
    assert ("plugin holds up the host", "stuck") in problems(caplog)
    (record,) = (record for record in caplog.records if record.getMessage() == "plugin holds up the host")
    assert "room_opened" in vars(record)["stack"]


async def test_a_task_crashes_by_it_and_the_third_time_fails_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.core.plugins.runner.FIRST_PAUSE", 0.0)
    of_its_own = {"stuck_plugin:plugin": __name__}
    monkeypatch.setattr("podium.core.plugins.manager.package_of", lambda value: of_its_own.get(value, value))
    stuck, seen = Plugin("stuck", version="1.0"), list[str]()

    @stuck.task
    async def work(context: PluginContext) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(compute)

    async def compute() -> None:
        await trio.lowlevel.checkpoint()
        spin()

    async with watched(tmp_path, stuck, bystander(seen)) as (manager, _watchdog):
        await until(lambda: report(manager, "stuck").state is PluginState.FAILED)
        await until(lambda: report(manager, "stuck").stalls == 3)
        assert re.search("3 times within 60 s.* held up the host", report(manager, "stuck").last_error or "")
        manager.hooks.room_opened(room=ROOM)
        await until(lambda: seen == ["math"])


async def test_a_plugin_that_swallows_everything_is_failed_all_the_same(tmp_path: Path) -> None:
    stuck, swallowed = Plugin("stuck", version="1.0"), list[BaseException]()

    @stuck.task
    async def work(context: PluginContext) -> None:
        while True:
            try:
                spin()
            except BaseException as error:
                swallowed.append(error)
            await trio.sleep(0)

    async with watched(tmp_path, stuck) as (manager, _watchdog):
        await until(lambda: report(manager, "stuck").state is PluginState.FAILED)
        assert report(manager, "stuck").stalls >= 3
        assert report(manager, "stuck").crashes == 0
        assert all(isinstance(error, PluginStalled) for error in swallowed)


async def test_the_caller_of_an_operation_is_told_an_error(tmp_path: Path) -> None:
    stuck, dispatcher = Plugin("stuck", version="1.0"), Dispatcher(Registry())

    @stuck.operation(roles=("anonymous",), any_session=True)
    async def ask(context: PluginContext, caller: Caller, request: Ask) -> Told:
        """Ask."""
        spin()
        return Told()

    async with watched(tmp_path, stuck) as (manager, _watchdog):
        manager.watch(OperationOffer(dispatcher))
        with pytest.raises(OperationError) as refused:
            await dispatcher.call("Ask", {}, Caller(role="anonymous"))
        assert (refused.value.kind, dispatcher.statistics()["Ask"].errors) == ("internal", 1)
        await until(lambda: report(manager, "stuck").stalls == 1)


async def test_a_start_that_never_ends_fails_its_plugin_only(tmp_path: Path) -> None:
    stuck = Plugin("stuck", version="1.0")

    @stuck.on_start
    async def begin(context: PluginContext) -> None:
        spin()

    async with watched(tmp_path, stuck, bystander([])) as (manager, _watchdog):
        assert report(manager, "stuck").state is PluginState.FAILED
        assert "held up the host" in (report(manager, "stuck").last_error or "")
        assert report(manager, "zealous").state is PluginState.RUNNING


async def test_a_gauge_that_never_answers_is_left_out_of_the_page(tmp_path: Path) -> None:
    stuck = Plugin("stuck", version="1.0")

    @stuck.on_start
    async def begin(context: PluginContext) -> None:
        context.metrics.gauge("stuck_value", "Never told.").set_function(never)
        context.metrics.gauge("stuck_other", "Told.").set(3)

    def never() -> float:
        spin()
        return 0.0

    async with watched(tmp_path, stuck) as (manager, watchdog):
        watchdog.watch(stuck, __name__, lambda _what: None)  # this module stands for the plugin's package
        text, _ = manager.metrics.page()
    assert b"stuck_other 3.0" in text
    assert b"stuck_value" not in text


async def test_many_short_steps_are_no_alarm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    busy = Plugin("busy", version="1.0")

    @busy.task
    async def work(context: PluginContext) -> None:
        end = time.monotonic() + 6 * PATIENCE * INTERVAL
        while time.monotonic() < end:
            await trio.lowlevel.checkpoint()

    async with watched(tmp_path, busy) as (_manager, watchdog):
        end = time.monotonic() + 3 * PATIENCE * INTERVAL
        while time.monotonic() < end:
            await trio.lowlevel.checkpoint()
        await trio.sleep(4 * PATIENCE * INTERVAL)  # nor is waiting
        statistics = watchdog.statistics()
    assert (statistics.stalls, statistics.unexplained, statistics.interruptions) == (0, 0, 0)
    assert problems(caplog) == [("plugin started", "busy")] or problems(caplog) == []


async def test_a_host_held_up_by_no_plugin_is_warned_of_and_let_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(tmp_path, Plugin("idle", version="1.0")) as (manager, watchdog):
        await trio.sleep(2 * INTERVAL)
        while watchdog.statistics().unexplained == 0:
            time.sleep(INTERVAL)  # of this test, which is no plugin
        assert (watchdog.statistics().stalls, report(manager, "idle").stalls) == (0, 0)
    (record,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert record.getMessage() == "the host is held up, by no plugin"
    assert "test_a_host_held_up_by_no_plugin" in vars(record)["stack"]


async def test_the_signal_is_given_back() -> None:
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    async with open_watchdog(interval=INTERVAL):
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


async def test_a_signal_that_somebody_else_uses_is_left_to_them(caplog: pytest.LogCaptureFixture) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        async with open_watchdog(interval=INTERVAL):
            assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert "SIGALRM is in use" in caplog.text


def test_outside_of_the_main_thread_a_plugin_is_named_only(tmp_path: Path) -> None:
    stuck, outcome = Plugin("stuck", version="1.0"), list[Any]()
    let_go = threading.Event()

    @stuck.hook
    async def room_opened() -> None:
        let_go.wait()

    async def main() -> None:
        async with watched(tmp_path, stuck) as (manager, watchdog):
            manager.hooks.room_opened(room=ROOM)
            outcome.append(watchdog)
            await until(lambda: report(manager, "stuck").stalls == 1)
            assert report(manager, "stuck").hooks[0].statistics.errors == 0

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    while not outcome or outcome[0].statistics().stalls == 0:
        time.sleep(INTERVAL)
    let_go.set()
    thread.join()
    assert outcome[0].statistics().interruptions == 0
