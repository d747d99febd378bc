# SPDX-License-Identifier: Apache-2.0
"""The `podium` command.

Parsing is here, each subcommand in a module of its own that is imported only when it runs. Exit status 0 is success,
1 a failure while running, 2 wrong arguments or a wrong configuration. A first word that is no command of Podium's own
is the name of a plugin, or the alias of a plugin's command.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser, core = _parser()
    if words and not words[0].startswith("-") and words[0] not in core:
        from podium.hosts.cli import _command

        return _command.run(words, parser.error, core, _add_config_option)
    parsed = parser.parse_args(words)
    if parsed.command == "config":
        from podium.hosts.cli import _config

        return _config.run(parsed.action, parsed.config)
    if parsed.command == "db":
        from podium.hosts.cli import _db

        return _db.run(parsed.action, parsed.config)
    if parsed.command == "plugins":
        from podium.hosts.cli import _plugins

        return _plugins.run(parsed.config, _plugins.Show(parsed.name, parsed.json, parsed.hooks), parsed.host)
    if parsed.command == "plugin":
        from podium.hosts.cli import _new

        return _new.run(parsed.name, parsed.directory, core)
    if parsed.command == "key":
        from podium.hosts.cli import _key

        return _key.run(parsed.name, parsed.role)
    from podium.hosts.cli import _serve

    return _serve.serve(parsed.config, dev=parsed.dev)


def _parser() -> tuple[argparse.ArgumentParser, Sequence[str]]:
    """The parser, and the names of the commands in it."""
    parser = argparse.ArgumentParser(prog="podium", description=_PODIUM, epilog=_OF_PLUGINS)
    parser.add_argument("--version", action="version", version=f"podium {version('podium')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    serve = commands.add_parser("serve", help="serve classes until stopped", description=_SERVE)
    serve.add_argument("--dev", action="store_true", help="try it on this machine: ad-hoc rooms and ready links")
    _add_config_option(serve)

    config = commands.add_parser("config", help="check or show the configuration")
    _add_actions(config, _CONFIG_ACTIONS)
    database = commands.add_parser("db", help="upgrade or check the tables of the enabled plugins")
    _add_actions(database, _DB_ACTIONS)
    plugins = commands.add_parser("plugins", help="list the plugins", description=_PLUGINS)
    plugins.add_argument("name", nargs="?", help="show everything about this plugin")
    plugins.add_argument("--json", action="store_true", help="print one JSON document with everything known")
    plugins.add_argument("--hooks", action="store_true", help="show the hooks too, in call order, with their counters")
    plugins.add_argument(
        "--host", metavar="URL", help="ask this host, with the administrator's key from PODIUM_KEY, not the one here"
    )
    _add_config_option(plugins)
    _add_plugin_command(commands.add_parser("plugin", help="begin a plugin of your own"))
    key = commands.add_parser("key", help="make an API key for a service", description=_KEY)
    key.add_argument("name", help="what the service is called in logs and in the configuration")
    key.add_argument("--role", choices=("service", "administrator"), default="service", help="default: service")
    return parser, tuple(commands.choices)


def _add_plugin_command(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    new = actions.add_parser("new", help="write a distribution with a working plugin", description=_NEW)
    new.add_argument("name", help="what the plugin is called in podium.toml: small letters, digits and _")
    new.add_argument("--directory", type=Path, metavar="DIR", help="where to write it; default: ./podium-NAME")


def _add_actions(parser: argparse.ArgumentParser, texts: Mapping[str, str]) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    for action, text in texts.items():
        _add_config_option(actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}."))


def _add_config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration file; default: the one PODIUM_CONFIG names, or ./podium.toml when there is one",
    )


_PODIUM = "A self-hosted framework for live online classes."
_OF_PLUGINS = (
    "Enabled plugins may have commands too: `podium PLUGIN COMMAND`; `podium PLUGIN --help` lists them, and says which "
    "are commands of `podium` as well."
)
_SERVE = "Serve classes until stopped by SIGINT or SIGTERM; a second signal stops without waiting."
_PLUGINS = (
    "List the plugins that are installed or enabled, as they are in the host that runs in this directory; without one, "
    "what would run. Exit status 1 when one that is enabled cannot run or has failed."
)
_NEW = (
    "Write a distribution with a small plugin that works: operations, a hook, a table with its migration, settings, a "
    "panel and tests. Change it into your own."
)
_KEY = "Make an API key and print it with its entry in the configuration. Podium keeps the key nowhere."
_CONFIG_ACTIONS = {
    "check": "say whether the configuration is valid; exit status 2 and every fault when it is not",
    "show": "print every setting in effect and where it came from, secrets hidden",
    "reference": "print the reference of all settings in Markdown",
}
_DB_ACTIONS = {
    "upgrade": "bring the tables of each plugin to its newest revision; `podium serve` does it at start",
    "current": "print the revision of each plugin's tables and what is pending",
    "check": "compare the tables with what the plugins declare; exit status 1 and every difference when they differ",
}
