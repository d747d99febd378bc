# SPDX-License-Identifier: Apache-2.0
"""What is kept: classes and settings, the people of each class, and bans.

A row of `moderation_rooms` is a class, or a session with what holds for all of its classes. Rows of a class go when it
ends; `used_at` tells how old the rest is.
"""

from sqlalchemy import Boolean, Column, Index, MetaData, String, Table

from podium.core import NAMING_CONVENTION, UtcDateTime

METADATA = MetaData(naming_convention=NAMING_CONVENTION)

ROOMS = Table(
    "moderation_rooms",
    METADATA,
    Column("session_id", String(64), primary_key=True),
    Column("locked", Boolean, nullable=False),
    Column("waiting_room", Boolean),
    Column("spotlight_id", String(64)),
    Column("spotlight_source", String(16), nullable=False),
    Column("series_id", String(64)),
    Column("used_at", UtcDateTime(), nullable=False),
    Index("ix_moderation_rooms_used_at", "used_at"),
)

PEOPLE = Table(
    "moderation_people",
    METADATA,
    Column("session_id", String(64), primary_key=True),
    Column("participant_id", String(64), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("entered", Boolean, nullable=False),
    Column("admitted", Boolean, nullable=False),
    Column("promoted", Boolean, nullable=False),
    Column("kicked", Boolean, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("microphone_muted", Boolean, nullable=False),
    Column("camera_muted", Boolean, nullable=False),
    Column("screen_muted", Boolean, nullable=False),
    Column("waiting_since", UtcDateTime()),
    Column("hand_at", UtcDateTime()),
)

BANS = Table(
    "moderation_bans",
    METADATA,
    Column("session_id", String(64), primary_key=True),
    Column("participant_id", String(64), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("used_at", UtcDateTime(), nullable=False),
    Index("ix_moderation_bans_used_at", "used_at"),
)
