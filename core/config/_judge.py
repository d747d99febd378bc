# SPDX-License-Identifier: Apache-2.0
"""Judging: what was given is held against a schema, and every fault becomes a line with its place and the remedy.

The schema is that of Podium itself or that of one plugin; both speak the same language.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import msgspec

from ._convert import convert
from ._schema import Key, Path, Schema, nearest, variable_name
from ._sources import Given, UnreadableError
from ._values import toml_value


class Setting(NamedTuple):
    """The effective value of one key and where it came from."""

    key: Key
    value: Any
    origin: str


def without_doubles(layer: Iterable[Given], schema: Schema, problems: list[str]) -> list[Given]:
    """Refuse a secret that one source gives both directly and by file."""
    given = list(layer)
    paths = {one.path for one in given}
    for one in given:
        key = schema.secret_files.get(one.path)
        if key is not None and key.path in paths:
            problems.append(f"{one.origin}: {'.'.join(one.path)}: {key.name} is given as well; keep one of the two")
    return given


def judge(given: Given, schema: Schema, settings: dict[Path, Setting], problems: list[str]) -> None:
    """Take over one value, or add to the problems what is wrong with it."""
    try:
        if given.path in schema.secret_files:
            given = _read_secret(given, schema)
    except UnreadableError as error:
        problems.append(str(error))
        return
    path, value, origin, is_text = given
    key = schema.keys.get(path)
    if key is None:
        problems.append(_unknown(given, schema))
        return
    try:
        settings[path] = Setting(key, convert(key, value, is_text=is_text), origin)
    except (ValueError, msgspec.ValidationError):
        found = "something else" if key.is_secret else _shown(value, is_text=is_text)
        problems.append(f"{origin}: {key.name}: expected {key.expected}, found {found}")


def _read_secret(given: Given, schema: Schema) -> Given:
    name = ".".join(given.path)
    if not isinstance(given.value, str):
        found = _shown(given.value, is_text=False)
        raise UnreadableError(f"{given.origin}: {name}: expected the path of a file, found {found}")
    try:
        text = FilePath(given.value).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UnreadableError(f"{given.origin}: {name}: cannot read {given.value}: {reason}") from error
    return Given(schema.secret_files[given.path].path, text, f"{given.origin} ({given.value})", is_text=True)


def _unknown(given: Given, schema: Schema) -> str:
    path, value, origin, is_text = given
    name = ".".join(path)
    if path in schema.tables:
        return f"{origin}: {name}: expected a table with keys in it, found {_shown(value, is_text=is_text)}"
    parent = next((path[:depth] for depth in range(1, len(path)) if path[:depth] in schema.keys), None)
    if parent is not None and not is_text:
        return f"{origin}: {'.'.join(parent)}: expected {schema.keys[parent].expected}, found a table"
    if not schema.keys:
        return f"{origin}: {name}: there is no such key; {'.'.join(path[:-1])} has none"
    valid = nearest(path, schema)
    likely = variable_name(valid) if is_text else ".".join(valid)
    return f"{origin}: {name}: there is no such key; the nearest is {likely}"


def _shown(value: object, *, is_text: bool) -> str:
    return "a table" if isinstance(value, dict) else f"`{value if is_text else toml_value(value)}`"


def build(table: type[Any], schema: Schema, settings: Mapping[Path, Setting], path: Path = ()) -> Any:
    """The struct that holds all values of a table."""
    values = {}
    for key in settings:
        if key[: len(path)] == path and len(key) == len(path) + 1:
            values[key[-1]] = settings[key].value
    for inner in schema.tables:
        if inner[: len(path)] == path and len(inner) == len(path) + 1:
            values[inner[-1]] = build(schema.tables[inner], schema, settings, inner)
    return table(**values)
