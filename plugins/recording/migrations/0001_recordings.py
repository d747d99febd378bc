# SPDX-License-Identifier: Apache-2.0
"""Recordings, their jobs, and the key of links."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "session_recordings",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("series_id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("started_by", sa.String(320)),
        sa.Column("ended_at", TIME),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("available_at", TIME),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("host", sa.String(32), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("duration", sa.Double()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("crc32c", sa.BigInteger()),
        sa.Column("object", sa.String(1000)),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("behind", sa.Double(), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("problem_code", sa.String(64)),
        sa.Column("problem", sa.Text()),
        sa.Column("tracks", sa.String(16), nullable=False),
        sa.Column("track_list", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("delete_at", TIME),
        sa.Column("captured", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session_recordings"),
    )
    op.create_index("ix_session_recordings_session_id_started_at", "session_recordings", ["session_id", "started_at"])
    op.create_index("ix_session_recordings_series_id", "session_recordings", ["series_id"])
    op.create_index("ix_session_recordings_state", "session_recordings", ["state"])
    op.create_index("ix_session_recordings_started_at", "session_recordings", ["started_at"])
    op.create_index(
        "uq_session_recordings_running",
        "session_recordings",
        ["session_id"],
        unique=True,
        sqlite_where=sa.text("state = 'RECORDING'"),
        postgresql_where=sa.text("state = 'RECORDING'"),
    )
    op.create_table(
        "recording_jobs",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recording_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("lease_holder", sa.String(64)),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_recording_jobs"),
        sa.UniqueConstraint("recording_id", "kind", name="uq_recording_jobs_recording_id_kind"),
    )
    op.create_index("ix_recording_jobs_place_next_attempt_at", "recording_jobs", ["place", "next_attempt_at"])
    op.create_table(
        "recording_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("link_key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_keys"),
    )
