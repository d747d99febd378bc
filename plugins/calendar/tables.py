# SPDX-License-Identifier: Apache-2.0
"""What is kept: an outbox with one row for each mail, the sessions it is about as they were last seen, the number of
the last change that was read, what people answered, and who may read which feed.

One mail is due to somebody for each method and sequence, and the unique key of the outbox says so: reading a change
twice cannot invite twice. Secrets of feeds are kept as hashes; join links are not kept at all.
"""

import sqlalchemy as sa

from podium.core import NAMING_CONVENTION, UtcDateTime

LONGEST_ID = 64
LONGEST_ADDRESS = 320
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Of a row; only `INTEGER` counts by itself on SQLite."""

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

invitations = sa.Table(
    "calendar_invitations",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("session_id", sa.String(LONGEST_ID), nullable=False),
    sa.Column("recipient", sa.String(LONGEST_ADDRESS), nullable=False),  # the address, to compare by
    sa.Column("person", sa.Text(), nullable=False),  # JSON of Person: somebody who was uninvited is in no session
    sa.Column("method", sa.String(10), nullable=False),
    sa.Column("sequence", sa.Integer(), nullable=False),
    sa.Column("occasion", sa.String(16), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),  # of what the recipient was told
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("maybe_delivered", sa.Boolean(), nullable=False),  # a server had it, or may have
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("sending", sa.Integer(), nullable=False),  # how often it was asked for
    sa.Column("stamp", UtcDateTime(), nullable=False),  # DTSTAMP and Date
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
    sa.Column("lease_until", UtcDateTime()),
    sa.Column("lease_holder", sa.String(LONGEST_ID)),
    sa.Column("message_id", sa.String(255)),
    sa.Column("sent_at", UtcDateTime()),
    sa.Column("last_error", sa.Text()),
    sa.UniqueConstraint("session_id", "recipient", "sequence", "method"),
    sa.Index("ix_calendar_invitations_state_next_attempt_at", "state", "next_attempt_at"),
    sa.Index("ix_calendar_invitations_recipient", "recipient"),
)

sessions = sa.Table(
    "calendar_sessions",
    metadata,
    sa.Column("session_id", sa.String(LONGEST_ID), primary_key=True),
    sa.Column("change_number", sa.BigInteger(), nullable=False),
    sa.Column("ends_at", UtcDateTime(), nullable=False),  # of the last class
    sa.Column("view", sa.Text(), nullable=False),  # JSON of SessionView
    sa.Index("ix_calendar_sessions_ends_at", "ends_at"),
)

cursor = sa.Table(
    "calendar_cursor",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),  # 1
    sa.Column("change_number", sa.BigInteger(), nullable=False),
)

replies = sa.Table(
    "calendar_replies",
    metadata,
    sa.Column("session_id", sa.String(LONGEST_ID), primary_key=True),
    sa.Column("recipient", sa.String(LONGEST_ADDRESS), primary_key=True),
    sa.Column("recurrence_id", sa.String(32), primary_key=True),  # one class of a series; empty for all of it
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("sequence", sa.Integer(), nullable=False),
    sa.Column("stamp", UtcDateTime(), nullable=False),
    sa.Column("received_at", UtcDateTime(), nullable=False),
)

feeds = sa.Table(
    "calendar_feeds",
    metadata,
    sa.Column("secret_hash", sa.String(64), primary_key=True),
    sa.Column("recipient", sa.String(LONGEST_ADDRESS), nullable=False),
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Index("ix_calendar_feeds_recipient", "recipient"),
)
