# SPDX-License-Identifier: Apache-2.0
"""Data: one database for all plugins, each with tables and a migration history of its own.

`open_database` gives a `Database`, whose `run` and `read` carry a plain function into a thread and one transaction.
`upgrade`, `current` and `check` are for threads and commands: they block. SQLite and PostgreSQL behave alike as far as
`engine` can make them.
"""

from .database import Database, DatabaseStatistics, open_database
from .errors import DatabaseError, MigrationError, TableError
from .migrations import Migrated, Revision, check, current, upgrade
from .tables import NAMING_CONVENTION, PluginTables, check_tables
from .times import UtcDateTime

__all__ = [
    "NAMING_CONVENTION",
    "Database",
    "DatabaseError",
    "DatabaseStatistics",
    "Migrated",
    "MigrationError",
    "PluginTables",
    "Revision",
    "TableError",
    "UtcDateTime",
    "check",
    "check_tables",
    "current",
    "open_database",
    "upgrade",
]
