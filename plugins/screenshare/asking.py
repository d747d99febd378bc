# SPDX-License-Identifier: Apache-2.0
"""The operations on permission in person: ask for it, give it, take it back.

Who asks is kept in memory only, as long as they are there; who was allowed is written, and stays over a restart.
"""

from podium.core import LEADING, Caller, PluginContext
from podium.plugins.screenshare import store
from podium.plugins.screenshare.board import Board
from podium.plugins.screenshare.callers import check_leads, present
from podium.plugins.screenshare.desk import Desk, desk_of
from podium.plugins.screenshare.errors import not_in_room, participant_unknown, refused, room_unknown
from podium.plugins.screenshare.events import ScreenShareAllowed, ScreenShareRequested
from podium.plugins.screenshare.requests import AllowScreenShare, RequestScreenShare, ScreenSharePermission
from podium.plugins.screenshare.rules import not_permitted
from podium.plugins.screenshare.share import Ending


async def request_screen_share(
    context: PluginContext, caller: Caller, request: RequestScreenShare
) -> ScreenSharePermission:
    """Ask those who lead to be allowed to share, where the rules say so."""
    desk = desk_of(context)
    board = await desk.board(request.session_id)
    person = present(desk, caller, request.session_id)
    if person is None:  # staff, whom the declaration leaves out
        raise not_in_room(request.session_id)
    own_id = person.participant_id
    if board.admits(own_id, person.role):
        return ScreenSharePermission(participant_id=own_id, allowed=True, requested=False, changed=False)
    if board.rules.who != "request":
        raise refused(not_permitted(board.rules))
    changed = own_id not in board.requests
    if changed:
        board.requests[own_id] = person.display_name
        event = ScreenShareRequested(
            session_id=board.room_id, actor_id=own_id, participant_id=own_id, display_name=person.display_name
        )
        desk.tell(board.room_id, event)
    return ScreenSharePermission(participant_id=own_id, allowed=False, requested=True, changed=changed)


async def allow_screen_share(
    context: PluginContext, caller: Caller, request: AllowScreenShare
) -> ScreenSharePermission:
    """Allow one person to share, take it back, or answer a request."""
    desk = desk_of(context)
    what = "decide who may share"
    check_leads(present(desk, caller, request.session_id), what)
    board = await desk.board(request.session_id)
    async with board.lock:
        if desk.known(board.room_id) is not board:
            raise room_unknown(board.room_id)
        check_leads(present(desk, caller, request.session_id), what)
        changed = await (_allow if request.allowed else _disallow)(context, desk, board, caller, request.participant_id)
    person = desk.person(board.room_id, request.participant_id)
    admitted = board.admits(request.participant_id, person.role if person is not None else "student")
    return ScreenSharePermission(
        participant_id=request.participant_id, allowed=admitted, requested=False, changed=changed
    )


async def _allow(context: PluginContext, desk: Desk, board: Board, caller: Caller, participant_id: str) -> bool:
    person = desk.person(board.room_id, participant_id)
    if person is None:
        raise participant_unknown(participant_id)
    if participant_id in board.allowed:
        return False
    name = person.display_name
    await context.database.run(store.allow, board.room_id, participant_id, name, desk.now(), caller.subject)
    board.allowed[participant_id] = name
    board.requests.pop(participant_id, None)
    _tell_allowed(desk, board, caller, participant_id, allowed=True)
    return True


async def _disallow(context: PluginContext, desk: Desk, board: Board, caller: Caller, participant_id: str) -> bool:
    if participant_id not in board.allowed and participant_id not in board.requests:
        return False
    if participant_id in board.allowed:
        share = board.share_of(participant_id)
        person = desk.person(board.room_id, participant_id)
        stays = board.rules.who == "everybody" or (person is not None and person.role in LEADING)
        endings = () if share is None or stays else (Ending(share, desk.now(), caller.subject, "not_allowed"),)
        await context.database.run(store.disallow, board.room_id, participant_id, endings)
        board.allowed.pop(participant_id, None)
        desk.applied(board, endings)
    board.requests.pop(participant_id, None)
    _tell_allowed(desk, board, caller, participant_id, allowed=False)
    return True


def _tell_allowed(desk: Desk, board: Board, caller: Caller, participant_id: str, *, allowed: bool) -> None:
    event = ScreenShareAllowed(
        session_id=board.room_id, actor_id=caller.subject, participant_id=participant_id, allowed=allowed
    )
    leaders = {each.participant_id for each in desk.people(board.room_id) if each.role in LEADING}
    desk.tell(board.room_id, event, {participant_id, *leaders})
