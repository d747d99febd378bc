# SPDX-License-Identifier: Apache-2.0
"""What is kept: the recordings, what is to be done for them, and the key that links are signed with.

A job is a row for as long as there is something to do. Whoever holds its lease does it; who does not renew the lease
loses it. Steps can be done again, so a job is never half done.
"""

import sqlalchemy as sa

from podium.core import NAMING_CONVENTION, UtcDateTime

LONGEST_ID = 64
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Of a row; only `INTEGER` counts by itself on SQLite."""

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

recordings = sa.Table(
    "session_recordings",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("session_id", sa.String(LONGEST_ID), nullable=False),  # of the room
    sa.Column("series_id", sa.String(LONGEST_ID), nullable=False),  # of the session that the room is a class of
    sa.Column("title", sa.Text(), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("paused", sa.Boolean(), nullable=False),
    sa.Column("started_at", UtcDateTime(), nullable=False),
    sa.Column("started_by", sa.String(320)),  # null: by itself
    sa.Column("ended_at", UtcDateTime()),
    sa.Column("end_reason", sa.String(32)),
    sa.Column("available_at", UtcDateTime()),
    sa.Column("place", sa.String(32), nullable=False),
    sa.Column("host", sa.String(32), nullable=False),  # which run of a host captures, or did last
    sa.Column("seen_at", UtcDateTime(), nullable=False),  # when capture was last known to go on
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
    sa.Column("track_list", sa.Text(), nullable=False),  # JSON of KeptTrack
    sa.Column("told", sa.Boolean(), nullable=False),  # some host has counted and told how it ended
    sa.Column("delete_at", UtcDateTime()),
    sa.Column("captured", sa.Boolean(), nullable=False),  # its packets are still there
    sa.Index("ix_session_recordings_session_id_started_at", "session_id", "started_at"),
    sa.Index("ix_session_recordings_series_id", "series_id"),
    sa.Index("ix_session_recordings_state", "state"),
    sa.Index("ix_session_recordings_started_at", "started_at"),
    sa.Index(
        "uq_session_recordings_running",  # one of a class at a time
        "session_id",
        unique=True,
        sqlite_where=sa.text("state = 'RECORDING'"),
        postgresql_where=sa.text("state = 'RECORDING'"),
    ),
)

jobs = sa.Table(
    "recording_jobs",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("recording_id", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("place", sa.String(32), nullable=False),
    sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("failing_since", UtcDateTime()),
    sa.Column("lease_until", UtcDateTime()),
    sa.Column("lease_holder", sa.String(LONGEST_ID)),
    sa.Column("last_error", sa.Text()),
    sa.UniqueConstraint("recording_id", "kind"),
    sa.Index("ix_recording_jobs_place_next_attempt_at", "place", "next_attempt_at"),
)

keys = sa.Table(
    "recording_keys",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),  # 1
    sa.Column("link_key", sa.LargeBinary(32), nullable=False),
)
