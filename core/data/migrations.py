# SPDX-License-Identifier: Apache-2.0
"""The migration history of each plugin: its own Alembic environment, built here, and its own version table.

A history shared by all plugins would break every upgrade once one is uninstalled. A plugin brings revision files only,
no env.py: they lie in the package it names. Each plugin is upgraded in one transaction on both databases, under a lock
that lets one process at a time do it, and cannot make or drop a table that is not its own.

These functions block. Alembic takes seconds to import and keeps module-level state, so it is imported when needed and
used by one thread at a time.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Engine, inspect, text

from .differences import describe
from .engine import READING, Limits, make_engine, parse_url, sqlite_file
from .errors import DatabaseError, MigrationError, translated
from .tables import VERSION_PREFIX, PluginTables, check_tables, owner_of

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

logger = logging.getLogger(__name__)

_LIMITS = Limits(statement=0.0, lock=60.0, connections=1)
_ADVISORY_LOCK = 0x706F6469756D  # "podium"
_ONE_THREAD = threading.Lock()


class Migrated(NamedTuple):
    """What `upgrade` did for one plugin; nothing when both revisions are the same."""

    plugin: str
    before: str | None
    after: str | None


class Revision(NamedTuple):
    """Where the tables of one plugin are, the newest revision it brings, and what is between the two."""

    plugin: str
    current: str | None
    head: str | None
    pending: tuple[str, ...]


def upgrade(database_url: str, plugins: Sequence[PluginTables]) -> list[Migrated]:
    """Bring the tables of all plugins, one after the other, to the newest revisions.

    TableError before anything is done; MigrationError names the plugin that failed: it is as it was before, those in
    front of it are upgraded.
    """
    check_tables(plugins)
    with _engine(database_url) as engine:
        return [_upgrade(engine, plugin, plugins) for plugin in plugins]


def current(database_url: str, plugins: Sequence[PluginTables]) -> list[Revision]:
    """Where the tables of each plugin are."""
    with _existing(database_url) as engine, engine.connect() as connection:
        return [_revision(connection, plugin) for plugin in plugins]


def check(database_url: str, plugins: Sequence[PluginTables]) -> list[str]:
    """What in the database differs from what the plugins declare, a sentence each; empty when all fits."""
    check_tables(plugins)
    with _existing(database_url) as engine, engine.connect() as connection:
        return [sentence for plugin in plugins for sentence in _check(connection, plugin, plugins)]


def _upgrade(engine: Engine, plugin: PluginTables, plugins: Sequence[PluginTables]) -> Migrated:
    with _said(plugin), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before = _revision(connection, plugin)
        if before.pending:
            tables = _table_names(connection)
            _run(connection, plugin)
            _check_changed(tables ^ _table_names(connection), connection, plugin, plugins)
            _check_references(connection, plugin)
            logger.info("migrated", extra={"plugin": plugin.name, "before": before.current, "after": before.head})
    return Migrated(plugin.name, before.current, before.head)


def _run(connection: Connection, plugin: PluginTables) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _script(plugin)

    def steps(revision: Any, _context: "MigrationContext") -> Any:
        return script._upgrade_revs("head", revision)  # as Alembic's documentation of EnvironmentContext says

    environment = EnvironmentContext(Config(), script, fn=steps)
    with environment:
        environment.configure(
            connection=connection,
            target_metadata=plugin.metadata,
            version_table=plugin.version_table,
            transactional_ddl=True,
        )
        environment.run_migrations()


def _check_changed(
    changed: set[str], connection: Connection, plugin: PluginTables, plugins: Sequence[PluginTables]
) -> None:
    """Refuse a migration that made or dropped a table which is not the plugin's."""
    known = _known(connection)
    for table in sorted(changed - {plugin.version_table}):
        if (owner := owner_of(table, plugins, known)) != plugin.name:
            whose = f"belongs to plugin {owner}" if owner else "belongs to nobody"
            raise MigrationError(
                plugin.name,
                f"its migrations make or drop table {table}, which {whose}; "
                f"it has to begin with {plugin.prefix} or be claimed by its exact name",
            )


def _check_references(connection: Connection, plugin: PluginTables) -> None:
    """SQLite changes a table by copying it, which works only while foreign keys are off: check them afterwards."""
    if connection.dialect.name == "sqlite":
        broken = {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
        if broken:
            raise MigrationError(plugin.name, f"rows of {', '.join(sorted(broken))} refer to rows that are gone")


def _revision(connection: Connection, plugin: PluginTables) -> Revision:
    script = _script(plugin)
    with _said(plugin):
        (found,) = _context(connection, plugin).get_current_heads() or (None,)
        head = script.get_current_head()
        pending = [step.revision for step in script.iterate_revisions(head, found)] if head != found else []
    return Revision(plugin.name, found, head, tuple(reversed(pending)))


def _check(connection: Connection, plugin: PluginTables, plugins: Sequence[PluginTables]) -> Iterator[str]:
    from alembic.autogenerate import compare_metadata

    if pending := _revision(connection, plugin).pending:
        yield f"{plugin.name}: not yet upgraded to {', '.join(pending)}"
        return
    known = _known(connection)

    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or (name is not None and owner_of(name, plugins, known) == plugin.name)

    context = _context(connection, plugin, target_metadata=plugin.metadata, include_name=is_ours)
    for difference in compare_metadata(context, plugin.metadata):
        for sentence in describe(difference):
            yield f"{plugin.name}: {sentence}"


def _context(connection: Connection, plugin: PluginTables, **options: object) -> "MigrationContext":
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": plugin.version_table, **options})


def _script(plugin: PluginTables) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    try:
        folder = files(plugin.migrations)
    except (ImportError, TypeError) as error:
        raise MigrationError(plugin.name, f"there is no package {plugin.migrations}: {error}") from error
    if not isinstance(folder, Path) or not folder.is_dir():
        raise MigrationError(plugin.name, f"the package {plugin.migrations} has to be a folder with an __init__.py")
    return ScriptDirectory(str(folder), version_locations=[str(folder)])


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _known(connection: Connection) -> list[str]:
    """Plugins that ever made tables here, by their version tables."""
    names = _table_names(connection)
    return [name.removeprefix(VERSION_PREFIX) for name in names if name.startswith(VERSION_PREFIX)]


@contextmanager
def _engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(parse_url(database_url), _LIMITS, foreign_keys=False)
    try:
        with _ONE_THREAD, translated():
            yield engine
    finally:
        engine.dispose()


@contextmanager
def _existing(database_url: str) -> Iterator[Engine]:
    """An engine that reads only, and does not make the file it wants to look into."""
    file = sqlite_file(parse_url(database_url))
    if file is not None and not file.exists():
        raise DatabaseError("database_missing", f"there is no database {file} yet; `podium db upgrade` makes it")
    with _engine(database_url) as engine:
        yield engine.execution_options(**READING)


@contextmanager
def _said(plugin: PluginTables) -> Iterator[None]:
    """Whatever a migration raises, said with the plugin's name; what the database says of itself is left alone."""
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    try:
        with translated():
            yield
    except DatabaseError:
        raise
    except (ResolutionError, CommandError) as error:
        raise MigrationError(plugin.name, _explained(error)) from error
    except Exception as error:
        raise MigrationError(plugin.name, f"a migration failed: {type(error).__name__}: {error}") from error


def _explained(error: Exception) -> str:
    cause = error.__cause__ or error
    if type(cause).__name__ == "ResolutionError" and (revision := getattr(cause, "argument", None)):
        return (
            f"its tables are at revision {revision}, which the installed version does not know; "
            f"install the version that made them, or a newer one"
        )
    return str(error)
