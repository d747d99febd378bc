# SPDX-License-Identifier: Apache-2.0
"""The caller of an operation, as far as authorization needs to know.

The roles of a room (instructor, assistant, student, observer) are held in one session each. `service` and
`administrator` are held by machines and operators in all sessions; `anonymous` is whoever showed no credential.
"""

from typing import Literal, get_args

import msgspec

from podium.core.errors import PodiumError
from podium.core.rooms.identity import ROLES

CallerRole = Literal["anonymous", "observer", "student", "assistant", "instructor", "service", "administrator"]
CALLER_ROLES: tuple[CallerRole, ...] = get_args(CallerRole)


class AuthenticationError(PodiumError):
    """A credential is wrong or has expired; it never says which part of it."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks for something.

    `subject` is the participant id, the name of an API key, or None when a token leaves it open; `display_name` is the
    name that whoever issued the credential vouches for.
    """

    role: CallerRole
    subject: str | None = None
    session_id: str | None = None
    grants: frozenset[str] = frozenset()
    display_name: str | None = None

    @property
    def in_room(self) -> bool:
        """Whether the role is one of a room, and so counts in `session_id` only."""
        return self.role in ROLES

    def may_act_in(self, session_id: str) -> bool:
        """Whether the role and grants count in this session; a room's role without a session counts nowhere."""
        return not self.in_room or self.session_id == session_id


ANONYMOUS = Caller(role="anonymous")
