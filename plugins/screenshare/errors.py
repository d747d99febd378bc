# SPDX-License-Identifier: Apache-2.0
"""How screen sharing refuses: one function for each kind, so that the words and codes stand where they are decided."""

from podium.core import OperationError
from podium.plugins.screenshare.rules import Refusal


def refused(refusal: Refusal) -> OperationError:
    """The rules say no, or somebody else shares."""
    return OperationError(refusal.kind, refusal.code, refusal.message)


def not_in_room(session_id: str) -> OperationError:
    """A role of a room is worth something to those who are in it."""
    return OperationError("forbidden", "not_in_room", f"you are not in the room of session {session_id!r}")


def room_unknown(session_id: str) -> OperationError:
    return OperationError("not_found", "room_unknown", f"no room of session {session_id!r} is open", "session_id")


def session_over(session_id: str) -> OperationError:
    return OperationError("conflict", "session_over", f"session {session_id!r} is over", "session_id")


def participant_unknown(participant_id: str) -> OperationError:
    message = f"nobody with id {participant_id!r} is in the room"
    return OperationError("not_found", "participant_unknown", message, "participant_id")


def leaders_only(what: str) -> OperationError:
    return OperationError("forbidden", "forbidden", f"only instructors and assistants {what}")
