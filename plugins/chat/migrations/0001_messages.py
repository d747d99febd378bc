# SPDX-License-Identifier: Apache-2.0
"""Messages and rules."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "chat_messages",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender_id", sa.String(64), nullable=False),
        sa.Column("sender_name", sa.String(64), nullable=False),
        sa.Column("sender_role", sa.String(16), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("to_id", sa.String(64)),
        sa.Column("to_name", sa.String(64)),
        sa.Column("text", sa.Text),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("deleted_by_id", sa.String(64)),
        sa.Column("deleted_by_name", sa.String(64)),
        sa.PrimaryKeyConstraint("session_id", "number", name="pk_chat_messages"),
        sa.UniqueConstraint("session_id", "message_id", name="uq_chat_messages_session_id_message_id"),
    )
    op.create_index("ix_chat_messages_at", "chat_messages", ["at"])
    op.create_table(
        "chat_rules",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("public", sa.String(16), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_chat_rules"),
    )
    op.create_index("ix_chat_rules_updated_at", "chat_rules", ["updated_at"])
