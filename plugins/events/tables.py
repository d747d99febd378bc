# SPDX-License-Identifier: Apache-2.0
"""The table `webrtc_events`: one row for each entry.

Its indexes serve the two ways in which it is read, newest first in one session and newest first at all; pruning reads
the second from its other end. `id` comes last in both, so that a page can go on exactly where the last one ended.
"""

import sqlalchemy as sa

from podium.core import NAMING_CONVENTION, UtcDateTime

LONGEST_ID = 64
"""Characters of ids and kinds; a longer one is cut."""
LONGEST_NAME = 128

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

webrtc_events = sa.Table(
    "webrtc_events",
    metadata,
    sa.Column("id", sa.String(24), primary_key=True),
    sa.Column("at", UtcDateTime(), nullable=False),
    sa.Column("session_id", sa.String(LONGEST_ID)),
    sa.Column("kind", sa.String(LONGEST_ID), nullable=False),
    sa.Column("plugin", sa.String(32)),
    sa.Column("actor_id", sa.String(LONGEST_ID)),
    sa.Column("actor_name", sa.String(LONGEST_NAME)),
    sa.Column("actor_role", sa.String(16)),
    sa.Column("subject_id", sa.String(LONGEST_ID)),
    sa.Column("result", sa.String(16), nullable=False),
    sa.Column("details", sa.JSON(), nullable=False),
    sa.Index("ix_webrtc_events_session_id_at_id", "session_id", "at", "id"),
    sa.Index("ix_webrtc_events_at_id", "at", "id"),
)
