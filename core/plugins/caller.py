# SPDX-License-Identifier: Apache-2.0
"""Calls hooks by their contracts. pluggy keeps and validates the implementations; the waiting is trio's.

pluggy itself knows no async: it would take a coroutine object for an answer. Implementations are called in the order
of their plugins (a plugin comes after those it requires), those marked `first` before, those marked `last` after.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import pluggy
import trio

from podium.core.plugins.contracts import PROJECT, Declaration, Declarations, HookFunction
from podium.core.plugins.errors import PluginError
from podium.core.plugins.home import Answer, Call, Home
from podium.core.rooms.observer import Veto, Wait

UNDECIDED = "undecided"
"""Code of a refusal that no plugin meant: one failed."""


class _Implementations:
    """A plugin as pluggy sees it: an object of its own with the implementations as attributes."""

    def __init__(self, functions: Mapping[str, HookFunction]) -> None:
        vars(self).update(functions)


class HookCaller:
    """All implementations of all hooks."""

    def __init__(self, declared: Declarations) -> None:
        self._declared = declared
        self._pluggy = pluggy.PluginManager(PROJECT)
        functions = {name: staticmethod(each.function) for name, each in declared.items()}
        self._pluggy.add_hookspecs(type("Declared", (), functions))
        self._homes: dict[str, Home] = {}
        self._positions: Mapping[str, int] = {}
        self._implemented: dict[str, frozenset[str]] = {}
        self._broken: dict[str, frozenset[str]] = {}
        self._orders: dict[str, list[pluggy.HookImpl]] = {}
        self._listeners: list[Callable[[Collection[str]], None]] = []

    def on_change(self, changed: Callable[[Collection[str]], None]) -> None:
        """Have `changed` called with the names of hooks whenever others implement them than before.

        It is called in the middle of the change, so it should only note that there is one.
        """
        self._listeners.append(changed)

    def add(self, home: Home, implementations: Mapping[str, HookFunction]) -> None:
        """Call a plugin from now on. Raises PluginError."""
        try:
            self._pluggy.register(_Implementations(implementations), home.name)
            self._pluggy.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._pluggy.has_plugin(home.name):
                self._pluggy.unregister(name=home.name)
            raise PluginError("hook_invalid", str(error)) from error
        self._homes[home.name] = home
        self._implemented[home.name] = frozenset(implementations)
        self._broken.pop(home.name, None)
        self._changed(implementations)

    def remove(self, name: str) -> None:
        """Call a plugin no more."""
        if self._homes.pop(name, None) is not None:
            self._pluggy.unregister(name=name)
        broken = self._broken.pop(name, frozenset())
        self._changed(self._implemented.pop(name, broken))

    def mark_broken(self, name: str, implementations: Mapping[str, HookFunction]) -> None:
        """A plugin has failed: what it should decide or limit is refused until it is removed or works again."""
        self.remove(name)
        missed = frozenset(hook for hook in implementations if self._declared[hook].fails_closed)
        if missed:
            self._broken[name] = missed
            self._changed(missed)

    def set_positions(self, names: Sequence[str]) -> None:
        """The order in which plugins are called."""
        self._positions = {name: index for index, name in enumerate(names)}
        self._orders.clear()

    def order(self, hook: str) -> tuple[str, ...]:
        """Who implements a hook, in the order of calls."""
        return tuple(each.plugin_name for each in self._order(hook))

    def implements(self, hook: str) -> bool:
        """Whether somebody implements a hook, or should and has failed."""
        return bool(self._order(hook)) or self.broken_by(hook) is not None

    def broken_by(self, hook: str) -> str | None:
        """A plugin that has failed and whose answer to this hook cannot be done without."""
        return next((name for name, hooks in self._broken.items() if hook in hooks), None)

    def _changed(self, hooks: Collection[str]) -> None:
        self._orders.clear()
        for changed in self._listeners if hooks else ():
            changed(hooks)

    # The contracts

    def notify(self, hook: str, values: Mapping[str, Any]) -> None:
        """Tell every plugin in its own time; returns at once."""
        for home, call in self._calls(hook, values):
            home.post(call)

    async def decide(self, hook: str, values: Mapping[str, Any]) -> Veto | None:
        """The first refusal, or None when nobody refuses."""
        answer = await self.decide_or_wait(hook, values)
        assert not isinstance(answer, Wait), "a Wait is for hooks whose callers can wait"
        return answer

    async def decide_or_wait(self, hook: str, values: Mapping[str, Any]) -> Veto | Wait | None:
        """The first refusal; else the first `Wait`, if the hook takes one; else None. A `Wait` ends no asking."""
        waiting: Wait | None = None
        broken = self.broken_by(hook)
        if broken is not None:
            return Veto(f"plugin {broken!r}, which decides on this, has failed", UNDECIDED)
        for home, call in self._calls(hook, values):
            answer = await home.call(call)
            if answer.failure is not None:
                return Veto(f"plugin {home.name!r} could not decide", UNDECIDED)
            if isinstance(answer.value, Wait):
                waiting = waiting or answer.value
            elif answer.value is not None:
                home.counter(hook).refusals += 1
                veto: Veto = answer.value
                return veto
        return waiting

    async def collect(self, hook: str, values: Mapping[str, Any]) -> dict[str, Answer]:
        """Every plugin's answer, failures included, by plugin in the order of calls; asked at the same time."""
        answers: dict[str, Answer] = {}

        async def ask(home: Home, call: Call) -> None:
            answers[home.name] = await home.call(call)

        async with trio.open_nursery() as nursery:
            for home, call in self._calls(hook, values):
                nursery.start_soon(ask, home, call)
        return {name: answers[name] for name in self.order(hook) if name in answers}

    async def filter(self, hook: str, values: Mapping[str, Any]) -> Any:
        """What the value becomes; the value is the hook's first parameter after `context`."""
        changed = dict(values)
        declaration = self._declared[hook]
        name = declaration.parameters[1]
        if self.broken_by(hook) is not None:
            return declaration.failing
        for home, call in self._calls(hook, changed):  # each call sees what those before it changed
            answer = await home.call(call)
            if answer.failure is None:
                changed[name] = answer.value
            elif declaration.fails_closed:
                return declaration.failing
        return changed[name]

    def _calls(self, hook: str, values: Mapping[str, Any]) -> Iterator[tuple[Home, Call]]:
        declaration = self._declared[hook]
        for implementation in self._order(hook):
            home = self._homes.get(implementation.plugin_name)
            if home is not None:  # it may have been disabled while those before it were asked
                yield home, _call(declaration, implementation, home, values)

    def _order(self, hook: str) -> list[pluggy.HookImpl]:
        if hook not in self._orders:
            found = getattr(self._pluggy.hook, hook).get_hookimpls()
            self._orders[hook] = sorted(found, key=self._position)
        return self._orders[hook]

    def _position(self, each: pluggy.HookImpl) -> tuple[int, int]:
        rank = 0 if each.tryfirst else 2 if each.trylast else 1
        return rank, self._positions.get(each.plugin_name, len(self._positions))


def _call(declaration: Declaration, each: pluggy.HookImpl, home: Home, values: Mapping[str, Any]) -> Call:
    given = {"context": home.context, **values}
    function = cast(HookFunction, each.function)  # the plugin object has made sure
    return Call(declaration, function, {name: given[name] for name in each.argnames})
