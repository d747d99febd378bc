# SPDX-License-Identifier: Apache-2.0
"""Commands of plugins: `podium attendance export algebra`, for work that needs no running host.

One that is used much, or run as a service, may have an alias: `podium recorder` for `podium recording recorder`.

A command gets its plugin's settings and database, and no rooms: it runs in a process of its own, often beside a host.
"""

import argparse
import inspect
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, final

import structlog

from podium.core.plugins.errors import PluginError

PARAMETERS = ("context", "arguments")
CORE_COMMANDS = ("serve", "config", "db", "plugins", "plugin", "key")
"""Podium's own, which no plugin's command may be called like."""

_ALIAS = re.compile(r"[a-z][a-z0-9_]{0,31}")


@final
class CommandContext:
    """What a command is given."""

    def __init__(self, name: str, *, config: Any = None, database: Any = None, directory: Path) -> None:
        self.name = name
        self.config = config
        """The plugin's settings, an instance of the class it declared; None when it declared none."""
        self.database = database
        """Its database, its tables at their newest revision; None when it declared no tables."""
        self.directory = directory
        """Its own folder for files, the one that the host gives it; not there until the plugin makes it."""
        self.log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"podium.plugins.{name}").bind(plugin=name)


Command = Callable[[CommandContext, argparse.Namespace], Awaitable[int | None]]
AddArguments = Callable[[argparse.ArgumentParser], object]


class PluginCommand(NamedTuple):
    """A command with its name on the command line."""

    name: str
    function: Command
    arguments: AddArguments | None
    alias: str | None = None
    """Its name beside `serve` and `config`, without that of the plugin."""

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.function) or ""


def declared_command(
    function: Command, arguments: AddArguments | None, plugin: str, alias: str | None = None
) -> PluginCommand:
    """What `@plugin.command` keeps, for the plugin of this name. Raises PluginError `command_invalid`."""
    name = function.__name__.replace("_", "-")
    if not inspect.iscoroutinefunction(function) or tuple(inspect.signature(function).parameters) != PARAMETERS:
        what = "has to be an `async def` function of (context, arguments)"
        raise PluginError("command_invalid", f"command {name} {what}")
    if alias is not None:
        _check_alias(name, alias, plugin)
    return PluginCommand(name, function, arguments, alias)


def _check_alias(name: str, alias: str, plugin: str) -> None:
    if not _ALIAS.fullmatch(alias):
        what = "has to be 1 to 32 characters out of a-z, 0-9 and _, a letter first"
    elif alias in CORE_COMMANDS:
        what = "is a command of Podium's own"
    elif alias == plugin:
        what = "is the name of the plugin"
    else:
        return
    raise PluginError("command_invalid", f"command {name}: the alias {alias!r} {what}")
