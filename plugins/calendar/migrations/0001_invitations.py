# SPDX-License-Identifier: Apache-2.0
"""The outbox, and what it needs to know."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar_invitations",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("maybe_delivered", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sending", sa.Integer(), nullable=False),
        sa.Column("stamp", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("lease_holder", sa.String(64)),
        sa.Column("message_id", sa.String(255)),
        sa.Column("sent_at", TIME),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_invitations"),
        sa.UniqueConstraint(
            "session_id",
            "recipient",
            "sequence",
            "method",
            name="uq_calendar_invitations_session_id_recipient_sequence_method",
        ),
    )
    op.create_index(
        "ix_calendar_invitations_state_next_attempt_at", "calendar_invitations", ["state", "next_attempt_at"]
    )
    op.create_index("ix_calendar_invitations_recipient", "calendar_invitations", ["recipient"])
    op.create_table(
        "calendar_sessions",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_calendar_sessions"),
    )
    op.create_table(
        "calendar_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_cursor"),
    )
    op.create_table(
        "calendar_replies",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("recurrence_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("stamp", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "recipient", "recurrence_id", name="pk_calendar_replies"),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_calendar_feeds"),
    )
    op.create_index("ix_calendar_feeds_recipient", "calendar_feeds", ["recipient"])
    op.execute("INSERT INTO calendar_cursor (id, change_number) VALUES (1, 0)")
