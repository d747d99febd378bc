# SPDX-License-Identifier: Apache-2.0
"""Whose table is whose.

Plugins of different authors share one database, so a table's name tells its owner: it begins with the plugin's name,
or the plugin claims it by its exact name. A name has one owner. What would differ between SQLite and PostgreSQL, such
as upper case or times without a zone, is refused as well.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import DateTime, MetaData, Table

from .errors import TableError

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""For `MetaData(naming_convention=NAMING_CONVENTION)`: a constraint without a name cannot be changed by a migration."""

VERSION_PREFIX = "alembic_version_"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")  # PostgreSQL cuts names at 63 bytes


@dataclass(frozen=True, slots=True)
class PluginTables:
    """What one plugin keeps in the database.

    `migrations` is the package with the plugin's Alembic revisions, one file each. `claims` are the names of tables
    that do not begin with the plugin's name.
    """

    name: str
    metadata: MetaData
    migrations: str
    claims: frozenset[str] = frozenset()

    @property
    def prefix(self) -> str:
        """How the plugin's tables begin."""
        return prefix_of(self.name)

    @property
    def version_table(self) -> str:
        """The table with the revision at which this plugin's tables are."""
        return VERSION_PREFIX + self.prefix.removesuffix("_")


def prefix_of(plugin: str) -> str:
    return plugin.replace("-", "_").replace(".", "_").lower() + "_"


def check_tables(plugins: Sequence[PluginTables]) -> None:
    """Raise TableError for the first plugin whose tables break a rule; of two with one name, for the later one."""
    owners: dict[str, str] = {}
    versions: dict[str, str] = {}
    for plugin in plugins:
        for problem in _problems(plugin):
            raise TableError(plugin.name, problem)
        if (other := versions.setdefault(plugin.version_table, plugin.name)) is not plugin.name:
            raise TableError(plugin.name, f"its tables cannot be told from those of plugin {other}; rename one")
        for name in sorted({*plugin.metadata.tables, *plugin.claims}):
            if (owner := owners.setdefault(name, plugin.name)) is not plugin.name:
                raise TableError(plugin.name, f"table {name} belongs to plugin {owner} already; one has to rename it")


def _problems(plugin: PluginTables) -> Iterator[str]:
    if not _NAME.fullmatch(plugin.version_table):
        yield f"the name of its version table, {plugin.version_table}, is no plain name of at most 63 characters"
    for name in sorted(plugin.claims):
        if not _NAME.fullmatch(name) or name.startswith(VERSION_PREFIX):
            yield f"it cannot claim a table {name!r}"
    for table in plugin.metadata.tables.values():
        yield from _problems_of(table, plugin)


def _problems_of(table: Table, plugin: PluginTables) -> Iterator[str]:
    if table.schema is not None:
        yield f"table {table.fullname} names a schema; SQLite has none"
    elif not _NAME.fullmatch(table.name) or table.name.startswith(VERSION_PREFIX):
        yield f"table {table.name} has to be named in lower case, with at most 63 letters, digits and underscores"
    elif table.name not in plugin.claims and not table.name.startswith(plugin.prefix):
        yield f"table {table.name} has to be named {plugin.prefix}{table.name}, or be claimed by its exact name"
    for column in table.columns:
        if isinstance(column.type, DateTime):  # which UtcDateTime wraps and is not
            yield f"column {table.name}.{column.name} holds times of unknown zone; use podium.core.UtcDateTime"


def owner_of(table: str, plugins: Iterable[PluginTables], others: Iterable[str] = ()) -> str | None:
    """The name of the plugin that a table belongs to: who declares it, else whose prefix fits best.

    `others` are plugins known by name only, such as those that are not enabled now but left a version table.
    """
    prefixes = {prefix_of(name): name for name in others}
    for plugin in plugins:
        if table in plugin.claims or table in plugin.metadata.tables:
            return plugin.name
        prefixes[plugin.prefix] = plugin.name
    fitting = [prefix for prefix in prefixes if table.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else None
