# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with the database, in Podium's shape.

Only what no caller can foresee is translated: the database is away, busy or too slow. Errors that a caller caused or
waits for, such as SQLAlchemy's IntegrityError, come through as they are. No message has the URL's password in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from podium.core.errors import PodiumError

_POSTGRESQL_CODES = {
    "40001": "database_busy",  # serialization_failure
    "40P01": "database_busy",  # deadlock_detected
    "55P03": "database_busy",  # lock_not_available: lock_timeout
    "57014": "database_timeout",  # query_canceled: statement_timeout
}
_SQLITE_CODES = {
    "SQLITE_BUSY": "database_busy",
    "SQLITE_BUSY_SNAPSHOT": "database_busy",
    "SQLITE_LOCKED": "database_busy",
    "SQLITE_INTERRUPT": "database_timeout",
    "SQLITE_CANTOPEN": "database_unavailable",
    "SQLITE_NOTADB": "database_unavailable",
}


class DatabaseError(PodiumError):
    """The database cannot be used as asked; codes: database_unavailable, _busy, _timeout, _closed, _url_invalid."""


class TableError(DatabaseError):
    """The tables that `plugin` declares break a rule: prefix, spelling, one owner, aware times."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__("tables_invalid", f"plugin {plugin}: {message}")
        self.plugin = plugin


class MigrationError(DatabaseError):
    """The migrations of `plugin` cannot be found or run; what the failed run had done is rolled back."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__("migration_failed", f"plugin {plugin}: {message}")
        self.plugin = plugin


@contextmanager
def translated() -> Iterator[None]:
    """Turn the drivers' words for away, busy and too slow into DatabaseError."""
    try:
        yield
    except DBAPIError as error:
        code = _code_of(error)
        if code is None:
            raise
        raise DatabaseError(code, _MESSAGES[code].format(reason=_reason(error))) from error


_MESSAGES = {
    "database_unavailable": "the database cannot be reached: {reason}",
    "database_busy": "the database is busy with another transaction; try again: {reason}",
    "database_timeout": "the database took too long and was interrupted: {reason}",
}


def _code_of(error: DBAPIError) -> str | None:
    original = error.orig
    if known := _POSTGRESQL_CODES.get(getattr(original, "sqlstate", None) or ""):
        return known
    if known := _SQLITE_CODES.get(getattr(original, "sqlite_errorname", "")):
        return known
    # psycopg raises OperationalError without a state when there is no connection to get one from.
    is_unreachable = type(original).__name__ == "OperationalError" and getattr(original, "sqlstate", "") is None
    return "database_unavailable" if error.connection_invalidated or is_unreachable else None


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0] or type(error.orig).__name__
