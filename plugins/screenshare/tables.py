# SPDX-License-Identifier: Apache-2.0
"""What is kept: every share from its start to its end, the rules of sessions, and who was allowed to share in person.

A row of `screen_shares` without an end is a share that runs, or ran when the host was last heard of.
"""

from sqlalchemy import Boolean, Column, Index, MetaData, String, Table

from podium.core import NAMING_CONVENTION, UtcDateTime

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
CLAIMS = ("screen_shares",)

SHARES = Table(
    "screen_shares",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("session_id", String(64), nullable=False),  # the class, which is also the room
    Column("participant_id", String(64), nullable=False),
    Column("display_name", String(64), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("ended_at", UtcDateTime()),
    Column("ended_by", String(64)),  # a participant or the name of an API key
    Column("reason", String(16)),
    Column("audio", Boolean, nullable=False),
    Index("ix_screen_shares_session_id_started_at", "session_id", "started_at"),
    Index("ix_screen_shares_ended_at_started_at", "ended_at", "started_at"),
)

RULES = Table(
    "screenshare_rules",
    METADATA,
    Column("session_id", String(64), primary_key=True),  # a session, a class of a series, or an ad-hoc room
    Column("who", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("takeover", String(16), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", String(64)),
)

ALLOWED = Table(
    "screenshare_allowed",
    METADATA,
    Column("session_id", String(64), primary_key=True),  # the class
    Column("participant_id", String(64), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("allowed_at", UtcDateTime(), nullable=False),
    Column("allowed_by", String(64)),
)
