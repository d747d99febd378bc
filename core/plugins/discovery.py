# SPDX-License-Identifier: Apache-2.0
"""Which plugins are installed, from the metadata of distributions, without importing any; and importing one.

pluggy's own way of loading entry points would import everything that is installed, enabled or not.
"""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from podium.core.plugins.errors import PluginError, contain, summary
from podium.core.plugins.plugin import API_VERSION, Plugin

GROUP = "podium.plugins"


class Installed(NamedTuple):
    """An entry point of the group, with the distribution it came from."""

    entry_point: EntryPoint
    distribution: str
    version: str
    rivals: tuple[str, ...] = ()
    """Other distributions that bring a plugin of the same name."""

    def load(self) -> Plugin:
        """Import the plugin. Raises PluginError, whatever the import raises."""
        name = self.entry_point.name
        if self.rivals:
            both = ", ".join((self.distribution, *self.rivals))
            raise PluginError("plugin_ambiguous", f"several distributions bring it: {both}; uninstall all but one")
        try:
            plugin = self.entry_point.load()
        except BaseException as error:
            fault = contain(error)
            message = f"{self.entry_point.value} cannot be imported: {summary(fault)}"
            raise PluginError("plugin_import", message) from fault
        if not isinstance(plugin, Plugin):
            raise PluginError("plugin_type", f"{self.entry_point.value} is no Plugin but {plugin!r:.80}")
        if plugin.name != name:
            raise PluginError("plugin_name", f"calls itself {plugin.name!r}, but its entry point is named {name!r}")
        if plugin.api != API_VERSION:
            raise PluginError(
                "plugin_api",
                f"is made for API version {plugin.api}; this Podium has {API_VERSION}: install another version",
            )
        return plugin


def installed() -> dict[str, Installed]:
    """Everything installed, by name."""
    return arrange(entry_points(group=GROUP))


def arrange(points: Iterable[EntryPoint]) -> dict[str, Installed]:
    found: dict[str, Installed] = {}
    for point in points:
        name = point.dist.name if point.dist is not None else "unknown"
        version = point.dist.version if point.dist is not None else "unknown"
        before = found.get(point.name)
        if before is None:
            found[point.name] = Installed(point, name, version)
        elif name not in (before.distribution, *before.rivals):
            found[point.name] = before._replace(rivals=(*before.rivals, name))
    return found
