# SPDX-License-Identifier: Apache-2.0
"""What is kept: sessions, the people of each, and every class as a row of its own, with the state it is in.

A series has all its classes from the start, so that listing, overlaps and what is due next are plain indexed queries.
`scheduling_installation` is one row: the number of the last change, whose lock writers hold until they commit, and the
key of the invitations.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from podium.core import UtcDateTime

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=CONVENTION)
CLAIMS = ("video_sessions", "session_participants")

SESSIONS = Table(
    "video_sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("instructor_email", String(254), nullable=False),  # in lower case: who may not teach two classes at once
    Column("local_start", String(16), nullable=False),  # on the wall clock of time_zone: 2026-11-23T09:00
    Column("starts_at", UtcDateTime(), nullable=False),
    Column("duration", Integer, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("recurrence", String(200)),
    Column("recording", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("change_number", BigInteger, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    UniqueConstraint("change_number"),
)

PEOPLE = Table(
    "session_participants",
    METADATA,
    Column("session_id", ForeignKey("video_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("participant_id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),  # the session's own instructor is 0
    Column("name", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False),  # in lower case
    Column("role", String(16), nullable=False),
    Column("language", String(35)),
    Column("time_zone", String(64)),
    Column("salt", String(32), nullable=False),
    UniqueConstraint("session_id", "email_key"),
    Index(None, "email_key"),
)

CLASSES = Table(
    "scheduling_classes",
    METADATA,
    Column("id", String(64), primary_key=True),  # also that of its room
    Column("session_id", ForeignKey("video_sessions.id", ondelete="CASCADE"), nullable=False),
    Column("original_starts_at", UtcDateTime(), nullable=False),
    Column("starts_at", UtcDateTime(), nullable=False),
    Column("ends_at", UtcDateTime(), nullable=False),
    Column("state", String(10), nullable=False),
    Column("warned", Boolean, nullable=False),
    Column("exception", Boolean, nullable=False),  # moved or cancelled by itself
    Column("instructor_email", String(254), nullable=False),  # that of the session, for the indexes
    Index(None, "session_id", "starts_at"),
    Index(None, "starts_at", "id"),
    Index(None, "state", "starts_at", "id"),
    Index(None, "state", "ends_at"),
    Index(None, "instructor_email", "starts_at", "id"),
    Index(None, "instructor_email", "state", "starts_at", "id"),
)

INSTALLATION = Table(
    "scheduling_installation",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("change_number", BigInteger, nullable=False),
    Column("invitation_key", String(64), nullable=False),
)
