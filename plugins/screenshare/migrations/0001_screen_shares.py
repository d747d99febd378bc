# SPDX-License-Identifier: Apache-2.0
"""Shares, rules of sessions, and who was allowed to share."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "screen_shares",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.String(64)),
        sa.Column("reason", sa.String(16)),
        sa.Column("audio", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_screen_shares"),
    )
    op.create_index("ix_screen_shares_session_id_started_at", "screen_shares", ["session_id", "started_at"])
    op.create_index("ix_screen_shares_ended_at_started_at", "screen_shares", ["ended_at", "started_at"])
    op.create_table(
        "screenshare_rules",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("who", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("takeover", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(64)),
        sa.PrimaryKeyConstraint("session_id", name="pk_screenshare_rules"),
    )
    op.create_table(
        "screenshare_allowed",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allowed_by", sa.String(64)),
        sa.PrimaryKeyConstraint("session_id", "participant_id", name="pk_screenshare_allowed"),
    )
