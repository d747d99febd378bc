# SPDX-License-Identifier: Apache-2.0
"""Who is asking: somebody who is in the room at this moment, or nobody of it (a service, an administrator).

A credential says less than the room: somebody with a role may be waiting outside, have been sent away, or lead by now.
So what counts for participants is their presence, and the role that they have there.
"""

from collections.abc import Sequence

from podium.core import LEADING, Caller, OperationError, ParticipantInfo, ParticipantView, PluginContext, RoomError


def present(context: PluginContext, session_id: str) -> Sequence[ParticipantInfo]:
    """Everybody in the room, nobody while it is not open."""
    try:
        return context.rooms.participants(session_id)
    except RoomError:
        return ()


def presence_of(context: PluginContext, session_id: str, participant_id: str | None) -> ParticipantView | None:
    """Somebody as they are in the room, None for who is not there."""
    for each in present(context, session_id):
        if each.participant_id == participant_id:
            return ParticipantView(participant_id=each.participant_id, display_name=each.display_name, role=each.role)
    return None


def member(context: PluginContext, session_id: str, caller: Caller) -> ParticipantView | None:
    """The caller as a participant, None for a service or an administrator. Raises OperationError `not_in_room`."""
    if not caller.in_room:
        return None
    found = presence_of(context, session_id, caller.subject)
    if found is None:
        raise OperationError("forbidden", "not_in_room", "you are not in the room")
    return found


def leader(context: PluginContext, session_id: str, caller: Caller) -> ParticipantView | None:
    """Like `member`, for somebody who leads. Raises OperationError `not_in_room` or `forbidden`."""
    found = member(context, session_id, caller)
    if found is not None and not leads(found):
        raise OperationError("forbidden", "forbidden", "this is for instructors and assistants")
    return found


async def ruler(context: PluginContext, session_id: str, caller: Caller) -> ParticipantView | None:
    """Like `leader`, but instructors may be outside, such as before a class."""
    outside = caller.role == "instructor" and presence_of(context, session_id, caller.subject) is None
    if outside and (present(context, session_id) or await context.sessions.get(session_id) is not None):
        return None
    return leader(context, session_id, caller)


def leads(somebody: ParticipantView | None) -> bool:
    """Whether this is somebody who leads, or who stands above all rooms."""
    return somebody is None or somebody.role in LEADING


def leaders(context: PluginContext, session_id: str) -> list[str]:
    """Ids of those in the room who lead."""
    return [each.participant_id for each in present(context, session_id) if each.role in LEADING]
