# SPDX-License-Identifier: Apache-2.0
"""Times in tables are aware and UTC, on both databases.

PostgreSQL keeps the instant and gives it back in the connection's time zone; SQLite keeps text without a zone. This
type accepts aware times only, stores UTC, and returns UTC. Durations need no type of ours: `sqlalchemy.Interval`.
"""

from datetime import UTC, datetime
from typing import final

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


@final
class UtcDateTime(TypeDecorator[datetime]):
    """A column of aware times: `mapped_column(UtcDateTime())` or `Column("at", UtcDateTime(), nullable=False)`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - theirs
        """Refuse a time whose zone nobody can tell."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC) or give it a tzinfo")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - theirs
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
