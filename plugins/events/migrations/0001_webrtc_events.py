# SPDX-License-Identifier: Apache-2.0
"""The first form of the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "webrtc_events",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.String(64)),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("plugin", sa.String(32)),
        sa.Column("actor_id", sa.String(64)),
        sa.Column("actor_name", sa.String(128)),
        sa.Column("actor_role", sa.String(16)),
        sa.Column("subject_id", sa.String(64)),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webrtc_events"),
    )
    op.create_index("ix_webrtc_events_session_id_at_id", "webrtc_events", ["session_id", "at", "id"])
    op.create_index("ix_webrtc_events_at_id", "webrtc_events", ["at", "id"])
