# SPDX-License-Identifier: Apache-2.0
"""The operations on the rules of a session.

A change is one transaction with the shares that end by it, and takes effect once that is committed. The rules of a
series hold in all its classes that have none of their own.
"""

from contextlib import AsyncExitStack
from itertools import chain

from podium.core import Caller, ParticipantInfo, PluginContext
from podium.plugins.screenshare import store
from podium.plugins.screenshare.board import Board
from podium.plugins.screenshare.callers import check_leads, leads, ruling
from podium.plugins.screenshare.desk import Desk, desk_of
from podium.plugins.screenshare.errors import session_over
from podium.plugins.screenshare.events import ScreenShareRulesChanged
from podium.plugins.screenshare.requests import (
    GetScreenShareRules,
    ScreenShareRules,
    SharingPerson,
    UpdateScreenShareRules,
)
from podium.plugins.screenshare.rules import Rules, may_share, over_the_limit
from podium.plugins.screenshare.share import Ending, Share

WHAT = "change the rules of sharing"


async def get_screen_share_rules(
    context: PluginContext, caller: Caller, request: GetScreenShareRules
) -> ScreenShareRules:
    """Say which rules hold, and whether the caller may share."""
    desk = desk_of(context)
    person = await ruling(context, caller, request.session_id)
    if desk.is_open(request.session_id):
        return _answer(desk, await desk.board(request.session_id), person)
    return _closed_answer(desk, request.session_id, await _rules_of(context, desk, request.session_id))


async def update_screen_share_rules(
    context: PluginContext, caller: Caller, request: UpdateScreenShareRules
) -> ScreenShareRules:
    """Change who may share, how many at a time, and who may replace another's screen."""
    desk = desk_of(context)
    check_leads(await ruling(context, caller, request.session_id), WHAT)
    await _check_not_over(context, request.session_id)
    async with desk.rules_lock:
        before = await _rules_of(context, desk, request.session_id)
        check_leads(await ruling(context, caller, request.session_id), WHAT)
        rules = _changed(before, request)
        if rules != before:
            await _change(context, desk, request.session_id, rules, caller.subject)
    person = await ruling(context, caller, request.session_id)
    if desk.is_open(request.session_id):
        return _answer(desk, await desk.board(request.session_id), person, changed=rules != before)
    return _closed_answer(desk, request.session_id, rules, changed=rules != before)


async def _rules_of(context: PluginContext, desk: Desk, session_id: str) -> Rules:
    """Those that hold in a session, whether or not its room is open."""
    if desk.is_open(session_id):
        return (await desk.board(session_id)).rules
    view = await context.sessions.get(session_id)
    names = (session_id,) if view is None or view.session_id == session_id else (session_id, view.session_id)
    return await context.database.read(store.read_rules, names) or desk.config.rules


async def _check_not_over(context: PluginContext, session_id: str) -> None:
    """Rules of what is over cannot change. A session that nobody keeps is an ad-hoc room's, open or yet to be."""
    view = await context.sessions.get(session_id)
    if view is not None and view.state in ("ended", "cancelled"):
        raise session_over(session_id)


def _changed(rules: Rules, request: UpdateScreenShareRules) -> Rules:
    return Rules(
        who=request.who or rules.who, mode=request.mode or rules.mode, takeover=request.takeover or rules.takeover
    )


async def _change(context: PluginContext, desk: Desk, session_id: str, rules: Rules, by: str | None) -> None:
    """Write rules with all that follows from them, and have them hold in the rooms that have no others of their own."""
    async with AsyncExitStack() as locked:
        boards = desk.following(session_id)
        for board in boards:
            await locked.enter_async_context(board.lock)
        kept = {board.room_id: _kept(board, rules) for board in boards}
        now = desk.now()
        endings = {
            board.room_id: tuple(
                Ending(share, now, by, "rules_changed") for share in _no_longer(desk, board, rules, kept[board.room_id])
            )
            for board in boards
        }
        cleared = [room_id for room_id, allowed in kept.items() if not allowed]
        everything = tuple(chain.from_iterable(endings.values()))
        await context.database.run(store.change_rules, session_id, rules, now, by, cleared, everything)
        desk.rules_changed(session_id, rules)
        for board in boards:
            _hold(desk, board, rules, kept[board.room_id], by)
            desk.applied(board, endings[board.room_id])


def _hold(desk: Desk, board: Board, rules: Rules, allowed: dict[str, str], by: str | None) -> None:
    board.allowed = allowed
    if rules.who != "request":
        board.requests.clear()
    event = ScreenShareRulesChanged(
        session_id=board.room_id, actor_id=by, who=rules.who, mode=rules.mode, takeover=rules.takeover
    )
    desk.tell(board.room_id, event)


def _kept(board: Board, rules: Rules) -> dict[str, str]:
    """Who stays allowed in person: nobody, once sharing is for leaders only."""
    return {} if rules.who == "leaders" and board.rules.who != "leaders" else board.allowed


def _no_longer(desk: Desk, board: Board, rules: Rules, allowed: dict[str, str]) -> tuple[Share, ...]:
    """The shares that end by these rules. Of who is not back yet the role is not known, until they start."""
    ended: list[Share] = []
    for share in board.all():
        person = desk.person(board.room_id, share.participant_id)
        if person is not None and not may_share(rules, person.role, allowed=share.participant_id in allowed):
            ended.append(share)
    left = [share for share in board.all() if share not in ended]
    return (*ended, *over_the_limit(rules, desk.config.max_shares, left))


def _answer(desk: Desk, board: Board, person: ParticipantInfo | None, *, changed: bool = False) -> ScreenShareRules:
    mine = person is not None and board.admits(person.participant_id, person.role)
    told = leads(person)
    return ScreenShareRules(
        session_id=board.room_id,
        who=board.rules.who,
        mode=board.rules.mode,
        takeover=board.rules.takeover,
        max_shares=desk.config.max_shares,
        may_share=mine,
        allowed=_people(board.allowed) if told else (),
        requests=_people(board.requests) if told else (),
        changed=changed,
    )


def _closed_answer(desk: Desk, session_id: str, rules: Rules, *, changed: bool = False) -> ScreenShareRules:
    return ScreenShareRules(
        session_id=session_id,
        who=rules.who,
        mode=rules.mode,
        takeover=rules.takeover,
        max_shares=desk.config.max_shares,
        may_share=False,
        changed=changed,
    )


def _people(names: dict[str, str]) -> tuple[SharingPerson, ...]:
    return tuple(SharingPerson(participant_id=each, display_name=name) for each, name in names.items())
