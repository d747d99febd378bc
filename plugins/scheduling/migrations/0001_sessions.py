# SPDX-License-Identifier: Apache-2.0
"""Sessions, their people and their classes."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, and the one row of the installation."""
    op.create_table(
        "video_sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("instructor_email", sa.String(254), nullable=False),
        sa.Column("local_start", sa.String(16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer, nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("recurrence", sa.String(200)),
        sa.Column("recording", sa.Boolean, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("change_number", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_video_sessions"),
        sa.UniqueConstraint("change_number", name="uq_video_sessions_change_number"),
    )
    op.create_table(
        "session_participants",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("participant_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("time_zone", sa.String(64)),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "participant_id", name="pk_session_participants"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["video_sessions.id"], name="fk_session_participants_session_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("session_id", "email_key", name="uq_session_participants_session_id_email_key"),
    )
    op.create_index("ix_session_participants_email_key", "session_participants", ["email_key"])
    op.create_table(
        "scheduling_classes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("original_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("warned", sa.Boolean, nullable=False),
        sa.Column("exception", sa.Boolean, nullable=False),
        sa.Column("instructor_email", sa.String(254), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scheduling_classes"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["video_sessions.id"], name="fk_scheduling_classes_session_id", ondelete="CASCADE"
        ),
    )
    for columns in (
        ["session_id", "starts_at"],
        ["starts_at", "id"],
        ["state", "starts_at", "id"],
        ["state", "ends_at"],
        ["instructor_email", "starts_at", "id"],
        ["instructor_email", "state", "starts_at", "id"],
    ):
        op.create_index(f"ix_scheduling_classes_{'_'.join(columns)}", "scheduling_classes", columns)
    installation = op.create_table(
        "scheduling_installation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("change_number", sa.BigInteger, nullable=False),
        sa.Column("invitation_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scheduling_installation"),
    )
    op.bulk_insert(installation, [{"id": 1, "change_number": 0, "invitation_key": secrets.token_urlsafe(32)}])
