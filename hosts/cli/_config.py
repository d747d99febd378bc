# SPDX-License-Identifier: Apache-2.0
"""`podium config check`, `show` and `reference`."""

import os
import sys
from pathlib import Path

from podium.core.config import ConfigError, as_toml, load_settings, reference

INVALID = 2


def run(action: str, file: Path | None) -> int:
    """One of the actions; the exit status."""
    if action == "reference":
        print(reference(), end="")
        return 0
    try:
        settings = load_settings(file, os.environ)
    except ConfigError as error:
        return complain(error)
    print(as_toml(settings).rstrip() if action == "show" else "The configuration is valid.")
    return 0


def complain(error: ConfigError) -> int:
    """Print every fault on a line of its own; the exit status for a wrong configuration."""
    for problem in error.problems:
        print(f"podium: {problem}", file=sys.stderr)
    return INVALID
