# SPDX-License-Identifier: Apache-2.0
"""Tables `[plugins.NAME]`: kept as given, judged once the plugin is imported.

A table enables its plugin, be it empty; `enabled = false` in it takes that back. All other keys are those of the
struct that the plugin declares, with the same rules and the same messages as Podium's own. A plain environment variable
(`Meta(extra={"variable": ...})`) sets a key as well and enables nothing. A struct may declare `enabled` itself to give
it such a variable: that can switch off what the table enables, and never the other way round.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ._judge import Setting, build, judge, without_doubles
from ._schema import Key, Schema
from ._settings import PluginsConfig
from ._sources import Given, from_plain_names

PLUGINS = "plugins"
ENABLED = "enabled"


class _NoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin without settings of its own."""


class _Common(msgspec.Struct, frozen=True, kw_only=True):
    """What every plugin's table may have."""

    enabled: bool = True


def of_plugin(given: Given) -> bool:
    """Whether a value is for a plugin."""
    path = given.path
    if len(path) < 2 or path[0] != PLUGINS:
        return False
    return len(path) > 2 or isinstance(given.value, dict)


def enabled_plugins(config: PluginsConfig) -> dict[str, tuple[str, ...]]:
    """Names of all plugins with a table, each with what is wrong with its `enabled`; without those switched off."""
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(one.path[1] for one in config.given):
        switch = [one for one in config.given if one.path == (PLUGINS, name, ENABLED)]
        common, problems = _judged(_Common, name, switch)
        if problems or common.enabled:
            found[name] = tuple(problems)
    return found


def plugin_config(config: PluginsConfig, name: str, struct: type[msgspec.Struct] | None) -> tuple[Any, tuple[str, ...]]:
    """The settings of a plugin as its struct, or None and one line for each fault."""
    kind = struct or _NoSettings
    own = any(field.name == ENABLED for field in msgspec.structs.fields(kind))
    table = (PLUGINS, name)
    given = [
        one
        for one in config.given
        if one.path[:2] == table and len(one.path) > 2 and (own or one.path != (*table, ENABLED))
    ]
    value, problems = _judged(kind, name, given, dict(config.variables))
    return (value if struct is not None and not problems else None), tuple(problems)


def is_switched_off(value: Any) -> bool:
    """Whether the settings of a plugin whose struct declares `enabled` say that it is not to run."""
    return getattr(value, ENABLED, True) is False


def switched_on(value: Any) -> Any:
    """The same settings, for a plugin that is to run all the same."""
    return msgspec.structs.replace(value, enabled=True) if is_switched_off(value) else value


def _judged(
    struct: type[msgspec.Struct], name: str, given: Iterable[Given], variables: Mapping[str, str] | None = None
) -> tuple[Any, list[str]]:
    schema = Schema.of(struct, (PLUGINS, name))
    given = _with_plain_names(list(given), from_plain_names(variables or {}, schema.keys.values()))
    settings = {path: Setting(key, key.default, "default") for path, key in schema.keys.items()}
    problems: list[str] = []
    for one in without_doubles(given, schema, problems):
        judge(one, schema, settings, problems)
    problems += [_missing(each.key) for each in settings.values() if each.value is msgspec.NODEFAULT and not problems]
    if problems:
        return None, problems
    try:
        return build(struct, schema, settings, (PLUGINS, name)), []
    except (ValueError, TypeError) as error:  # from the struct's own __post_init__
        return None, [f"{PLUGINS}.{name}: {error}"]


def _with_plain_names(given: list[Given], plain: Iterable[Given]) -> list[Given]:
    """In front of what `PODIUM_*` variables say, which win over plain ones, and behind everything else."""
    weaker = [one for one in given if not one.is_text]
    return [*weaker, *plain, *(one for one in given if one.is_text)]


def _missing(key: Key) -> str:
    return f"{key.name}: is missing; expected {key.expected}"
