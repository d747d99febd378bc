# SPDX-License-Identifier: Apache-2.0
"""Plugins from start to stop: in order, supervised, switched on and off, and no fault of one felt by another."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.events import Event
from podium.core.plugins.context import PluginContext
from podium.core.plugins.errors import PluginError
from podium.core.plugins.manager import Plugins, Prepared
from podium.core.plugins.plugin import Plugin
from podium.core.plugins.report import PluginReport
from podium.core.plugins.runner import PluginState
from podium.core.rooms.observer import ParticipantView, RoomView, Veto
from tests.plugins.stand_ins import ANN, ROOM, problems, running


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    limit: int = 3


def recorder(name: str, log: list[str], **options: Any) -> Plugin:
    """A plugin that writes its life down."""
    plugin = Plugin(name, version="1.0", **options)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        log.append(f"{name} starts")

    @plugin.on_stop
    async def end(context: PluginContext) -> None:
        log.append(f"{name} stops")

    @plugin.hook
    async def participant_joined(participant: ParticipantView) -> None:
        log.append(f"{name} hears {participant.participant_id}")

    return plugin


def report(manager: Plugins, name: str) -> PluginReport:
    (found,) = [each for each in manager.reports() if each.name == name]
    return found


async def test_plugins_start_in_order_and_stop_in_reverse_having_heard_everything(tmp_path: Path) -> None:
    log: list[str] = []
    async with running(tmp_path, recorder("a", log, requires=("b",)), recorder("b", log)) as manager:
        manager.hooks.participant_joined(room=ROOM, participant=ANN)
    assert log[:2] == ["b starts", "a starts"]
    assert sorted(log[2:]) == ["a hears ann", "a stops", "b hears ann", "b stops"]
    assert log.index("a stops") < log.index("b stops")


async def test_a_context_holds_the_settings_and_refuses_once_the_plugin_has_stopped(tmp_path: Path) -> None:
    plugin = Plugin("quiet", version="1.0", config=Settings)
    async with running(tmp_path, plugin, text="[plugins.quiet]\nlimit = 7\n") as manager:
        context = manager.running()["quiet"]
        assert context.config == Settings(limit=7)
        assert context.directory == Path("var/storage/quiet")
        assert context.rooms.list() == (ROOM,)
        assert [each.display_name for each in context.rooms.participants("math")] == ["Ann"]
        context.rooms.remove("math", "ann")
        await manager.disable("quiet")
        for refused in (context.rooms.list, lambda: context.emit(Event())):
            with pytest.raises(PluginError, match="is not running"):
                refused()


async def test_each_plugin_has_a_folder_of_its_own_that_it_makes_itself(tmp_path: Path) -> None:
    one, other = Plugin("one", version="1.0"), Plugin("other", version="1.0")
    text = f"[storage]\ndirectory = '{tmp_path}/files'\n[plugins.one]\n[plugins.other]\n"
    async with running(tmp_path, one, other, text=text) as manager:
        folders = [context.directory for context in manager.running().values()]
    assert folders == [tmp_path / "files" / "one", tmp_path / "files" / "other"]
    assert not (tmp_path / "files").exists()


async def test_what_one_plugin_emits_reaches_all(tmp_path: Path) -> None:
    heard: list[tuple[str, Event]] = []
    talker, listener = Plugin("talker", version="1.0"), Plugin("listener", version="1.0")

    @listener.hook
    async def event_emitted(plugin: str, event: Event) -> None:
        heard.append((plugin, event))

    async with running(tmp_path, talker, listener) as manager:
        manager.running()["talker"].emit(Event())
        await wait_all_tasks_blocked()
        assert heard == [("talker", Event())]


async def test_each_broken_plugin_is_named_and_the_others_run(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(context: PluginContext) -> None:
        raise ValueError("no disk")

    async def hang(context: PluginContext) -> None:
        await trio.sleep_forever()

    failing, hanging, misnamed = (Plugin(name, version="1.0") for name in ("failing", "hanging", "other"))
    failing.on_start(fail)
    hanging.on_start(hang)
    others = {
        "unimportable": ImportError("no module named 'nothing'"),
        "leaving": SystemExit(1),
        "shapeless": object(),
        "misnamed": misnamed,
        "old": Plugin("old", version="1.0", api=0),
    }
    good, wrong = Plugin("good", version="1.0"), Plugin("wrong", version="1.0", config=Settings)
    needy = Plugin("needy", version="1.0", requires=("failing",))
    names = ["good", "failing", "hanging", "needy", *others, "absent"]
    text = "".join(f"[plugins.{name}]\n" for name in names) + "[plugins.wrong]\nlimt = 1\n"
    async with running(tmp_path, good, failing, hanging, needy, wrong, others=others, text=text) as manager:
        states = {each.name: (each.state, each.last_error) for each in manager.reports()}
        assert states.pop("good") == (PluginState.RUNNING, None)
        assert {state for state, _ in states.values()} == {PluginState.FAILED}
        assert {name: error for name, (_, error) in states.items()} == {
            "failing": "cannot start: ValueError: no disk",
            "hanging": "cannot start: did not start within 10 s",
            "needy": "requires plugin 'failing', which is not running",
            "unimportable": "unimportable_plugin:plugin cannot be imported: ImportError: no module named 'nothing'",
            "leaving": "leaving_plugin:plugin cannot be imported: SystemExit: 1",
            "shapeless": states["shapeless"][1],
            "misnamed": "calls itself 'other', but its entry point is named 'misnamed'",
            "old": "is made for API version 0; this Podium has 1: install another version",
            "absent": "plugins.absent: no plugin of this name is installed",
            "wrong": f"{tmp_path}/podium.toml:{len(names) + 2}: plugins.wrong.limt: there is no such key; "
            "the nearest is plugins.wrong.limit",
        }
        assert {name for _, name in problems(caplog)} >= states.keys()


async def test_a_task_that_crashes_is_started_again_and_the_third_time_in_a_minute_fails_the_plugin(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[float] = []
    plugin = Plugin("shaky", version="1.0")

    @plugin.task
    async def crash(context: PluginContext) -> None:
        begun.append(trio.current_time())
        await trio.sleep(1)
        raise ValueError("again")

    @plugin.hook
    async def room_opened(room: RoomView) -> None: ...

    log: list[str] = []
    async with running(tmp_path, plugin, recorder("good", log)) as manager:
        await trio.sleep(1.5)
        assert report(manager, "shaky").state is PluginState.RESTARTING
        assert manager.order()["room_opened"] == ("shaky",)
        await trio.sleep(60)
        shaky = report(manager, "shaky")
        assert (shaky.state, shaky.crashes, len(begun)) == (PluginState.FAILED, 3, 3)
        assert shaky.last_error == "crashed 3 times within 60 s, at last by ValueError: again"
        assert "room_opened" not in manager.order()
        assert [text for text, name in problems(caplog) if name == "shaky"] == [
            "plugin crashed",
            "plugin crashed",
            "plugin failed",
        ]
        manager.hooks.participant_joined(room=ROOM, participant=ANN)
        await trio.sleep(1)
        assert "good hears ann" in log


async def test_crashes_far_apart_do_not_fail_a_plugin(tmp_path: Path, autojump_clock: MockClock) -> None:
    plugin = Plugin("shaky", version="1.0")

    @plugin.task
    async def crash(context: PluginContext) -> None:
        await trio.sleep(40)
        raise ValueError("again")

    async with running(tmp_path, plugin) as manager:
        await trio.sleep(300)
        assert report(manager, "shaky").crashes > 3
        assert report(manager, "shaky").state is not PluginState.FAILED


async def test_what_a_failed_plugin_should_decide_is_refused_until_it_is_disabled(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    plugin = Plugin("doorman", version="1.0")

    @plugin.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return None

    @plugin.task
    async def crash(context: PluginContext) -> None:
        raise ValueError("again")

    async with running(tmp_path, plugin) as manager:
        await trio.sleep(60)
        veto = await manager.hooks.participant_joining(room=ROOM, participant=ANN)
        assert veto == Veto("plugin 'doorman', which decides on this, has failed", "undecided")
        await manager.disable("doorman")
        assert await manager.hooks.participant_joining(room=ROOM, participant=ANN) is None


class Watcher:
    def __init__(self) -> None:
        self.present: set[str] = set()

    def plugin_started(self, plugin: Plugin, context: PluginContext) -> None:
        self.present.add(plugin.name)

    def plugin_stopped(self, name: str) -> None:
        self.present.remove(name)


async def test_a_disabled_plugin_leaves_nothing_behind_and_can_come_back(tmp_path: Path) -> None:
    log: list[str] = []
    alive: list[str] = []
    plugin = recorder("a", log)

    @plugin.task
    async def stay(context: PluginContext) -> None:
        alive.append("task")
        try:
            await trio.sleep_forever()
        finally:
            alive.remove("task")

    watcher = Watcher()
    async with running(tmp_path, plugin) as manager:
        manager.watch(watcher)
        await wait_all_tasks_blocked()
        assert (alive, watcher.present) == (["task"], {"a"})
        tasks = trio.lowlevel.current_statistics().tasks_living
        await manager.disable("a")
        assert (alive, watcher.present, manager.order(), manager.running()) == ([], set(), {}, {})
        assert trio.lowlevel.current_statistics().tasks_living < tasks
        assert report(manager, "a") == PluginReport(
            name="a", version="1.0", distribution="podium-a", state=PluginState.DISABLED
        )
        manager.hooks.participant_joined(room=ROOM, participant=ANN)
        await manager.enable("a")
        await manager.enable("a")
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert (alive, watcher.present, report(manager, "a").state) == (["task"], {"a"}, PluginState.RUNNING)
        assert log == ["a starts", "a stops", "a starts"]


async def test_a_plugin_that_others_require_stays(tmp_path: Path) -> None:
    a, b = Plugin("a", version="1.0", requires=("b",)), Plugin("b", version="1.0")
    async with running(tmp_path, a, b) as manager:
        with pytest.raises(PluginError, match="plugin 'a' requires 'b'"):
            await manager.disable("b")
        await manager.disable("a")
        await manager.disable("b")
        with pytest.raises(PluginError, match="requires plugin 'b', which is not enabled"):
            await manager.enable("a")
        with pytest.raises(PluginError, match="there is no plugin 'c'"):
            await manager.disable("c")


async def test_an_installed_plugin_without_a_table_is_not_imported(tmp_path: Path) -> None:
    others = {"idle": ImportError("imported"), "off": ImportError("imported")}
    async with running(tmp_path, others=others, text="[plugins.off]\nenabled = false\n") as manager:
        assert {each.name: (each.state, each.problems) for each in manager.reports()} == {
            "idle": (PluginState.DISABLED, ()),
            "off": (PluginState.DISABLED, ()),
        }


async def test_a_database_that_cannot_be_prepared_fails_its_plugin_only(tmp_path: Path) -> None:
    async def prepare(plugin: Plugin) -> Prepared:
        if plugin.name == "bad":
            raise RuntimeError("migration 3 failed")
        return Prepared(f"database of {plugin.name}", "0003")

    async with running(tmp_path, Plugin("bad", version="1"), Plugin("good", version="1"), prepare=prepare) as manager:
        assert manager.running()["good"].database == "database of good"
        assert report(manager, "good").revision == "0003"
        assert "RuntimeError: migration 3 failed" in (report(manager, "bad").last_error or "")


async def test_a_plugin_that_fails_while_stopping_or_takes_for_ever_is_named_and_left(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(context: PluginContext) -> None:
        raise ValueError("stuck")

    async def hang(context: PluginContext) -> None:
        await trio.sleep_forever()

    failing, hanging = Plugin("failing", version="1.0"), Plugin("hanging", version="1.0")
    failing.on_stop(fail)
    hanging.on_stop(hang)
    async with running(tmp_path, failing, hanging):
        pass
    assert ("plugin failed to stop", "failing") in problems(caplog)
    assert ("plugin did not stop in time", "hanging") in problems(caplog)


async def test_health_is_asked_of_all_and_silence_is_failing(tmp_path: Path, autojump_clock: MockClock) -> None:
    plugin = Plugin("mute", version="1.0")

    @plugin.hook
    async def health_check() -> Any:
        await trio.sleep_forever()

    async with running(tmp_path, plugin) as manager:
        health = await manager.hooks.health_check()
        assert (health["mute"].status, health["mute"].detail) == ("failing", "did not answer within 3 s")
