# SPDX-License-Identifier: Apache-2.0
"""Classes and settings, the people of each class, and bans."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "moderation_rooms",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("waiting_room", sa.Boolean),
        sa.Column("spotlight_id", sa.String(64)),
        sa.Column("spotlight_source", sa.String(16), nullable=False),
        sa.Column("series_id", sa.String(64)),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_moderation_rooms"),
    )
    op.create_index("ix_moderation_rooms_used_at", "moderation_rooms", ["used_at"])
    op.create_table(
        "moderation_people",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("entered", sa.Boolean, nullable=False),
        sa.Column("admitted", sa.Boolean, nullable=False),
        sa.Column("promoted", sa.Boolean, nullable=False),
        sa.Column("kicked", sa.Boolean, nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("microphone_muted", sa.Boolean, nullable=False),
        sa.Column("camera_muted", sa.Boolean, nullable=False),
        sa.Column("screen_muted", sa.Boolean, nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True)),
        sa.Column("hand_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("session_id", "participant_id", name="pk_moderation_people"),
    )
    op.create_table(
        "moderation_bans",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "participant_id", name="pk_moderation_bans"),
    )
    op.create_index("ix_moderation_bans_used_at", "moderation_bans", ["used_at"])
