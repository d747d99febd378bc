# SPDX-License-Identifier: Apache-2.0
"""The four contracts under plugins that raise, block, answer wrongly, refuse and resist, in virtual time."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core.plugins.context import PluginContext
from podium.core.plugins.contracts import collect, decide, declarations, filtering, notify
from podium.core.plugins.home import INBOX, MAX_OVERDUE
from podium.core.plugins.manager import Plugins
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.observer import Veto, Wait
from tests.plugins.stand_ins import problems, running


@notify(deadline=5.0)
async def told(context: PluginContext, number: int) -> None: ...


@decide(deadline=2.0)
async def allowed(context: PluginContext, number: int) -> Veto | None: ...


@decide(deadline=2.0)
async def admitted(context: PluginContext, number: int) -> Veto | Wait | None: ...


@collect(deadline=2.0)
async def counted(context: PluginContext) -> int:
    return 0


@filtering(deadline=2.0)
async def changed(context: PluginContext, number: int) -> int:
    return number


@filtering(deadline=2.0, failing=-1)
async def limited(context: PluginContext, number: int) -> int:
    return number


@filtering(deadline=2.0)
async def weighed(context: PluginContext, number: float) -> float:
    return number


DECLARED = declarations([told, allowed, admitted, counted, changed, limited, weighed])
Body = Callable[..., Awaitable[Any]]


async def raises(*_: Any) -> None:
    raise ValueError("my fault")


async def exits(*_: Any) -> None:
    raise SystemExit(3)


async def blocks(*_: Any) -> None:
    await trio.sleep_forever()


async def resists(*_: Any) -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(60)


async def answers_nonsense(*_: Any) -> str:
    return "nonsense"


MISBEHAVIORS = [raises, exits, blocks, resists, answers_nonsense]


def plugin(name: str, **bodies: Body) -> Plugin:
    """A plugin whose hooks do what is given."""
    made = Plugin(name, version="1.0", hooks=DECLARED)
    for hook, body in bodies.items():
        made.hook(implementation(hook, body))
    return made


def implementation(hook: str, body: Body) -> Body:
    async def with_number(context: PluginContext, number: int) -> Any:
        return await body(number)

    async def without(context: PluginContext) -> Any:
        return await body()

    function = without if hook == "counted" else with_number
    function.__name__ = hook
    return function


def statistics(manager: Plugins, name: str, hook: str) -> Any:
    (report,) = [each for each in manager.reports() if each.name == name]
    (found,) = [each.statistics for each in report.hooks if each.name == hook]
    return found


async def answer_1(*_: Any) -> int:
    return 1


async def plus_1(number: int) -> int:
    return number + 1


async def agree(number: int) -> None: ...


async def refuse(number: int) -> Veto:
    return Veto("not today", "closed")


async def have_wait(number: int) -> Wait:
    return Wait("please wait")


async def have_wait_longer(number: int) -> Wait:
    return Wait("please wait longer")


@pytest.mark.parametrize("body", MISBEHAVIORS)
async def test_a_notice_reaches_all_in_order_whatever_one_does(
    body: Body, tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    async def hear(number: int) -> None:
        heard.append(number)

    bad, good = plugin("bad", told=body), plugin("good", told=hear)
    async with running(tmp_path, bad, good, declared=DECLARED) as manager:
        for number in range(3):
            manager.caller.notify("told", {"number": number})
        await trio.sleep(30)
        assert heard == [0, 1, 2]
        counted = statistics(manager, "bad", "told")
        assert (counted.calls, counted.errors + counted.timeouts) == (3, 3)
        assert counted.last_error
        assert problems(caplog) == [("hook failed", "bad")]


@pytest.mark.parametrize("body", MISBEHAVIORS)
async def test_a_decision_that_fails_refuses(body: Body, tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running(tmp_path, plugin("bad", allowed=body), declared=DECLARED) as manager:
        with trio.fail_after(3):
            veto = await manager.caller.decide("allowed", {"number": 1})
        assert veto == Veto("plugin 'bad' could not decide", "undecided")
        counted = statistics(manager, "bad", "allowed")
        assert (counted.calls, counted.errors + counted.timeouts, counted.refusals) == (1, 1, 0)


async def test_the_first_refusal_wins_and_ends_the_asking(tmp_path: Path) -> None:
    plugins = [plugin("a", allowed=agree), plugin("b", allowed=refuse), plugin("c", allowed=raises)]
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        assert await manager.caller.decide("allowed", {"number": 1}) == Veto("not today", "closed")
        assert statistics(manager, "b", "allowed").refusals == 1
        assert statistics(manager, "c", "allowed").calls == 0


async def test_nobody_to_decide_is_no_refusal(tmp_path: Path) -> None:
    async with running(tmp_path, plugin("a", allowed=agree), plugin("b"), declared=DECLARED) as manager:
        assert await manager.caller.decide("allowed", {"number": 1}) is None


@pytest.mark.parametrize(
    ("bodies", "answer"),
    [
        ([agree, have_wait, have_wait_longer], Wait("please wait")),
        ([have_wait, agree], Wait("please wait")),
        ([have_wait, refuse], Veto("not today", "closed")),
        ([refuse, have_wait], Veto("not today", "closed")),
        ([have_wait, raises], Veto("plugin 'p1' could not decide", "undecided")),
        ([agree, agree], None),
    ],
)
async def test_a_refusal_wins_over_waiting_and_waiting_over_nothing(
    bodies: list[Body], answer: Veto | Wait | None, tmp_path: Path
) -> None:
    plugins = [plugin(f"p{index}", admitted=body) for index, body in enumerate(bodies)]
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        assert await manager.caller.decide_or_wait("admitted", {"number": 1}) == answer
        calls = [statistics(manager, each.name, "admitted").calls for each in plugins]
        assert calls == [1, 0 if bodies[0] is refuse else 1, 1][: len(plugins)]
        assert statistics(manager, "p0", "admitted").refusals == (bodies[0] is refuse)


async def test_a_hook_that_takes_no_waiting_refuses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path, plugin("a", allowed=have_wait), declared=DECLARED) as manager:
        veto = await manager.caller.decide("allowed", {"number": 1})
        assert veto == Veto("plugin 'a' could not decide", "undecided")
        assert "which hook allowed does not take" in statistics(manager, "a", "allowed").last_error


@pytest.mark.parametrize("body", MISBEHAVIORS)
async def test_answers_are_collected_without_those_that_fail(
    body: Body, tmp_path: Path, autojump_clock: MockClock
) -> None:
    plugins = [plugin("a", counted=answer_1), plugin("bad", counted=body), plugin("c", counted=answer_1)]
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        with trio.fail_after(3):
            answers = await manager.caller.collect("counted", {})
        assert [(name, answer.value) for name, answer in answers.items() if answer.failure is None] == [
            ("a", 1),
            ("c", 1),
        ]


@pytest.mark.parametrize("body", MISBEHAVIORS)
async def test_a_filter_that_fails_changes_nothing(body: Body, tmp_path: Path, autojump_clock: MockClock) -> None:
    plugins = [plugin("a", changed=plus_1), plugin("bad", changed=body), plugin("c", changed=plus_1)]
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        assert await manager.caller.filter("changed", {"number": 1}) == 3


@pytest.mark.parametrize("body", MISBEHAVIORS)
async def test_a_failure_is_final_where_the_hook_says_what_it_comes_to(
    body: Body, tmp_path: Path, autojump_clock: MockClock
) -> None:
    plugins = [plugin("a", limited=plus_1), plugin("bad", limited=body), plugin("c", limited=plus_1)]
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        assert await manager.caller.filter("limited", {"number": 1}) == -1
        assert statistics(manager, "c", "limited").calls == 0
        await manager.disable("bad")
        assert await manager.caller.filter("limited", {"number": 1}) == 3


async def test_what_a_failed_plugin_should_limit_stays_limited_until_it_is_removed(tmp_path: Path) -> None:
    async with running(tmp_path, plugin("a", limited=plus_1, changed=plus_1), declared=DECLARED) as manager:
        noted: list[set[str]] = []
        manager.caller.on_change(lambda hooks: noted.append(set(hooks)))
        implementations = {"limited": plus_1, "changed": plus_1}
        manager.caller.mark_broken("a", implementations)
        assert noted == [{"limited", "changed"}, {"limited"}]
        assert manager.caller.implements("limited")
        assert not manager.caller.implements("changed")
        assert await manager.caller.filter("limited", {"number": 1}) == -1
        assert await manager.caller.filter("changed", {"number": 1}) == 1
        manager.caller.remove("a")
        assert noted[2:] == [{"limited"}]
        assert await manager.caller.filter("limited", {"number": 1}) == 1


@pytest.mark.parametrize(
    ("answer", "taken"), [(2, True), (2.5, True), (True, False), (float("nan"), False), ("2", False)]
)
async def test_a_number_is_a_finite_one(answer: object, taken: bool, tmp_path: Path) -> None:
    async def weigh(number: float) -> object:
        return answer

    async with running(tmp_path, plugin("a", weighed=weigh), declared=DECLARED) as manager:
        assert await manager.caller.filter("weighed", {"number": 1.0}) == (answer if taken else 1.0)


async def test_calls_go_in_the_order_of_plugins_but_for_first_and_last(tmp_path: Path) -> None:
    plugins = [Plugin(name, version="1.0", hooks=DECLARED) for name in "abcd"]
    a, b, c, d = plugins
    a.after = ("c",)
    for each, options in ((a, {}), (b, {"last": True}), (c, {}), (d, {"first": True})):
        each.hook(**options)(implementation("told", agree))
    async with running(tmp_path, *plugins, declared=DECLARED) as manager:
        assert manager.order() == {"told": ("d", "c", "a", "b")}


async def test_a_plugin_far_behind_misses_news_and_nobody_waits(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path, plugin("slow", told=blocks), declared=DECLARED) as manager:
        await wait_all_tasks_blocked()
        for number in range(1 + INBOX + 10):  # one is being told
            manager.caller.notify("told", {"number": number})
        assert statistics(manager, "slow", "told").dropped == 10
        assert problems(caplog) == [("plugin is too far behind", "slow")]


async def test_calls_that_ignore_their_end_do_not_pile_up(tmp_path: Path, autojump_clock: MockClock) -> None:
    begun: list[int] = []

    async def resist(number: int) -> None:
        begun.append(number)
        await resists()

    async with running(tmp_path, plugin("bad", allowed=resist), declared=DECLARED) as manager:
        for number in range(MAX_OVERDUE + 5):
            assert await manager.caller.decide("allowed", {"number": number}) is not None
        assert len(begun) == MAX_OVERDUE
        await trio.sleep(60)
        await manager.caller.decide("allowed", {"number": 99})
        assert begun[-1] == 99


async def test_time_spent_is_counted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async def think(number: int) -> None:
        await trio.sleep(1.5)

    async with running(tmp_path, plugin("a", allowed=think), declared=DECLARED) as manager:
        await manager.caller.decide("allowed", {"number": 1})
        assert statistics(manager, "a", "allowed").seconds == pytest.approx(1.5)
