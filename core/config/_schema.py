# SPDX-License-Identifier: Apache-2.0
"""The settings as a flat list of keys, and what is said about each: expectation, environment variables, nearest name.

Derived from the types in `_settings`, so that a new setting is one annotated line there.
"""

import difflib
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from ._settings import Config
from ._values import IpAddress, PortRange

Path = tuple[str, ...]

PREFIX = "PODIUM_"
SEPARATOR = "__"
FILE_SUFFIX = "_file"


class Key(NamedTuple):
    """One setting."""

    path: Path
    type: Any
    """The plain type, without annotations."""
    annotation: Any
    default: object
    metas: tuple[msgspec.Meta, ...]

    @property
    def name(self) -> str:
        """`web.port`"""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """`PODIUM_WEB__PORT`"""
        return variable_name(self.path)

    @property
    def plain_variable(self) -> str | None:
        """`MAX_PARTICIPANTS`, for the few keys that have one."""
        name: str | None = self._extra("variable")
        return name

    @property
    def is_secret(self) -> bool:
        return bool(self._extra("secret"))

    @property
    def file_path(self) -> Path:
        """The key that names a file to read a secret from."""
        return (*self.path[:-1], self.path[-1] + FILE_SUFFIX)

    @property
    def description(self) -> str:
        return next((meta.description for meta in reversed(self.metas) if meta.description), "")

    @property
    def expected(self) -> str:
        """What a value has to be, as the end of "expected ..."."""
        return self._extra("expected") or _expectation(self.type, self.metas)

    def _extra(self, name: str) -> Any:
        return next((meta.extra[name] for meta in self.metas if meta.extra and name in meta.extra), None)


def variable_name(path: Path) -> str:
    """The environment variable of a key."""
    return PREFIX + SEPARATOR.join(path).upper()


def walk(table: type[msgspec.Struct] = Config, path: Path = ()) -> Iterator[Key]:
    """All keys below a table, in order of declaration."""
    hints = get_type_hints(table, include_extras=True)
    for field in msgspec.structs.fields(table):
        plain, metas = _unwrap(hints[field.name])
        here = (*path, field.name)
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            yield from walk(plain, here)
        elif not any(meta.extra and meta.extra.get("internal") for meta in metas):
            made = field.default_factory is not msgspec.NODEFAULT
            yield Key(here, plain, hints[field.name], field.default_factory() if made else field.default, metas)


def tables(table: type[msgspec.Struct] = Config, path: Path = ()) -> Iterator[tuple[Path, type[msgspec.Struct]]]:
    """All tables below a table, each before the tables in it."""
    hints = get_type_hints(table)
    for field in msgspec.structs.fields(table):
        kind = hints[field.name]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield (*path, field.name), kind
            yield from tables(kind, (*path, field.name))


def _unwrap(annotation: Any) -> tuple[Any, tuple[msgspec.Meta, ...]]:
    if get_origin(annotation) is Annotated:
        return annotation.__origin__, annotation.__metadata__
    return annotation, ()


def _expectation(kind: Any, metas: tuple[msgspec.Meta, ...]) -> str:
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return ("a whole number" if kind is int else "a number") + _range(metas)
    if kind is IpAddress:
        return "an IPv4 or IPv6 address"
    if kind is PortRange:
        return "a range of ports such as `50000-50100`, one port, or `0`"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list without repetition, each {_expectation(get_args(kind)[0], ())}"
    if kind is not str:
        return f"a value of type {kind.__name__ if isinstance(kind, type) else kind}"
    return "a text that is not empty" if any(meta.min_length for meta in metas) else "a text"


def _range(metas: tuple[msgspec.Meta, ...]) -> str:
    """` from 0 to 9`, as far as there are bounds."""
    lowest = next((meta.ge for meta in metas if meta.ge is not None), None)
    highest = next((meta.le for meta in metas if meta.le is not None), None)
    if lowest is not None and highest is not None:
        return f" from {lowest} to {highest}"
    if lowest is not None:
        return f" not below {lowest}"
    return f" not above {highest}" if highest is not None else ""


class Schema(NamedTuple):
    """All that may be set in a table and those inside of it: the whole configuration, or the table of one plugin."""

    keys: Mapping[Path, Key]
    tables: Mapping[Path, type[msgspec.Struct]]
    secret_files: Mapping[Path, Key]

    @classmethod
    def of(cls, table: type[msgspec.Struct], path: Path = ()) -> "Schema":
        keys = {key.path: key for key in walk(table, path)}
        inner = {path: table, **dict(tables(table, path))} if path else dict(tables(table, path))
        return cls(keys, inner, {key.file_path: key for key in keys.values() if key.is_secret})


CORE = Schema.of(Config)
KEYS: Mapping[Path, Key] = types.MappingProxyType(CORE.keys)
TABLES: Mapping[Path, type[msgspec.Struct]] = types.MappingProxyType(CORE.tables)


def nearest(path: Path, schema: Schema) -> Path:
    """The valid key or table most like a wrong one: in the same table if one comes close, anywhere otherwise."""
    names = {".".join(known): known for known in [*schema.keys, *schema.secret_files, *schema.tables]}
    siblings = [name for name, known in names.items() if known[:-1] == path[:-1]]
    name = ".".join(path)
    close = difflib.get_close_matches(path[-1], [names[sibling][-1] for sibling in siblings], 1, 0.6)
    if close:
        return (*path[:-1], close[0])
    elsewhere = [known for known in schema.keys if known[-1] == path[-1]]
    if elsewhere:
        return elsewhere[0]
    return names[difflib.get_close_matches(name, names, 1, 0.0)[0]]
