# SPDX-License-Identifier: Apache-2.0
"""What there is to run: installed plugins, those the configuration enables, imported and checked, in starting order.

Nothing is started here, so `podium plugins` and `podium config check` use the same look as the host. What is wrong with
one plugin is kept with it and keeps nobody else from running.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.core.config import PluginsConfig, enabled_plugins, is_switched_off, plugin_config, switched_on
from podium.core.plugins.discovery import Installed
from podium.core.plugins.errors import PluginError
from podium.core.plugins.ordering import Needs, order
from podium.core.plugins.plugin import Plugin


@dataclass(frozen=True, slots=True)
class Entry:
    """One plugin that is installed or enabled; `plugin` is None unless it was imported."""

    name: str
    enabled: bool
    installed: Installed | None
    plugin: Plugin | None = None
    config: Any = None
    problems: tuple[str, ...] = ()

    @property
    def version(self) -> str | None:
        if self.plugin is not None:
            return self.plugin.version
        return self.installed.version if self.installed is not None else None


class Catalog:
    """All entries by name: those that can run in starting order, then the others."""

    def __init__(self, config: PluginsConfig, found: Mapping[str, Installed]) -> None:
        self._config = config
        self._found = found
        switches = enabled_plugins(config)
        self.entries = {name: self._look(name, problems) for name, problems in switches.items()}
        self.entries |= {name: Entry(name, False, each) for name, each in found.items() if name not in switches}
        self._arrange()

    @property
    def runnable(self) -> tuple[str, ...]:
        """In starting order."""
        return tuple(name for name, entry in self.entries.items() if entry.enabled and not entry.problems)

    @property
    def configured(self) -> frozenset[str]:
        """Those that have a table, whether or not it enables them."""
        return frozenset(one.path[1] for one in self._config.given)

    def enable(self, name: str) -> Entry:
        """Look at a plugin as if its table had been there."""
        self.entries[name] = self._look(name, (), wanted=True)
        self._arrange()
        return self.entries[name]

    def disable(self, name: str) -> None:
        self.entries[name] = Entry(name, False, self._found.get(name))
        self._arrange()

    def _look(self, name: str, problems: tuple[str, ...], *, wanted: bool = False) -> Entry:
        """`wanted`: somebody enables it now, whatever its settings say."""
        found = self._found.get(name)
        if problems:
            return Entry(name, True, found, problems=problems)
        if found is None:
            return Entry(name, True, None, problems=(self._unknown(name),))
        try:
            plugin = found.load()
        except PluginError as error:
            return Entry(name, True, found, problems=(error.message,))
        config, problems = plugin_config(self._config, name, plugin.config)
        if is_switched_off(config) and not wanted:
            return Entry(name, False, found)
        return Entry(name, True, found, plugin, switched_on(config), problems)

    def _unknown(self, name: str) -> str:
        close = difflib.get_close_matches(name, self._found, 1, 0.6)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"plugins.{name}: no plugin of this name is installed{hint}"

    def _arrange(self) -> None:
        """Entries in starting order, those that cannot be ordered with the reason."""
        looked = {name: each for name, each in self.entries.items() if each.enabled and each.plugin is not None}
        whole = {name: each for name, each in looked.items() if not each.problems}
        needs = {
            name: Needs(each.plugin.requires, each.plugin.after)
            for name, each in whole.items()
            if each.plugin is not None
        }
        broken = [name for name, each in self.entries.items() if each.enabled and each.problems]
        arranged = order(needs, broken)
        entries = {name: self.entries[name] for name in arranged.names}
        for name in sorted(self.entries.keys() - entries.keys()):
            entry = self.entries[name]
            if name in arranged.problems:
                problem = arranged.problems[name]
                entry = Entry(name, True, entry.installed, entry.plugin, entry.config, (problem,))
            entries[name] = entry
        self.entries = entries
