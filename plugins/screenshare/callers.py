# SPDX-License-Identifier: Apache-2.0
"""Who calls, and as what: a role of a room is the one that somebody has in there at this moment, not their token's."""

from podium.core import LEADING, Caller, ParticipantInfo, PluginContext
from podium.plugins.screenshare.desk import Desk, desk_of
from podium.plugins.screenshare.errors import leaders_only, not_in_room, room_unknown

STAFF = ("service", "administrator")
SHARING = ("instructor", "assistant", "student")


def present(desk: Desk, caller: Caller, session_id: str) -> ParticipantInfo | None:
    """The caller in the room, None for staff. Raises OperationError for everybody else who is not there."""
    if caller.role in STAFF:
        return None
    if not desk.is_open(session_id):
        raise room_unknown(session_id)
    person = desk.person(session_id, caller.subject)
    if person is None:
        raise not_in_room(session_id)
    return person


async def ruling(context: PluginContext, caller: Caller, session_id: str) -> ParticipantInfo | None:
    """Likewise, but instructors may set rules from outside, such as before a class: they count as staff then."""
    desk = desk_of(context)
    outside = caller.role == "instructor" and desk.person(session_id, caller.subject) is None
    if outside and (desk.is_open(session_id) or await context.sessions.get(session_id) is not None):
        return None
    return present(desk, caller, session_id)


def leads(person: ParticipantInfo | None) -> bool:
    """Whether that is staff or somebody who leads."""
    return person is None or person.role in LEADING


def check_leads(person: ParticipantInfo | None, what: str) -> None:
    """Raises OperationError; `what` completes "only instructors and assistants ..."."""
    if not leads(person):
        raise leaders_only(what)
