# SPDX-License-Identifier: Apache-2.0
"""The table of stays."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run once for each database, when the plugin starts."""
    op.create_table(
        "attendance_stays",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("participant_id", sa.String, nullable=False),
        sa.Column("display_name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attendance_stays"),
    )
    op.create_index(
        "ix_attendance_stays_session_id_participant_id", "attendance_stays", ["session_id", "participant_id"]
    )
    op.create_index("ix_attendance_stays_left_at", "attendance_stays", ["left_at"])
