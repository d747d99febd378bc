# SPDX-License-Identifier: Apache-2.0
"""Names that come from outside: what a session, a participant and a display name may look like.

Ids go into URLs, log lines and file names, so they are short and plain; display names are for people, so any
printable script is welcome. Every refusal names the field and says what would be right.
"""

import re
import secrets

from podium.core.errors import PodiumError

ROLES = ("instructor", "assistant", "student", "observer")
LEADING = ("instructor", "assistant")
"""Roles that have a say over others."""
MAX_DISPLAY_NAME = 64

# Persian, Indic scripts and emoji need the two joiners; other invisible characters (direction overrides) stay out.
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RoomError(PodiumError):
    """A room cannot do what was asked: it is full or unknown, or an input does not fit."""


def new_participant_id() -> str:
    return secrets.token_urlsafe(12)


def checked_identifier(value: str, field: str) -> str:
    """The id itself; raises RoomError `id_invalid`."""
    if not _IDENTIFIER.fullmatch(value):
        raise RoomError("id_invalid", f"{field} must be 1 to 64 characters out of A-Z, a-z, 0-9, _ and -", field)
    return value


def checked_display_name(value: str) -> str:
    """The name without surrounding spaces; raises RoomError `name_invalid`."""
    name = value.strip()
    if not 1 <= len(name) <= MAX_DISPLAY_NAME or not name.translate(_JOINERS).isprintable():
        raise RoomError("name_invalid", "display_name must be 1 to 64 printable characters", "display_name")
    return name


def checked_role(value: str) -> str:
    """The role itself; raises RoomError `role_invalid`."""
    if value not in ROLES:
        raise RoomError("role_invalid", f"role must be one of {', '.join(ROLES)}", "role")
    return value
