# SPDX-License-Identifier: Apache-2.0
"""Whose code stands on a stack: the plugin that holds up the thread everything runs on, and whether to interrupt it.

A frame belongs to a plugin when it runs one of the functions that the plugin registered, or code of the plugin's
package; the innermost such frame counts. An interruption is an exception out of nowhere, so it may only be raised
where nothing but the plugin is torn: no machinery above the plugin's frame, and below it somebody who contains faults.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple, final

from podium.core.plugins.errors import BULKHEADS
from podium.core.plugins.plugin import Plugin

MACHINERY = frozenset(
    {
        *("podium", "trio", "outcome", "sniffio", "pluggy", "hypercorn", "quart", "quart_trio", "h11", "wsproto"),
        *("sqlalchemy", "alembic", "psycopg", "sqlite3", "prometheus_client", "structlog", "logging"),
        *("threading", "queue", "importlib", "_frozen_importlib", "_frozen_importlib_external", "weakref"),
    }
)
"""Top-level packages that hold locks or state which an exception out of nowhere could leave broken."""

_PASSED_ON = "prometheus_client"
"""Calls back into plugins, holding nothing but locks that it releases."""


class Suspect(NamedTuple):
    """A plugin on a stack; `place` is where in its code."""

    plugin: str
    place: str
    interruptible: bool


@final
class Suspects:
    """Which code is whose. Asked from any thread, changed from one."""

    def __init__(self) -> None:
        self._packages: dict[str, str] = {}
        self._codes: dict[CodeType, str] = {}

    def add(self, plugin: Plugin, package: str | None = None) -> None:
        """Know a plugin by its functions, and by the package that it lies in."""
        self.remove(plugin.name)
        self._codes = self._codes | {code: plugin.name for each in _functions(plugin) if (code := _code(each))}
        if package is not None:
            self._packages = self._packages | {package: plugin.name}

    def remove(self, name: str) -> None:
        self._codes = {code: owner for code, owner in self._codes.items() if owner != name}
        self._packages = {package: owner for package, owner in self._packages.items() if owner != name}

    def look(self, frame: FrameType | None) -> Suspect | None:
        """The plugin that is running in a frame or has called what runs in it."""
        torn = False
        while frame is not None:
            if (name := self._owner(frame)) is not None:
                return Suspect(name, _place(frame), not torn and self._is_contained(frame))
            torn = torn or _top(frame) in MACHINERY
            frame = frame.f_back
        return None

    def _owner(self, frame: FrameType) -> str | None:
        if (owner := self._codes.get(frame.f_code)) is not None:
            return owner
        module = _module(frame)
        while module:
            if (owner := self._packages.get(module)) is not None:
                return owner
            module = module.rpartition(".")[0]
        return None

    def _is_contained(self, frame: FrameType) -> bool:
        """Whether what is raised here ends with the plugin: in a bulkhead, or at the root of a task of its own."""
        outer = frame.f_back
        while outer is not None:
            if outer.f_code in BULKHEADS:
                return True
            if _module(outer) == "trio._core._run":
                return outer.f_code.co_name == "unrolled_run"
            if self._owner(outer) is None and _top(outer) in MACHINERY and _top(outer) != _PASSED_ON:
                return False
            outer = outer.f_back
        return False


def package_of(entry_point: str) -> str:
    """The package that a plugin behind `package.module:object` may call its own; the module must be imported."""
    name = entry_point.partition(":")[0].strip()
    package = getattr(sys.modules.get(name), "__package__", None)
    of_its_own = package and getattr(sys.modules.get(package), "__file__", None) is not None
    return package if package and of_its_own else name


def _functions(plugin: Plugin) -> Iterator[Callable[..., Any]]:
    yield from plugin.hooks.values()
    yield from (operation.function for operation in plugin.operations.values())
    yield from (addition.function for addition in plugin.tasks.values())
    yield from (route.handler for route in plugin.routes.values())
    yield from (function for function in (plugin.starting, plugin.stopping) if function is not None)


def _code(function: Any) -> CodeType | None:
    """Of the innermost function: the code of a decorator's wrapper is shared by all that it decorates."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _top(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _place(frame: FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}, line {frame.f_lineno}"
