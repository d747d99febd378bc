# SPDX-License-Identifier: Apache-2.0
"""In which order plugins start: each after those it requires or comes after, alphabetically where that leaves a choice.

What cannot be ordered is left out with a reason, and so is whoever requires it; the others are none the worse.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple


class Needs(NamedTuple):
    """What a plugin said about its place."""

    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Order(NamedTuple):
    """Names in starting order, and by name why others cannot start."""

    names: tuple[str, ...]
    problems: dict[str, str]


def order(needs: Mapping[str, Needs], unusable: Collection[str] = ()) -> Order:
    """Order what is enabled. `unusable` are plugins that are enabled and known not to work."""
    problems: dict[str, str] = {}
    names: list[str] = []
    waiting = {name: needs[name] for name in sorted(needs)}
    while waiting:
        ready = next((name for name, need in waiting.items() if not _open(need, waiting)), None)
        if ready is None:
            for name in _cycle(waiting):
                problems[name] = f"waits for itself: {_arrows(_cycle(waiting), name)}"
            waiting = {name: need for name, need in waiting.items() if name not in problems}
            continue
        missing = [each for each in waiting.pop(ready).requires if each not in names]
        if missing:
            problems[ready] = _missing(missing[0], problems, unusable)
        else:
            names.append(ready)
    return Order(tuple(names), problems)


def _open(need: Needs, waiting: Mapping[str, Needs]) -> list[str]:
    return [each for each in (*need.requires, *need.after) if each in waiting]


def _cycle(waiting: Mapping[str, Needs]) -> list[str]:
    """One circle; there is one when everybody waits for somebody."""
    path: list[str] = [next(iter(waiting))]
    while True:
        following = _open(waiting[path[-1]], waiting)[0]
        if following in path:
            return path[path.index(following) :]
        path.append(following)


def _arrows(cycle: list[str], start: str) -> str:
    index = cycle.index(start)
    return " -> ".join([*cycle[index:], *cycle[:index], start])


def _missing(name: str, problems: Mapping[str, str], unusable: Collection[str]) -> str:
    if name in problems or name in unusable:
        return f"requires plugin {name!r}, which cannot run"
    return f"requires plugin {name!r}, which is not enabled: add [plugins.{name}] to podium.toml"
