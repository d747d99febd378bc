# SPDX-License-Identifier: Apache-2.0
"""`podium PLUGIN COMMAND`: commands that enabled plugins bring.

The plugin is found as the host finds it, with its settings and, when it has tables, its database; no host has to run.
Exit status 0 is success, 1 a failure, 2 wrong arguments or a wrong configuration; a command may return another.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import trio

from podium.core.config import Config, ConfigError, load_config
from podium.core.errors import PodiumError
from podium.core.plugins.catalog import Catalog, Entry
from podium.core.plugins.commands import CommandContext, PluginCommand
from podium.core.plugins.discovery import installed
from podium.core.plugins.errors import contain, summary
from podium.core.plugins.plugin import Plugin
from podium.core.plugins.storage import open_storage
from podium.hosts.cli._config import complain
from podium.hosts.cli._logging import configure_logging

FAILED = 1

logger = logging.getLogger(__name__)

Refuse = Callable[[str], NoReturn]
"""Ends the program as argparse does, with the usage and status 2."""


def run(
    words: Sequence[str], refuse: Refuse, core: Sequence[str], add_config: Callable[[argparse.ArgumentParser], None]
) -> int:
    """The command that `words` say, the plugin first; the exit status. `core` are the commands that are not plugins."""
    try:
        config = load_config(_config_file(words[1:], add_config), os.environ)
    except ConfigError as error:
        return complain(error)
    catalog = Catalog(config.plugins, installed())
    entry = catalog.entries.get(words[0])
    if entry is None or not entry.enabled or (entry.plugin is not None and not entry.plugin.commands):
        refuse(_why_not(words[0], entry, catalog, core))
    if entry.problems or entry.plugin is None:
        for problem in entry.problems:
            print(f"podium: plugin {entry.name}: {problem}", file=sys.stderr)
        return FAILED
    configure_logging(config.log)
    return _run_command(entry.plugin, entry.config, words[1:], config, add_config)


def _config_file(words: Sequence[str], add_config: Callable[[argparse.ArgumentParser], None]) -> Path | None:
    """The file that `--config` names: it has to be read before the plugin can say which arguments there are."""
    parser = argparse.ArgumentParser(prog="podium", add_help=False, allow_abbrev=False)
    add_config(parser)
    file: Path | None = parser.parse_known_args(words)[0].config
    return file


def _why_not(name: str, entry: Entry | None, catalog: Catalog, core: Sequence[str]) -> str:
    if entry is None:
        enabled = [each.name for each in catalog.entries.values() if each.plugin is not None and each.plugin.commands]
        plugins = f"; plugins with commands: {', '.join(enabled) or 'none'}"
        return f"argument command: invalid choice: {name!r} (choose from {', '.join(core)}{plugins})"
    if not entry.enabled and name in catalog.configured:
        return f"plugin {name!r} is switched off by its setting `enabled`"
    if not entry.enabled:
        return f"plugin {name!r} is installed but not enabled; a table [plugins.{name}] in podium.toml enables it"
    return f"plugin {name!r} has no commands"


def _run_command(
    plugin: Plugin,
    settings: Any,
    words: Sequence[str],
    config: Config,
    add_config: Callable[[argparse.ArgumentParser], None],
) -> int:
    try:
        arguments = _parser(plugin, add_config).parse_args(words)
    except Exception as error:  # of the plugin's own function; wrong arguments end in SystemExit
        return _report(plugin.name, error)
    command: PluginCommand = vars(arguments).pop("podium_command")
    try:
        return trio.run(_in_trio, plugin, settings, command, arguments, config)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BaseException as error:
        return _report(f"{plugin.name} {command.name}", contain(error))


async def _in_trio(
    plugin: Plugin, settings: Any, command: PluginCommand, arguments: argparse.Namespace, config: Config
) -> int:
    async with open_storage(config.database.url) as prepare:
        context = CommandContext(
            plugin.name,
            config=settings,
            database=(await prepare(plugin)).database,
            directory=Path(config.storage.directory) / plugin.name,
        )
        return await command.function(context, arguments) or 0


def _parser(plugin: Plugin, add_config: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"podium {plugin.name}", description=f"Commands of plugin {plugin.name}.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in plugin.commands.values():
        said = command.documentation.replace("%", "%%")
        one = commands.add_parser(command.name, help=said.partition("\n")[0], description=said)
        if command.arguments is not None:
            command.arguments(one)
        add_config(one)
        one.set_defaults(podium_command=command)
    return parser


def _report(what: str, error: BaseException) -> int:
    """Say why a command failed: what was raised on purpose in a sentence, anything else with its traceback."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED if error.code else 0
    if isinstance(error, PodiumError):
        print(f"podium: {error.message}", file=sys.stderr)
    else:
        logger.critical("command failed", exc_info=error)
        print(f"podium: {what}: {summary(error)}", file=sys.stderr)
    return FAILED
