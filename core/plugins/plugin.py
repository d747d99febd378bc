# SPDX-License-Identifier: Apache-2.0
"""The object a plugin consists of: who it is, what it needs, and what it adds.

Everything is declared by decorators on plain async functions, and checked where it is written. Nothing is registered
anywhere: the manager reads the object when the plugin is enabled.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, final, overload

import msgspec

from podium.core.operations.declaration import Operation, declare
from podium.core.plugins.commands import AddArguments, PluginCommand, declared_command
from podium.core.plugins.contracts import PROJECT, Declarations, HookFunction, check_implementation
from podium.core.plugins.errors import PluginError
from podium.core.plugins.hooks import HOOKS
from podium.core.plugins.panels import Panel, declared_panel
from podium.core.plugins.plugin_events import PluginEvent, declared_event
from podium.core.plugins.routes import PluginRoute, declared_route
from podium.core.rooms.identity import ROLES

API_VERSION = 1
"""Raised when something that plugins rely on changes."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

Function = TypeVar("Function", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type[Any])


@dataclass(frozen=True, slots=True)
class Addition:
    """A function that a plugin adds somewhere."""

    name: str
    function: Callable[..., Any]


@final
class Plugin:
    """One plugin, the value of an entry point in the group `podium.plugins`.

    `requires` names plugins without which this one cannot run, `after` plugins that come first when they are enabled.
    `config` is a frozen msgspec struct, `tables` SQLAlchemy metadata, `migrations` the name of the package with their
    revisions, `claims` the names of tables that do not begin with the plugin's name. `static` is the package whose
    folder `static/` holds files for browsers.
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
        static: str | None = None,
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
        self.static = static
        self.hooks: dict[str, HookFunction] = {}
        self.operations: dict[str, Operation] = {}
        self.tasks: dict[str, Addition] = {}
        self.events: dict[str, PluginEvent] = {}
        self.routes: dict[str, PluginRoute] = {}
        self.commands: dict[str, PluginCommand] = {}
        self.panels: dict[str, Panel] = {}
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
        name = function.__name__
        _refuse_double(self.tasks, name, f"plugin {self.name!r} declares {name!r} twice")
        self.tasks[name] = Addition(name, _asynchronous(function))
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
    def event(self, kind: Class) -> Class: ...
    @overload
    def event(self, *, roles: Iterable[str] = ROLES) -> Callable[[Class], Class]: ...
    def event(self, kind: Any = None, *, roles: Iterable[str] = ROLES) -> Any:
        """Declare an Event class that `context.rooms.send` tells; only participants with one of `roles` see it."""

        def declare_event(kind: Class) -> Class:
            event = declared_event(kind, roles)
            _refuse_double(self.events, event.name, f"plugin {self.name!r} declares event {event.name!r} twice")
            self.events[event.name] = event
            return kind

        return declare_event if kind is None else declare_event(kind)

    def route(self, method: str, path: str) -> Callable[[Function], Function]:
        """Answer HTTP requests at `/plugins/<name>` followed by `path`, such as `/sheet/{session_id}`."""

        def add(function: Function) -> Function:
            added = declared_route(method, path, function)
            for other in self.routes.values():
                if (other.route.method, other.route.shape) == (method, added.route.shape):
                    _refuse_double(self.routes, other.name, f"plugin {self.name!r} declares route {added.name} twice")
            self.routes[added.name] = added
            return function

        return add

    @overload
    def command(self, function: Function) -> Function: ...
    @overload
    def command(
        self, *, arguments: AddArguments | None = None, alias: str | None = None
    ) -> Callable[[Function], Function]: ...
    def command(self, function: Any = None, *, arguments: AddArguments | None = None, alias: str | None = None) -> Any:
        """Add `podium <plugin> <function>` to the command line; `arguments` is called with its argparse parser.

        With an `alias` it is `podium <alias>` as well.
        """

        def add(function: Function) -> Function:
            command = declared_command(function, arguments, self.name, alias)
            _refuse_double(self.commands, command.name, f"plugin {self.name!r} declares {command.name!r} twice")
            if alias is not None:
                present = {each.alias: each for each in self.commands.values()}
                _refuse_double(present, alias, f"plugin {self.name!r} declares the alias {alias!r} twice")
            self.commands[command.name] = command
            return function

        return add if function is None else add(function)

    def panel(self, name: str, *, title: str, module: str, roles: Iterable[str] = ROLES, eager: bool = False) -> None:
        """Show a panel beside the class to those with one of `roles`; `module` is an ES module in `static/`.

        An `eager` one is imported as soon as somebody is in the room, and not only when its tab is opened first; then
        its `start` is called, for controls and messages beyond its tab.
        """
        if self.static is None:
            what = "name the package that has its module, as Plugin(..., static=...)"
            raise PluginError("panel_invalid", f"panel {name}: {what}")
        _refuse_double(self.panels, name, f"plugin {self.name!r} declares panel {name!r} twice")
        self.panels[name] = declared_panel(name, title, module, roles, eager)

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


def _refuse_double(present: Mapping[Any, Any], name: str, message: str) -> None:
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
