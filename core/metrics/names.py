# SPDX-License-Identifier: Apache-2.0
"""Whose each name on the page is: two owners of one name would make the page unreadable for Prometheus."""

from collections.abc import Iterable
from typing import final

from podium.core.plugins.errors import PluginError

_SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "summary": ("_sum", "_count", "_created"),
    "info": ("_info",),
}


def names_of(name: str, kind: str) -> tuple[str, ...]:
    """All names that a metric takes: its own and those of its samples."""
    return (name, *(name + suffix for suffix in _SUFFIXES.get(kind, ())))


@final
class Names:
    """Which names are taken."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[object, str]] = {}

    def claim(self, names: Iterable[str], owner: object, called: str) -> None:
        """Take names. Raises PluginError `metric_exists`, and none of them is taken then."""
        wanted = tuple(names)
        for name in wanted:
            if name in self._owners:
                raise PluginError(
                    "metric_exists", f"{called} cannot have metric {name!r}: {self._owners[name][1]} has it", "name"
                )
        self._owners |= dict.fromkeys(wanted, (owner, called))

    def release(self, owner: object) -> None:
        """Give back whatever an owner has."""
        self._owners = {name: each for name, each in self._owners.items() if each[0] is not owner}
