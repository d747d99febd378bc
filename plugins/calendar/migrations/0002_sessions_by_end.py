# SPDX-License-Identifier: Apache-2.0
"""Sessions in the order of their ends: old ones are deleted, and feeds are read by it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_calendar_sessions_ends_at", "calendar_sessions", ["ends_at"])
