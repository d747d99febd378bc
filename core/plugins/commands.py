# SPDX-License-Identifier: Apache-2.0
"""Commands of plugins: `podium attendance export algebra`, for work that needs no running host.

A command gets its plugin's settings and database, and no rooms: it runs in a process of its own, often beside a host.
"""

import argparse
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, final

import structlog

from podium.core.plugins.errors import PluginError

PARAMETERS = ("context", "arguments")


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

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.function) or ""


def declared_command(function: Command, arguments: AddArguments | None) -> PluginCommand:
    """What `@plugin.command` keeps. Raises PluginError `command_invalid`."""
    name = function.__name__.replace("_", "-")
    if not inspect.iscoroutinefunction(function) or tuple(inspect.signature(function).parameters) != PARAMETERS:
        what = "has to be an `async def` function of (context, arguments)"
        raise PluginError("command_invalid", f"command {name} {what}")
    return PluginCommand(name, function, arguments)
