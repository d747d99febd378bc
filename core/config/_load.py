# SPDX-License-Identifier: Apache-2.0
"""Loading: sources are laid over each other, every value is judged, every fault is reported at once.

From weak to strong: built-in defaults, the command's defaults, podium.toml, plain environment variables, `PODIUM_*`
variables. Values that a stronger source overrides are checked all the same: a wrong file is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath

import msgspec

from podium.core.errors import PodiumError

from ._judge import Setting, build, judge, without_doubles
from ._plugins import of_plugin
from ._schema import CORE, KEYS, PREFIX, Path
from ._settings import Config
from ._sources import Given, UnreadableError, from_defaults, from_environment, from_file

FILE_NAME = "podium.toml"
FILE_VARIABLE = "PODIUM_CONFIG"


class ConfigError(PodiumError):
    """The configuration cannot be used; `problems` has one line for each fault, naming its place and the remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("config_invalid", "\n".join(self.problems))


def load_config(
    file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> Config:
    """The configuration, or ConfigError naming all that is wrong; see `load_settings`."""
    settings, given = _load(file, environment, defaults)
    config: Config = build(Config, CORE, settings)
    plugins = msgspec.structs.replace(config.plugins, given=given, variables=_others(environment or {}))
    return msgspec.structs.replace(config, plugins=plugins)


def load_settings(
    file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> dict[Path, Setting]:
    """Every key with its effective value.

    `file` has to exist when given; otherwise the file named by PODIUM_CONFIG is read, or ./podium.toml when there is
    one. `environment` is os.environ or a stand-in; `defaults` maps dotted keys to values weaker than any of these.
    Tables of plugins are not judged here: their plugins do.
    """
    return _load(file, environment, defaults)[0]


def _load(
    file: FilePath | None, environment: Mapping[str, str] | None, defaults: Mapping[str, object] | None
) -> tuple[dict[Path, Setting], tuple[Given, ...]]:
    environment = environment or {}
    settings = {path: Setting(key, key.default, "default") for path, key in KEYS.items()}
    problems: list[str] = []
    for_plugins: list[Given] = []
    for layer in _layers(file, environment, defaults or {}):
        try:
            given = list(layer)
            for_plugins += filter(of_plugin, given)
            for one in without_doubles([one for one in given if not of_plugin(one)], CORE, problems):
                judge(one, CORE, settings, problems)
        except UnreadableError as error:
            problems.append(str(error))
    problems += _conflicts(settings)
    if problems:
        raise ConfigError(problems)
    return settings, tuple(for_plugins)


def _others(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What is left of the environment for plain names that plugins declare; core does not know them."""
    return tuple(sorted((name, value) for name, value in environment.items() if value and not name.startswith(PREFIX)))


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


def _conflicts(settings: Mapping[Path, Setting]) -> Iterator[str]:
    """Values that are right alone and wrong together."""
    ports, workers = settings["media", "ports"], settings["media", "workers"]
    if not ports.value.is_ephemeral and workers.value > len(ports.value.ports):
        yield (
            f"{workers.origin}: media.workers: expected at most one worker for each port of media.ports "
            f"({len(ports.value.ports)}), found {workers.value}"
        )
