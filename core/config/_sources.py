# SPDX-License-Identifier: Apache-2.0
"""Where settings come from: podium.toml, the environment, and defaults a command brings.

Each source yields what was given, with its origin in words that lead a reader to it. Nothing is judged here except
what makes a source unreadable as a whole.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import NamedTuple

from ._schema import KEYS, PREFIX, SEPARATOR, TABLES, Key, Path

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.\s\"'-]+?)\s*\]")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\s\"'-]+?)\s*=")


class Given(NamedTuple):
    """One value that somebody gave."""

    path: Path
    value: object
    origin: str
    is_text: bool
    """From the environment: the key decides how to read it."""


class UnreadableError(Exception):
    """A source cannot be read at all."""


def from_defaults(values: Mapping[str, object], origin: str) -> Iterator[Given]:
    """Defaults of a command, such as those of `podium serve --dev`, by dotted key."""
    for name, value in values.items():
        yield Given(tuple(name.split(".")), value, origin, is_text=False)


def from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    """Plain names first, so that `PODIUM_<TABLE>__<KEY>` wins over them. An empty variable counts as not set."""
    yield from from_plain_names(environment, KEYS.values())
    for name in sorted(environment):
        if name.startswith(PREFIX) and SEPARATOR in name and environment[name]:
            path = tuple(name.removeprefix(PREFIX).lower().split(SEPARATOR))
            yield Given(path, environment[name], f"environment variable {name}", is_text=True)


def from_plain_names(environment: Mapping[str, str], keys: Iterable[Key]) -> Iterator[Given]:
    """Values of the keys that have a plain environment variable besides, such as `MAX_PARTICIPANTS`."""
    for key in keys:
        name = key.plain_variable
        if name and environment.get(name):
            yield Given(key.path, environment[name], f"environment variable {name}", is_text=True)


def from_file(file: FilePath) -> Iterator[Given]:
    """Every key of a TOML file, with its line."""
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise UnreadableError(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableError(f"{file}: is not valid TOML: {error}") from error
    lines = key_lines(text)
    for path, value in _flatten(document, ()):
        line = next((lines[path[:depth]] for depth in range(len(path), 0, -1) if path[:depth] in lines), None)
        yield Given(path, value, f"{file}:{line}" if line else str(file), is_text=False)


def _flatten(table: Mapping[str, object], path: Path) -> Iterator[tuple[Path, object]]:
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, dict) and (here in TABLES or here not in KEYS) and value:
            yield from _flatten(value, here)
        elif not (here in TABLES and value == {}):
            yield here, value


def key_lines(text: str) -> dict[Path, int]:
    """The line on which each table or key of a TOML text first appears.

    tomllib keeps no positions. A plain scan is enough, since only keys that tomllib found are looked up; what it misses
    (keys of inline tables) is reported with the line of its table.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            found.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            found.setdefault(table + _parts(assignment[1]), number)
    return found


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
