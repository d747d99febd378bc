# SPDX-License-Identifier: Apache-2.0
"""The operations on shares: start, stop, list.

Each holds the lock of its room from what it reads to what it does, so that two people who start at the same time get
one answer that everybody sees.
"""

import trio

from podium.core import Caller, OperationError, ParticipantInfo, PluginContext
from podium.plugins.screenshare import store
from podium.plugins.screenshare.board import Board
from podium.plugins.screenshare.callers import check_leads, present
from podium.plugins.screenshare.desk import Desk, desk_of
from podium.plugins.screenshare.errors import not_in_room, refused, room_unknown
from podium.plugins.screenshare.requests import (
    ListScreenShares,
    ScreenShareInfo,
    ScreenShares,
    ScreenShareStart,
    ScreenShareStop,
    StartScreenShare,
    StopScreenShare,
)
from podium.plugins.screenshare.rules import Refusal, replaced_by
from podium.plugins.screenshare.share import Ending, Reason, Share, new_share_id

SETTLE = 5.0
"""Seconds for which a start waits for the end of the same person's earlier presence."""


async def start_screen_share(context: PluginContext, caller: Caller, request: StartScreenShare) -> ScreenShareStart:
    """Let the caller's screen be seen, if the rules of the session allow it.

    Refused with `share_forbidden` or `share_not_allowed` (ask first), with `share_active` while somebody else shares
    and is not to be replaced (`takeover`), and with `shares_full`. Starting again changes nothing.
    """
    desk = desk_of(context)
    person = _sharing(present(desk, caller, request.session_id), request.session_id)
    board = await desk.board(request.session_id)
    if (left := board.leaving.get(person.participant_id)) is not None:
        with trio.move_on_after(SETTLE):
            await left.wait()
    async with board.lock:
        _check_known(desk, board)
        person = _sharing(present(desk, caller, request.session_id), request.session_id)
        share = board.running.get(person.participant_id)
        if share is not None:
            return ScreenShareStart(share=info(share), changed=False)
        share = await _start(context, desk, board, person, request)
    return ScreenShareStart(share=info(share), changed=True)


async def stop_screen_share(context: PluginContext, caller: Caller, request: StopScreenShare) -> ScreenShareStop:
    """End a share: one's own, or as instructor or assistant anybody's."""
    desk = desk_of(context)
    person = present(desk, caller, request.session_id)
    participant_id = request.participant_id or (person.participant_id if person is not None else None)
    if participant_id is None:
        raise OperationError("invalid", "field_missing", "say whose share to end", "participant_id")
    board = await desk.board(request.session_id)
    async with board.lock:
        _check_known(desk, board)
        person = present(desk, caller, request.session_id)
        if person is None or person.participant_id != participant_id:
            check_leads(person, "stop the screens of others")
        share = board.share_of(participant_id)
        if share is None:
            return ScreenShareStop(participant_id=participant_id, share_id=None, changed=False)
        ending = Ending(share, desk.now(), caller.subject, "stopped")
        await context.database.run(store.end, (ending,))
        desk.applied(board, (ending,))
    return ScreenShareStop(participant_id=participant_id, share_id=share.id, changed=True)


async def list_screen_shares(context: PluginContext, caller: Caller, request: ListScreenShares) -> ScreenShares:
    """Say who shares a screen now."""
    desk = desk_of(context)
    present(desk, caller, request.session_id)
    board = await desk.board(request.session_id)
    return ScreenShares(shares=tuple(info(share, board) for share in board.all()))


def info(share: Share, board: Board | None = None) -> ScreenShareInfo:
    return ScreenShareInfo(
        share_id=share.id,
        participant_id=share.participant_id,
        display_name=share.display_name,
        started_at=share.started_at,
        audio=share.audio,
        interrupted=board is not None and share.participant_id in board.lost,
    )


async def _start(
    context: PluginContext, desk: Desk, board: Board, person: ParticipantInfo, request: StartScreenShare
) -> Share:
    """A new share, or the one from before a restart. Raises OperationError."""
    own_id = person.participant_id
    verdict = replaced_by(
        board.rules,
        desk.config.max_shares,
        person.role,
        allowed=own_id in board.allowed,
        others=board.others(own_id),
        takeover=request.takeover,
    )
    if isinstance(verdict, Refusal):
        raise refused(verdict)
    now, lost = desk.now(), board.lost.get(own_id)
    endings = tuple(Ending(share, now, own_id, "taken_over") for share in verdict)
    share = Share(
        id=lost.id if lost is not None else new_share_id(),
        session_id=board.room_id,
        participant_id=own_id,
        display_name=person.display_name,
        started_at=lost.started_at if lost is not None else now,
        audio=request.audio,
    )
    board.starting = own_id
    try:
        await context.database.run(store.begin, share, endings)
        there = board.starting == own_id
    finally:
        board.starting = None
    desk.applied(board, endings)
    resumed = lost is not None and board.lost.get(own_id) is lost
    if not there or (lost is not None and not resumed):
        _never_began(desk, share)
        raise not_in_room(board.room_id)
    desk.begun(board, share, resumed=resumed)
    return share


def _never_began(desk: Desk, share: Share, reason: Reason = "left") -> None:
    """Its presenter went while it was written."""
    desk.write_later(Ending(share, desk.now(), None, reason))


def _sharing(person: ParticipantInfo | None, session_id: str) -> ParticipantInfo:
    if person is None:  # staff, whom the declaration leaves out
        raise not_in_room(session_id)
    return person


def _check_known(desk: Desk, board: Board) -> None:
    """Raise OperationError when the room was closed while we waited."""
    if desk.known(board.room_id) is not board:
        raise room_unknown(board.room_id)
