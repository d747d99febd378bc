# SPDX-License-Identifier: Apache-2.0
"""What is kept: messages, and the rules of sessions for which somebody has set any.

Messages of a class are numbered from 1 in the order in which they were told; that is the order of every page, and says
without counting how many there are. A message that was deleted keeps its row, without its text.
"""

import sqlalchemy as sa

from podium.core import NAMING_CONVENTION, UtcDateTime

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

messages = sa.Table(
    "chat_messages",
    metadata,
    sa.Column("session_id", sa.String(64), primary_key=True),  # the class, and its room
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime(), nullable=False),
    sa.Column("sender_id", sa.String(64), nullable=False),
    sa.Column("sender_name", sa.String(64), nullable=False),
    sa.Column("sender_role", sa.String(16), nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("to_id", sa.String(64)),  # of a private message to one participant; otherwise it is for those who lead
    sa.Column("to_name", sa.String(64)),
    sa.Column("text", sa.Text),  # none once it was deleted
    sa.Column("deleted_at", UtcDateTime()),
    sa.Column("deleted_by_id", sa.String(64)),  # none when it was no participant
    sa.Column("deleted_by_name", sa.String(64)),
    sa.UniqueConstraint("session_id", "message_id"),
    sa.Index("ix_chat_messages_at", "at"),
)

rules = sa.Table(
    "chat_rules",
    metadata,
    sa.Column("session_id", sa.String(64), primary_key=True),  # a class, or a series
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("public", sa.String(16), nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("updated_at", UtcDateTime(), nullable=False),
    sa.Index("ix_chat_rules_updated_at", "updated_at"),
)
