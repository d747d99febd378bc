# SPDX-License-Identifier: Apache-2.0
"""What a hook promises: its contract, its deadline, and what an implementation returns.

A hook is declared by an async function without a body whose parameters are what implementations may ask for. The
declaration is all there is: pluggy validates against it, the caller behaves by it, the documentation quotes it.
"""

import inspect
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import GenericAlias, MappingProxyType
from typing import Any, get_type_hints

import pluggy

from podium.core.plugins.errors import PluginError

PROJECT = "podium"

HookFunction = Callable[..., Awaitable[Any]]

_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")

_mark = pluggy.HookspecMarker(PROJECT)


class Contract(StrEnum):
    """How the answers of several plugins become one, and what a failure means."""

    NOTIFY = "notify"
    """Every plugin is told in its own time; nobody waits, and a failure concerns nobody else."""
    COLLECT = "collect"
    """Every plugin is asked at once; answers are kept by plugin, failures left out."""
    DECIDE = "decide"
    """Plugins are asked in order until one refuses. A failure, or an answer of a wrong type, refuses.

    Where the hook's return type has `Wait`, a plugin may answer that: the others are asked all the same."""
    FILTER = "filter"
    """A value goes through the plugins in order, each may change it. A failure leaves it as it was, unless the hook
    says what it comes to then: that is final."""


class Unchanged(Enum):
    """What a failure makes of a filtered value where the hook says nothing else."""

    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared hook. `parameters` includes `context`, which is each plugin's own."""

    name: str
    contract: Contract
    deadline: float
    returns: Any
    parameters: tuple[str, ...]
    function: HookFunction
    failing: Any = Unchanged.UNCHANGED
    """What a filtered value comes to when a plugin fails, and while one that should filter it has failed."""
    among: tuple[Any, ...] | None = None
    """Where given, the only values that an implementation may return."""
    needed: bool = False
    """Whether an answer that could not be had must not be taken for none."""

    @property
    def fails_closed(self) -> bool:
        """Whether a failed plugin that implements it goes on to count."""
        return self.contract is Contract.DECIDE or self.failing is not Unchanged.UNCHANGED or self.needed

    @property
    def signature(self) -> str:
        """As an author writes it, with names that podium.core exports."""
        written = f"async def {self.name}{inspect.signature(self.function)}"
        return _MODULE.sub("", written)

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.function) or ""

    def accepts(self, value: object) -> bool:
        """Whether an implementation may return this."""
        if self.among is not None:
            return value in self.among
        if self.returns is float:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if isinstance(self.returns, GenericAlias):
            # Of `frozenset[str]` only that it is a frozenset can be seen at once.
            return isinstance(value, self.returns.__origin__)  # type: ignore[arg-type]  # a class, as it is of one
        return isinstance(value, self.returns)


def notify(*, deadline: float) -> Callable[[HookFunction], Declaration]:
    return _declare(Contract.NOTIFY, deadline)


def collect(*, deadline: float, needed: bool = False) -> Callable[[HookFunction], Declaration]:
    """`needed`: whoever asks learns of a plugin that has failed (`HookCaller.broken_by`)."""
    return _declare(Contract.COLLECT, deadline, needed=needed)


def decide(*, deadline: float) -> Callable[[HookFunction], Declaration]:
    return _declare(Contract.DECIDE, deadline)


def filtering(
    *, deadline: float, failing: Any = Unchanged.UNCHANGED, among: tuple[Any, ...] | None = None
) -> Callable[[HookFunction], Declaration]:
    """The value to be filtered is the parameter after `context`; `failing` is what a failure makes of it.

    It can be any of the return type, or only one of those in `among`.
    """
    return _declare(Contract.FILTER, deadline, failing, among=among)


def _declare(
    contract: Contract,
    deadline: float,
    failing: Any = Unchanged.UNCHANGED,
    *,
    among: tuple[Any, ...] | None = None,
    needed: bool = False,
) -> Callable[[HookFunction], Declaration]:
    def declare(function: HookFunction) -> Declaration:
        _mark(function)
        returns = get_type_hints(function)["return"]
        parameters = tuple(inspect.signature(function).parameters)
        assert parameters[0] == "context"
        return Declaration(function.__name__, contract, deadline, returns, parameters, function, failing, among, needed)

    return declare


Declarations = Mapping[str, Declaration]


def declarations(declared: Iterable[object]) -> Declarations:
    """Those among some objects that declare hooks, by name."""
    return MappingProxyType({each.name: each for each in declared if isinstance(each, Declaration)})


def check_implementation(function: HookFunction, declaration: Declaration) -> None:
    """Refuse what pluggy would accept and then silently call wrongly. Raises PluginError."""
    place = f"hook {declaration.name}"
    if not inspect.iscoroutinefunction(function):
        raise PluginError("hook_not_async", f"{place} has to be an `async def` function")
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            raise PluginError(
                "hook_parameters", f"{place}: parameter {name!r} has to be a plain one, without `*` or `/`"
            )
        if parameter.default is not inspect.Parameter.empty:
            raise PluginError("hook_parameters", f"{place}: parameter {name!r} cannot have a default")
        if name not in declaration.parameters:
            known = ", ".join(declaration.parameters)
            raise PluginError("hook_parameters", f"{place} has no parameter {name!r}; it has {known}")
