# SPDX-License-Identifier: Apache-2.0
"""Loading: sources are laid over each other, every value is judged, every fault is reported at once.

From weak to strong: built-in defaults, the command's defaults, podium.toml, plain environment variables, `PODIUM_*`
variables. Values that a stronger source overrides are checked all the same: a wrong file is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import msgspec

from podium.core.errors import PodiumError

from ._convert import convert
from ._schema import KEYS, SECRET_FILES, TABLES, Key, Path, nearest, variable_name
from ._settings import Config
from ._sources import Given, UnreadableError, from_defaults, from_environment, from_file
from ._values import toml_value

FILE_NAME = "podium.toml"
FILE_VARIABLE = "PODIUM_CONFIG"


class ConfigError(PodiumError):
    """The configuration cannot be used; `problems` has one line for each fault, naming its place and the remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("config_invalid", "\n".join(self.problems))


class Setting(NamedTuple):
    """The effective value of one key and where it came from."""

    key: Key
    value: Any
    origin: str


def load_config(
    file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> Config:
    """The configuration, or ConfigError naming all that is wrong; see `load_settings`."""
    config: Config = _build(Config, load_settings(file, environment, defaults))
    return config


def load_settings(
    file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> dict[Path, Setting]:
    """Every key with its effective value.

    `file` has to exist when given; otherwise the file named by PODIUM_CONFIG is read, or ./podium.toml when there is
    one. `environment` is os.environ or a stand-in; `defaults` maps dotted keys to values weaker than any of these.
    """
    environment = environment or {}
    settings = {path: Setting(key, key.default, "default") for path, key in KEYS.items()}
    problems: list[str] = []
    for layer in _layers(file, environment, defaults or {}):
        try:
            given = _without_doubles(layer, problems)
            for one in given:
                _judge(one, settings, problems)
        except UnreadableError as error:
            problems.append(str(error))
    problems += _conflicts(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _layers(
    file: FilePath | None, environment: Mapping[str, str], defaults: Mapping[str, object]
) -> Iterator[Iterable[Given]]:
    yield from_defaults(defaults, "default of this command")
    if file is None and environment.get(FILE_VARIABLE):
        file = FilePath(environment[FILE_VARIABLE])
    if file is not None:
        yield from_file(file)
    elif FilePath(FILE_NAME).is_file():
        yield from_file(FilePath(FILE_NAME))
    yield from_environment(environment)


def _without_doubles(layer: Iterable[Given], problems: list[str]) -> list[Given]:
    """Refuse a secret that one source gives both directly and by file."""
    given = list(layer)
    paths = {one.path for one in given}
    for one in given:
        key = SECRET_FILES.get(one.path)
        if key is not None and key.path in paths:
            problems.append(f"{one.origin}: {'.'.join(one.path)}: {key.name} is given as well; keep one of the two")
    return given


def _judge(given: Given, settings: dict[Path, Setting], problems: list[str]) -> None:
    try:
        if given.path in SECRET_FILES:
            given = _read_secret(given)
    except UnreadableError as error:
        problems.append(str(error))
        return
    path, value, origin, is_text = given
    key = KEYS.get(path)
    if key is None:
        problems.append(_unknown(given))
        return
    try:
        settings[path] = Setting(key, convert(key, value, is_text=is_text), origin)
    except (ValueError, msgspec.ValidationError):
        found = "something else" if key.is_secret else _shown(value, is_text=is_text)
        problems.append(f"{origin}: {key.name}: expected {key.expected}, found {found}")


def _read_secret(given: Given) -> Given:
    name = ".".join(given.path)
    if not isinstance(given.value, str):
        found = _shown(given.value, is_text=False)
        raise UnreadableError(f"{given.origin}: {name}: expected the path of a file, found {found}")
    try:
        text = FilePath(given.value).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UnreadableError(f"{given.origin}: {name}: cannot read {given.value}: {reason}") from error
    return Given(SECRET_FILES[given.path].path, text, f"{given.origin} ({given.value})", is_text=True)


def _unknown(given: Given) -> str:
    path, value, origin, is_text = given
    name = ".".join(path)
    if path in TABLES:
        return f"{origin}: {name}: expected a table with keys in it, found {_shown(value, is_text=is_text)}"
    parent = next((path[:depth] for depth in range(1, len(path)) if path[:depth] in KEYS), None)
    if parent is not None and not is_text:
        return f"{origin}: {'.'.join(parent)}: expected {KEYS[parent].expected}, found a table"
    valid = nearest(path)
    likely = variable_name(valid) if is_text else ".".join(valid)
    return f"{origin}: {name}: there is no such key; the nearest is {likely}"


def _shown(value: object, *, is_text: bool) -> str:
    return "a table" if isinstance(value, dict) else f"`{value if is_text else toml_value(value)}`"


def _conflicts(settings: Mapping[Path, Setting]) -> Iterator[str]:
    """Values that are right alone and wrong together."""
    ports, workers = settings["media", "ports"], settings["media", "workers"]
    if not ports.value.is_ephemeral and workers.value > len(ports.value.ports):
        yield (
            f"{workers.origin}: media.workers: expected at most one worker for each port of media.ports "
            f"({len(ports.value.ports)}), found {workers.value}"
        )


def _build(table: type[Any], settings: Mapping[Path, Setting], path: Path = ()) -> Any:
    values = {}
    for field in msgspec.structs.fields(table):
        here = (*path, field.name)
        values[field.name] = _build(TABLES[here], settings, here) if here in TABLES else settings[here].value
    return table(**values)
