# SPDX-License-Identifier: Apache-2.0
"""`podium PLUGIN COMMAND`: commands that enabled plugins bring; `podium ALIAS` for those that have an alias.

The plugin is found as the host finds it, with its settings and, when it has tables, its database; no host has to run.
Exit status 0 is success, 1 a failure, 2 wrong arguments or a wrong configuration; a command may return another. SIGINT
and SIGTERM cancel it, with the status 130 or 143.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

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
from podium.hosts.cli._ending import canceled_by_signals
from podium.hosts.cli._logging import configure_logging

FAILED = 1

logger = logging.getLogger(__name__)

AddConfig = Callable[[argparse.ArgumentParser], None]
Refuse = Callable[[str], NoReturn]
"""Ends the program as argparse does, with the usage and status 2."""


def run(words: Sequence[str], refuse: Refuse, core: Sequence[str], add_config: AddConfig) -> int:
    """The command that `words` say, the plugin first; the exit status. `core` are the commands that are not plugins."""
    try:
        config = load_config(_config_file(words[1:], add_config), os.environ)
    except ConfigError as error:
        return complain(error)
    catalog = Catalog(config.plugins, installed())
    called = _aliased(words[0], catalog)
    if words[0] not in catalog.entries and called:
        if len(called) > 1:
            refuse(f"{words[0]!r} could be {' or '.join(map(str, called))}; say which")
        return _run_alias(called[0], words, config, add_config)
    for other in called:
        print(f"podium: {words[0]!r} is a plugin; the command with this alias is {other}", file=sys.stderr)
    entry = catalog.entries.get(words[0])
    if entry is None or not entry.enabled or (entry.plugin is not None and not entry.plugin.commands):
        refuse(_why_not(words[0], entry, catalog, core))
    if entry.problems or entry.plugin is None:
        return _cannot_run(entry)
    plugin = entry.plugin
    return _run_command(entry, lambda: _parser(plugin, add_config), words[1:], config)


class _Called(NamedTuple):
    """A command with an alias, and the plugin that has it."""

    entry: Entry
    command: PluginCommand

    def __str__(self) -> str:
        return f"`podium {self.entry.name} {self.command.name}`"


def _aliased(word: str, catalog: Catalog) -> list[_Called]:
    """Commands of enabled plugins with this alias; two plugins that know nothing of each other may have the same."""
    return [each for each in _with_alias(catalog) if each.command.alias == word]


def _with_alias(catalog: Catalog) -> Iterator[_Called]:
    for entry in catalog.entries.values():
        commands = entry.plugin.commands.values() if entry.enabled and entry.plugin is not None else ()
        yield from (_Called(entry, command) for command in commands if command.alias is not None)


def _run_alias(called: _Called, words: Sequence[str], config: Config, add_config: AddConfig) -> int:
    if called.entry.problems:
        return _cannot_run(called.entry)

    def parser() -> argparse.ArgumentParser:
        return _fill(argparse.ArgumentParser(prog=f"podium {words[0]}"), called.command, add_config)

    return _run_command(called.entry, parser, words[1:], config)


def _cannot_run(entry: Entry) -> int:
    for problem in entry.problems:
        print(f"podium: plugin {entry.name}: {problem}", file=sys.stderr)
    return FAILED


def _config_file(words: Sequence[str], add_config: AddConfig) -> Path | None:
    """The file that `--config` names: it has to be read before the plugin can say which arguments there are."""
    parser = argparse.ArgumentParser(prog="podium", add_help=False, allow_abbrev=False)
    add_config(parser)
    file: Path | None = parser.parse_known_args(words)[0].config
    return file


def _why_not(name: str, entry: Entry | None, catalog: Catalog, core: Sequence[str]) -> str:
    if entry is None:
        enabled = [each.name for each in catalog.entries.values() if each.plugin is not None and each.plugin.commands]
        plugins = f"; plugins with commands: {', '.join(enabled) or 'none'}"
        if aliases := [str(each.command.alias) for each in _with_alias(catalog)]:
            plugins += f"; of plugins: {', '.join(aliases)}"
        return f"argument command: invalid choice: {name!r} (choose from {', '.join(core)}{plugins})"
    if not entry.enabled and name in catalog.configured:
        return f"plugin {name!r} is switched off by its setting `enabled`"
    if not entry.enabled:
        return f"plugin {name!r} is installed but not enabled; a table [plugins.{name}] in podium.toml enables it"
    return f"plugin {name!r} has no commands"


def _run_command(
    entry: Entry, make_parser: Callable[[], argparse.ArgumentParser], words: Sequence[str], config: Config
) -> int:
    configure_logging(config.log)
    assert entry.plugin is not None
    try:
        arguments = make_parser().parse_args(words)
    except Exception as error:  # of the plugin's own function; wrong arguments end in SystemExit
        return _report(entry.name, error)
    command: PluginCommand = vars(arguments).pop("podium_command")
    try:
        return trio.run(_in_trio, entry.plugin, entry.config, command, arguments, config)
    except BaseException as error:
        if _is_interruption(error):
            return 128 + signal.SIGINT
        return _report(f"{entry.name} {command.name}", contain(error))


async def _in_trio(
    plugin: Plugin, settings: Any, command: PluginCommand, arguments: argparse.Namespace, config: Config
) -> int:
    with canceled_by_signals() as ending:
        async with open_storage(config.database.url) as prepare:
            context = CommandContext(
                plugin.name,
                config=settings,
                database=(await prepare(plugin)).database,
                directory=Path(config.storage.directory) / plugin.name,
            )
            ending.status = await command.function(context, arguments) or 0
    return ending.status


def _is_interruption(error: BaseException) -> bool:
    """Whether somebody pressed Ctrl+C once more, because the command did not end."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(KeyboardInterrupt) is not None
    return isinstance(error, KeyboardInterrupt)


def _parser(plugin: Plugin, add_config: AddConfig) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"podium {plugin.name}", description=f"Commands of plugin {plugin.name}.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in plugin.commands.values():
        said = command.documentation.partition("\n")[0].replace("%", "%%")
        also = f" (also: podium {command.alias})" if command.alias is not None else ""
        one = commands.add_parser(command.name, help=said + also)
        _fill(one, command, add_config)
    return parser


def _fill(parser: argparse.ArgumentParser, command: PluginCommand, add_config: AddConfig) -> argparse.ArgumentParser:
    said = command.documentation
    parser.description = said.replace("%", "%%") if "%(prog)" in said else said  # only then argparse looks at any %
    if command.arguments is not None:
        command.arguments(parser)
    add_config(parser)
    parser.set_defaults(podium_command=command)
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
