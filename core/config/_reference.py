# SPDX-License-Identifier: Apache-2.0
"""Settings as text: the reference page of the documentation, and the effective configuration as TOML.

Both are written from the types, so they cannot disagree with what is accepted.
"""

from collections.abc import Iterable, Mapping

from ._judge import Setting
from ._schema import KEYS, TABLES, Key, Path
from ._values import toml_value

_INTRODUCTION = """\
<!-- Written by `podium config reference`; edit core/config/_settings.py instead. -->

# Configuration

Podium runs without any configuration. What should differ from the defaults stands in a file `podium.toml`: the file
that `--config` names, or the one that the environment variable `PODIUM_CONFIG` names, or `podium.toml` in the working
directory.

Every key can also be set as an environment variable, `PODIUM_<TABLE>__<KEY>`, which wins over the file; a few have a
plain name besides. Lists are separated by commas there, and an empty variable counts as not set. A **secret** is never
shown, and can be read from a file: append `_file` to its key and give the path.

A table `[plugins.NAME]` enables the plugin of that name. What is wrong in it keeps only that plugin from running. The
keys of a plugin are on its own page, see [Plugins](plugins/index.md). Some have plain environment variables too, such
as `JOIN_WINDOW_MINUTES`; these enable nothing.

An unknown key or a wrong value elsewhere stops Podium with exit status 2 and a message that names the place, the key,
what was expected and the nearest valid key. `podium config check` only looks, at the tables of plugins too;
`podium config show` prints every value in effect and where it came from.
"""


def reference() -> str:
    """The configuration reference in Markdown."""
    return _INTRODUCTION + "".join(_section(path) for path in TABLES if _keys(path)) + _plain_names()


def as_toml(settings: Mapping[Path, Setting]) -> str:
    """Effective settings as a podium.toml with a comment on the origin of each; secrets hidden."""
    parts = []
    for table in TABLES:
        lines = [_assignment(settings[key.path]) for key in _keys(table)]
        if lines:
            parts.append(f"[{'.'.join(table)}]\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _keys(table: Path) -> list[Key]:
    return [key for path, key in KEYS.items() if path[:-1] == table]


def _section(table: Path) -> str:
    heading = f"\n## `[{'.'.join(table)}]`\n\n{(TABLES[table].__doc__ or '').splitlines()[0]}\n"
    return heading + "".join(_entry(key) for key in _keys(table))


def _entry(key: Key) -> str:
    secret = " **Secret.**" if key.is_secret else ""
    return (
        f"\n### `{key.path[-1]}`\n\n{key.description}{secret}\n\n"
        f"- Type: {key.expected}\n- Default: `{toml_value(key.default)}`\n"
        f"- Environment: {_and(_variables(key))}\n"
    )


def _variables(key: Key) -> Iterable[str]:
    return [f"`{name}`" for name in (key.variable, key.plain_variable) if name]


def _and(words: Iterable[str]) -> str:
    return " or ".join(words)


def _plain_names() -> str:
    rows = [f"| `{key.plain_variable}` | `{key.name}` |\n" for key in KEYS.values() if key.plain_variable]
    return "\n## Plain environment variables\n\n| variable | key |\n|---|---|\n" + "".join(rows)


def _assignment(setting: Setting) -> str:
    hidden = setting.key.is_secret and setting.origin != "default"
    value = '"(hidden)"' if hidden else toml_value(setting.value)
    return f"{setting.key.path[-1]} = {value}  # {setting.origin}"
