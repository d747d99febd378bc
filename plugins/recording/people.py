# SPDX-License-Identifier: Apache-2.0
"""Who may do what with recordings. In a class presence and the role of the moment count, afterwards the token's."""

from podium.core import LEADING, Caller, OperationError, PluginContext, RoomError
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.store import Recording


def check_leads(context: PluginContext, session_id: str, caller: Caller) -> None:
    """For somebody in the room who leads it, services and administrators. Raises OperationError."""
    if not caller.in_room:
        return
    role = role_in_room(context, session_id, caller)
    if role is None:
        raise OperationError("forbidden", "not_in_room", "you are not in the room")
    if role not in LEADING:
        raise _forbidden("this is for instructors and assistants")


def check_present(context: PluginContext, session_id: str, caller: Caller) -> None:
    """For everybody in the room."""
    if caller.in_room and role_in_room(context, session_id, caller) is None:
        raise OperationError("forbidden", "not_in_room", "you are not in the room")


def check_may_watch(config: RecordingConfig, caller: Caller) -> None:
    """For the roles that recordings are for."""
    if caller.in_room and caller.role not in config.watch_roles:
        raise _forbidden(f"recordings are for {', '.join(config.watch_roles) or 'services and administrators'}")


def may_see(caller: Caller, recording: Recording) -> bool:
    """Whether it is a recording of the caller's own class."""
    return not caller.in_room or caller.session_id in (recording.session_id, recording.series_id)


def role_in_room(context: PluginContext, session_id: str, caller: Caller) -> str | None:
    """None for somebody who is not in the room."""
    try:
        present = context.rooms.present(session_id)
    except RoomError:
        return None
    return next((each.role for each in present if each.participant_id == caller.subject), None)


def _forbidden(what: str) -> OperationError:
    return OperationError("forbidden", "forbidden", what)
