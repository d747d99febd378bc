# SPDX-License-Identifier: Apache-2.0
"""Who is found on a stack, and where an interruption would tear more than the plugin."""

import functools
import logging.handlers
import sys
import types
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from podium.core import Plugin, PluginContext
from podium.core.plugins.blame import Suspect, Suspects, package_of
from podium.core.plugins.errors import PluginStalled, bulkhead, contain, summary

suspects = Suspects()


def look() -> Suspect | None:
    """From the caller's frame."""
    return suspects.look(sys._getframe(1))


@pytest.fixture(autouse=True)
def _nobody() -> None:
    for name in ("inner", "outer"):
        suspects.remove(name)


def module(name: str) -> types.ModuleType:
    """A module whose `call` calls what it is given."""
    made = types.ModuleType(name)
    exec("def call(function):\n    return function()", vars(made))
    return made


def plugin_with(function: Callable[..., Any], name: str = "inner") -> Plugin:
    plugin = Plugin(name, version="1.0")
    plugin.task(function)
    return plugin


async def found_in_task(function: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(function)


async def test_a_function_that_a_plugin_registered_is_its_own() -> None:
    seen = list[Suspect | None]()

    async def work(context: Any = None) -> None:
        seen.append(look())

    suspects.add(plugin_with(work))
    await found_in_task(work)
    (suspect,) = seen
    assert suspect is not None
    assert (suspect.plugin, suspect.interruptible) == ("inner", True)
    assert "test_blame" in suspect.place


async def test_a_decorator_does_not_hide_it_nor_get_the_blame() -> None:
    seen = list[Suspect | None]()

    def decorated(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(function)
        async def wrapper(*arguments: Any) -> None:
            seen.append(look())
            await function(*arguments)

        return wrapper

    @decorated
    async def work(context: Any = None) -> None:
        seen.append(look())

    suspects.add(plugin_with(work))
    await found_in_task(work)
    assert [suspect and suspect.plugin for suspect in seen] == [None, "inner"]


async def test_the_innermost_of_two_plugins_gets_the_blame() -> None:
    seen = list[Suspect | None]()

    async def inner(context: Any = None) -> None:
        seen.append(look())

    async def outer(context: Any = None) -> None:
        await inner()

    suspects.add(plugin_with(inner))
    suspects.add(plugin_with(outer, "outer"))
    await found_in_task(outer)
    assert seen[0] is not None
    assert seen[0].plugin == "inner"


@pytest.mark.parametrize(
    ("above", "interruptible"),
    [
        ("re", True),
        ("requests.sessions", True),
        ("logging.handlers", False),
        ("trio._channel", False),
        ("podium.core.rooms.rooms", False),
        ("sqlalchemy.orm", False),
        ("threading", False),
        ("importlib", False),
    ],
)
def test_machinery_above_the_plugin_is_not_torn(above: str, interruptible: bool) -> None:
    seen = list[Suspect | None]()
    plugins = module("podium_inner.tools")
    suspects.add(Plugin("inner", version="1.0"), "podium_inner")

    @bulkhead
    def contained() -> None:
        plugins.call(lambda: module(above).call(lambda: seen.append(look())))

    contained()
    assert seen[0] is not None
    assert (seen[0].plugin, seen[0].interruptible) == ("inner", interruptible)


@pytest.mark.parametrize("below", ["podium.core.rooms.rooms", "podium.hosts.web.app", "trio._core._entry_queue"])
def test_what_nobody_contains_is_not_raised(below: str) -> None:
    seen = list[Suspect | None]()
    suspects.add(Plugin("inner", version="1.0"), "podium_inner")
    module(below).call(lambda: module("podium_inner").call(lambda: seen.append(look())))
    assert seen == [Suspect("inner", "podium_inner.call, line 2", interruptible=False)]


def test_a_plugin_that_is_gone_is_not_found() -> None:
    suspects.add(Plugin("inner", version="1.0"), "podium_inner")
    suspects.remove("inner")
    assert module("podium_inner").call(look) is None


@pytest.mark.parametrize(
    ("value", "package"),
    [
        ("logging:plugin", "logging"),  # a package
        ("logging.handlers:plugin", "logging"),  # a module of one
        ("functools:plugin", "functools"),  # a module by itself
        ("podium.core.errors:plugin", "podium.core"),
        ("not_imported.plugin:plugin", "not_imported.plugin"),
    ],
)
def test_the_package_of_an_entry_point(value: str, package: str) -> None:
    assert logging.handlers.__package__ == "logging"
    assert package_of(value) == package


def test_being_interrupted_is_a_fault_like_any_other() -> None:
    stalled = PluginStalled("held up the host for 1.0 s in spin")
    assert contain(stalled) is stalled
    assert contain(BaseExceptionGroup("", [stalled])) is not None
    assert summary(BaseExceptionGroup("", [stalled])) == "held up the host for 1.0 s in spin"
    assert not isinstance(stalled, Exception)
    with pytest.raises(KeyboardInterrupt):
        contain(KeyboardInterrupt())


def test_methods_are_known_as_well() -> None:

    class Worker:
        async def work(self, context: PluginContext) -> None: ...

    plugin = plugin_with(Worker().work)
    suspects.add(plugin)
    assert Worker.work.__code__ in suspects._codes
