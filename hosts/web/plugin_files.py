# SPDX-License-Identifier: Apache-2.0
"""The files of a plugin for browsers, out of the folder `static/` of its package.

They are read once, before the plugin starts, so that one that is missing or too large is said then; and bounded,
because they stay in memory while the plugin runs.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from podium.core.plugins.errors import PluginError
from podium.core.plugins.plugin import Plugin
from podium.hosts.web.assets import CONTENT_TYPES

FOLDER = "static"
MEGABYTE = 1024 * 1024
LARGEST_FILE = 2 * MEGABYTE
LARGEST_FOLDER = 16 * MEGABYTE


def read_files(plugin: Plugin) -> Mapping[str, bytes]:
    """The plugin's files by their path in `static/`. Raises PluginError `plugin_static`."""
    if plugin.static is None:
        return {}
    folder = files(plugin.static).joinpath(FOLDER)
    if not folder.is_dir():
        raise PluginError("plugin_static", f"package {plugin.static} has no folder {FOLDER}/")
    found: dict[str, bytes] = {}
    total = 0
    for path, file in _walk(folder):
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        total += len(content)
        if len(content) > LARGEST_FILE:
            raise PluginError("plugin_static", f"{FOLDER}/{path} is larger than {LARGEST_FILE // MEGABYTE} MB")
        if total > LARGEST_FOLDER:
            raise PluginError("plugin_static", f"{FOLDER}/ is larger than {LARGEST_FOLDER // MEGABYTE} MB in all")
        found[path] = content
    for panel in plugin.panels.values():
        if panel.module not in found:
            raise PluginError("plugin_static", f"{FOLDER}/{panel.module}, the module of panel {panel.name}, is missing")
    return found


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    """The files that browsers understand; others are left alone."""
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            yield from _walk(each, f"{prefix}{each.name}/")
        elif PurePosixPath(each.name).suffix in CONTENT_TYPES:
            yield prefix + each.name, each
