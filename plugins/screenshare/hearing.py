# SPDX-License-Identifier: Apache-2.0
"""What the plugin hears of rooms: who comes and goes, who stops by themselves, and what is over.

Nothing here waits. Everybody's screen is blocked from before they are in the room; a page that sends its screen without
having been let reaches nobody.
"""

import trio

from podium.core import ParticipantView, Plugin, PluginContext, RoomView, TrackSource, Veto
from podium.plugins.screenshare.desk import desk_of
from podium.plugins.screenshare.share import Reason

SHUTDOWN = "shutdown"
PRIORITY = 300.0
"""Screens come before everything that is not shown by a leader's own choice."""
CLOSING: dict[str, Reason] = {
    "room_closed": "room_closed",
    "ended": "session_ended",
    "time_over": "session_ended",
    "cancelled": "session_ended",
}
"""With which reasons participants leave when it is not they who go."""


def declare_hooks(plugin: Plugin) -> None:
    """Everything below."""
    for hook in (
        participant_joining,
        join_refused,
        participant_waiting,
        participant_joined,
        participant_left,
        role_changed,
        track_muted,
        track_priority,
        room_opened,
        room_closed,
        session_ended,
    ):
        plugin.hook(hook)


async def participant_joining(context: PluginContext, room: RoomView, participant: ParticipantView) -> Veto | None:
    """Refuses nobody. Whoever shares at this moment has an earlier presence, whose end will be told."""
    own_id, board = participant.participant_id, desk_of(context).known(room.session_id)
    if board is not None and own_id in board.running:
        board.leaving.setdefault(own_id, trio.Event())
    else:
        context.rooms.set_blocked(room.session_id, own_id, "screen", True)
    return None


async def join_refused(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Their earlier presence, if any, stays."""
    _settled(context, room, participant)


async def participant_waiting(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Likewise."""
    _settled(context, room, participant)


async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Their room may have closed and opened again since they were asked about."""
    desk = desk_of(context)
    _settled(context, room, participant)
    if desk.person(room.session_id, participant.participant_id) is not None:
        desk.enforce(room.session_id, participant.participant_id)


async def participant_left(context: PluginContext, room: RoomView, participant: ParticipantView, reason: str) -> None:
    """Their share is over. When the host stops it is not, if they come back to the next one in time."""
    desk, own_id = desk_of(context), participant.participant_id
    if reason == SHUTDOWN:
        desk.host_stops()
    board = desk.known(room.session_id)
    if board is None:
        return
    board.requests.pop(own_id, None)
    if board.starting == own_id:
        board.starting = None
    share = board.running.get(own_id)
    if share is not None:
        desk.ended(board, share, None, CLOSING.get(reason, "left"))
    board.settled(own_id)


async def role_changed(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Who no longer leads may no longer share, unless others may as well."""
    desk, own_id = desk_of(context), participant.participant_id
    board = desk.known(room.session_id)
    share = board.running.get(own_id) if board is not None else None
    if board is not None and share is not None and not board.admits(own_id, participant.role):
        desk.ended(board, share, None, "not_allowed")


async def track_muted(
    context: PluginContext, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
) -> None:
    """Their browser no longer sends a screen."""
    desk = desk_of(context)
    board = desk.known(room.session_id)
    share = board.running.get(participant.participant_id) if board is not None else None
    if board is not None and share is not None and source == "screen" and muted:
        desk.ended(board, share, None, "muted")


async def track_priority(context: PluginContext, priority: float, source: TrackSource) -> float:
    """A shared screen is what the others are to look at."""
    return max(priority, PRIORITY) if source == "screen" else priority


async def room_opened(context: PluginContext, room: RoomView) -> None:
    """The time in which presenters may come back after a restart begins."""
    desk_of(context).nudge()


async def room_closed(context: PluginContext, room: RoomView) -> None:
    """Nothing is shared any more in a room that is closed."""
    desk = desk_of(context)
    board = desk.known(room.session_id)
    if board is not None:
        desk.close(board)


async def session_ended(context: PluginContext, session_id: str) -> None:
    """Nor in a session that is over, whatever this host knows of it."""
    desk_of(context).session_ended(session_id)


def _settled(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    board = desk_of(context).known(room.session_id)
    if board is not None:
        board.settled(participant.participant_id)
