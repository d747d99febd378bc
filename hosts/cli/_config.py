# SPDX-License-Identifier: Apache-2.0
"""`podium config check`, `show` and `reference`."""

import os
import sys
from pathlib import Path

from podium.core.config import Config, ConfigError, as_toml, load_config, load_settings, reference

INVALID = 2


def run(action: str, file: Path | None) -> int:
    """One of the actions; the exit status."""
    if action == "reference":
        print(reference(), end="")
        return 0
    try:
        settings = load_settings(file, os.environ)
        if action == "check":
            check_plugins(load_config(file, os.environ))
    except ConfigError as error:
        return complain(error)
    print(as_toml(settings).rstrip() if action == "show" else "The configuration is valid.")
    return 0


def check_plugins(config: Config) -> None:
    """Import the plugins that are enabled. Raises ConfigError with what keeps any of them from running."""
    if not config.plugins.given:
        return
    from podium.core.plugins.catalog import Catalog
    from podium.core.plugins.discovery import installed

    entries = Catalog(config.plugins, installed()).entries.values()
    problems = [f"plugin {entry.name}: {problem}" for entry in entries for problem in entry.problems]
    if problems:
        raise ConfigError(problems)


def complain(error: ConfigError) -> int:
    """Print every fault on a line of its own; the exit status for a wrong configuration."""
    for problem in error.problems:
        print(f"podium: {problem}", file=sys.stderr)
    return INVALID
