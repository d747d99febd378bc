# SPDX-License-Identifier: Apache-2.0
"""The object a plugin consists of: who it is, what it needs, and what it adds.

Everything is declared by decorators on plain async functions, and checked where it is written. Nothing is registered
anywhere: the manager reads the object when the plugin is enabled.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, final, overload

import msgspec

from podium.core.operations.declaration import Operation, declare
from podium.core.plugins.contracts import PROJECT, Declarations, HookFunction, check_implementation
from podium.core.plugins.errors import PluginError
from podium.core.plugins.hooks import HOOKS

API_VERSION = 1
"""Raised when something that plugins rely on changes."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Addition:
    """A function that a plugin adds somewhere, with what its decorator said; `options` are the taker's business."""

    name: str
    function: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)


@final
class Plugin:
    """One plugin, the value of an entry point in the group `podium.plugins`.

    `requires` names plugins without which this one cannot run, `after` plugins that come first when they are enabled.
    `config` is a frozen msgspec struct, `tables` SQLAlchemy metadata, `migrations` the name of the package with their
    revisions, `claims` the names of tables that do not begin with the plugin's name.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        api: int = API_VERSION,
        requires: Iterable[str] = (),
        after: Iterable[str] = (),
        config: type[msgspec.Struct] | None = None,
        tables: Any = None,
        migrations: str | None = None,
        claims: Iterable[str] = (),
        hooks: Declarations = HOOKS,
    ) -> None:
        self.name = _checked_name(name)
        self.version = version
        self.api = api
        self.requires = tuple(map(_checked_name, _names("requires", requires)))
        self.after = tuple(map(_checked_name, _names("after", after)))
        self.config = config
        self.tables = tables
        self.migrations = migrations
        self.claims = tuple(_names("claims", claims))
        self.hooks: dict[str, HookFunction] = {}
        self.operations: dict[str, Operation] = {}
        self.tasks: dict[str, Addition] = {}
        self.commands: dict[str, Addition] = {}
        self.panels: dict[str, Addition] = {}
        self.starting: HookFunction | None = None
        self.stopping: HookFunction | None = None
        self._declared = hooks

    def __repr__(self) -> str:
        return f"Plugin({self.name!r}, version={self.version!r})"

    @overload
    def hook(self, function: Function) -> Function: ...
    @overload
    def hook(self, *, first: bool = False, last: bool = False) -> Callable[[Function], Function]: ...
    def hook(self, function: Any = None, *, first: bool = False, last: bool = False) -> Any:
        """Implement the hook of the function's name; `first` or `last` among all plugins."""

        def implement(function: Function) -> Function:
            name = function.__name__
            if name not in self._declared:
                close = difflib.get_close_matches(name, self._declared, 1, 0.0)
                hint = f"; the nearest is {close[0]!r}" if close else ""
                raise PluginError("hook_unknown", f"plugin {self.name!r}: there is no hook {name!r}{hint}")
            check_implementation(function, self._declared[name])
            _refuse_double(self.hooks, name, f"plugin {self.name!r} implements hook {name!r} twice")
            setattr(function, f"{PROJECT}_impl", _hook_options(first=first, last=last))
            self.hooks[name] = function
            return function

        return implement if function is None else implement(function)

    def on_start(self, function: Function) -> Function:
        """Awaited with the context when the plugin starts, before any hook or task. A failure fails the plugin."""
        self.starting = self._only_one(self.starting, _asynchronous(function))
        return function

    def on_stop(self, function: Function) -> Function:
        """Awaited with the context when the plugin stops, after its tasks have ended."""
        self.stopping = self._only_one(self.stopping, _asynchronous(function))
        return function

    def task(self, function: Function) -> Function:
        """Run in the background while the plugin is enabled: started again when it crashes, not when it returns."""
        self._add(self.tasks, _asynchronous(function), {})
        return function

    @overload
    def operation(self, function: Function) -> Function: ...
    @overload
    def operation(self, **options: Any) -> Callable[[Function], Function]: ...
    def operation(self, function: Any = None, **options: Any) -> Any:
        """Offer a typed request; `options` are those of `podium.core.declare`, which raises DeclarationError."""

        def offer(function: Function) -> Function:
            operation = declare(function, **options)
            _refuse_double(self.operations, operation.name, f"plugin {self.name!r} declares {operation.name!r} twice")
            self.operations[operation.name] = operation
            return function

        return offer if function is None else offer(function)

    @overload
    def command(self, function: Function) -> Function: ...
    @overload
    def command(self, **options: Any) -> Callable[[Function], Function]: ...
    def command(self, function: Any = None, **options: Any) -> Any:
        """Add a subcommand to `podium`."""
        return self._adding(self.commands, _any_function, function, options)

    @overload
    def panel(self, function: Function) -> Function: ...
    @overload
    def panel(self, **options: Any) -> Callable[[Function], Function]: ...
    def panel(self, function: Any = None, **options: Any) -> Any:
        """Add a panel to the web page of a room."""
        return self._adding(self.panels, _any_function, function, options)

    def _adding(
        self, to: dict[str, Addition], checked: Callable[[Any], Any], function: Any, options: dict[str, Any]
    ) -> Any:
        def add(function: Function) -> Function:
            self._add(to, checked(function), options)
            return function

        return add if function is None else add(function)

    def _add(self, to: dict[str, Addition], function: Callable[..., Any], options: dict[str, Any]) -> None:
        name = function.__name__
        _refuse_double(to, name, f"plugin {self.name!r} declares {name!r} twice")
        to[name] = Addition(name, function, options)

    def _only_one(self, present: HookFunction | None, function: HookFunction) -> HookFunction:
        if present is not None:
            raise PluginError("declared_twice", f"plugin {self.name!r} declares {function.__name__!r} besides another")
        return function


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PluginError(
            "plugin_name", f"{name!r} is no name of a plugin: 1 to 32 characters out of a-z, 0-9 and _, a letter first"
        )
    return name


def _names(what: str, names: Iterable[str]) -> Iterable[str]:
    if isinstance(names, str):
        raise PluginError("plugin_name", f"{what} has to be a tuple of names: ({names!r},)")
    return names


def _asynchronous(function: Any) -> Any:
    if not inspect.iscoroutinefunction(function):
        raise PluginError("not_async", f"{function.__name__!r} has to be an `async def` function")
    return function


def _any_function(function: Any) -> Any:
    return function


def _refuse_double(present: dict[str, Any], name: str, message: str) -> None:
    if name in present:
        raise PluginError("declared_twice", message)


def _hook_options(*, first: bool, last: bool) -> dict[str, Any]:
    """What pluggy reads to know an implementation."""
    return {
        "hookwrapper": False,
        "wrapper": False,
        "optionalhook": False,
        "tryfirst": first,
        "trylast": last,
        "specname": None,
    }
