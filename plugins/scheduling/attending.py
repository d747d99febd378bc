# SPDX-License-Identifier: Apache-2.0
"""The operations of those who come to class: how it stands, come in, leave; and the door of the room itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import trio

from podium.core import (
    Caller,
    ClientConfiguration,
    DatabaseError,
    IceServer,
    ParticipantView,
    PluginContext,
    RoomView,
    Veto,
)
from podium.plugins.scheduling.admission import Door, Refusal, refusal, seconds_until
from podium.plugins.scheduling.desk import Desk, desk_of
from podium.plugins.scheduling.errors import forbidden
from podium.plugins.scheduling.reading import find
from podium.plugins.scheduling.requests import (
    GetSessionStatus,
    JoinSession,
    LeaveSession,
    SessionEntry,
    SessionLeft,
    SessionStatus,
    WatchSession,
)
from podium.plugins.scheduling.visitors import Visitor, stranger, visit

WATCH = 30.0
"""Seconds after which a watcher gets an answer in any case."""
SIGNALING = "/signal"
SHORTEST_TOKEN, LONGEST_TOKEN = 60, 604_800
"""Seconds."""

Permissions = Callable[[str], tuple[str, ...]]


async def get_session_status(context: PluginContext, caller: Caller, request: GetSessionStatus) -> SessionStatus:
    """Say how a class stands for one person: when it opens, and whether they could join now."""
    desk = desk_of(context)
    return _status(desk, await _visit(desk, request.session_id, caller, request.invitation))


async def watch_session(context: PluginContext, caller: Caller, request: WatchSession) -> SessionStatus:
    """Wait until a class is no longer as the caller knows it, and say how it stands then.

    Answers after half a minute in any case; ask again with what was answered. Time alone is no change: `opens_at` is
    known.
    """
    desk = desk_of(context)
    visitor = await _visit(desk, request.session_id, caller, request.invitation)
    who = visitor.participant_id or caller.subject or caller.role
    with desk.watchers.waiting(visitor.found.session_id, who) as change:
        status = _status(desk, await _visit(desk, request.session_id, caller, request.invitation))
        known = (request.version, request.state, request.occurrence)
        if (status.version, status.state, status.occurrence) != known:
            return status
        with trio.move_on_after(WATCH):
            await change.wait()
    return _status(desk, await _visit(desk, request.session_id, caller, request.invitation))


def joining(permissions: Permissions) -> Callable[..., Any]:
    """The operation; `permissions` says which operations a role may call."""

    async def join_session(context: PluginContext, caller: Caller, request: JoinSession) -> SessionEntry:
        """Let somebody into a class: a token, and all that a browser needs to connect.

        Refused with `too_early` (the message says when, and `GetSessionStatus` as a number), `session_full`,
        `session_cancelled`, `session_over` or `session_unknown`.
        """
        desk = desk_of(context)
        visitor = await _visit(desk, request.session_id, caller, request.invitation, request.participant_id)
        if visitor.participant_id is None or (request.invitation is None and request.participant_id is None):
            raise forbidden("JoinSession needs the invitation of a personal link")
        if (refused := _refusal(desk, visitor)) is not None:
            raise refused.error()
        return await _entry(context, desk, visitor, permissions(visitor.role))

    return join_session


async def leave_session(context: PluginContext, caller: Caller, request: LeaveSession) -> SessionLeft:
    """Leave a class: whoever the join token stands for is taken out of the room."""
    desk = desk_of(context)
    there = desk.is_open(request.session_id) and context.rooms.participants(request.session_id)
    was_inside = any(each.participant_id == caller.subject for each in there or ())
    if was_inside and caller.subject is not None:
        context.rooms.remove(request.session_id, caller.subject, reason="left")
    return SessionLeft(session_id=request.session_id, was_inside=was_inside)


async def at_the_door(context: PluginContext, room: RoomView, participant: ParticipantView) -> Veto | None:
    """Whether a token, valid or not, opens the room of a class now. Rooms of no session are left alone."""
    desk = desk_of(context)
    door = await _door(desk, room.session_id)
    if door is None:
        return None
    if door.room_id != room.session_id:
        return Veto(f"this session recurs; its next class is {door.room_id!r}", "session_recurring")
    now = desk.now()
    inside = desk.places.taken(door.room_id, desk.inside(door.room_id), now)
    refused = refusal(door, participant.role, participant.participant_id, now, inside, desk.rules)
    if refused is not None:
        return Veto(refused.message, refused.code)
    if participant.role != "instructor":
        desk.places.keep(door.room_id, participant.participant_id, now)
    return None


def configured(context: PluginContext, configuration: ClientConfiguration) -> ClientConfiguration:
    """What browsers are told when they join, with the servers of our settings."""
    others = configuration.ice_servers
    return msgspec.structs.replace(configuration, ice_servers=(*others, *ice_servers(desk_of(context))))


def ice_servers(desk: Desk) -> tuple[IceServer, ...]:
    return (IceServer(urls=desk.config.ice_servers),) if desk.config.ice_servers else ()


async def _door(desk: Desk, name: str) -> Door | None:
    """The class of a room. Without the database, classes that are on can be entered as before; others raise."""
    try:
        found = await desk.database.read(find, name)
    except DatabaseError:
        if name not in desk.running:
            raise
        return desk.running[name]
    return found.door if found is not None else None


async def _visit(
    desk: Desk, name: str, caller: Caller, invitation: str | None, participant_id: str | None = None
) -> Visitor:
    if caller.role == "anonymous" and invitation is None:
        raise stranger()
    return await desk.database.read(visit, name, caller, invitation, participant_id, desk.invitations)


def _refusal(desk: Desk, visitor: Visitor, now: datetime | None = None) -> Refusal | None:
    now, door = now or desk.now(), visitor.found.door
    inside = desk.places.taken(door.room_id, desk.inside(door.room_id), now)
    return refusal(door, visitor.role, visitor.participant_id, now, inside, desk.rules)


async def _entry(context: PluginContext, desk: Desk, visitor: Visitor, permissions: tuple[str, ...]) -> SessionEntry:
    door = visitor.found.door
    until_closed = seconds_until(desk.rules.closes_at(door.ends_at), desk.now())
    token: Any = await context.operations.call(
        "CreateJoinToken",
        {
            "session_id": door.room_id,
            "role": visitor.role,
            "display_name": visitor.display_name,
            "participant_id": visitor.participant_id,
            "lifetime": min(max(until_closed, SHORTEST_TOKEN), LONGEST_TOKEN),
        },
    )
    return SessionEntry(
        session_id=door.room_id,
        participant_id=token.participant_id,
        display_name=visitor.display_name or "",
        role=visitor.role,
        token=token.token,
        expires_in=token.expires_in,
        path=token.path,
        signaling_path=SIGNALING,
        ice_servers=ice_servers(desk),
        permissions=permissions,
    )


def _status(desk: Desk, visitor: Visitor) -> SessionStatus:
    session = visitor.found.session
    door, now = visitor.found.door, desk.now()
    refused = _refusal(desk, visitor, now)
    opens_at = desk.rules.opens_at(door.starts_at, visitor.role)
    code: Any = refused.code if refused is not None else None
    return SessionStatus(
        session_id=visitor.found.session_id,
        occurrence=door.room_id,
        title=session.title,
        description=session.description,
        instructor=visitor.instructor,
        role=visitor.role,
        display_name=visitor.display_name,
        state=door.state,
        version=session.version,
        starts_at=door.starts_at,
        ends_at=door.ends_at,
        time_zone=session.time_zone,
        opens_at=opens_at,
        opens_in=seconds_until(opens_at, now),
        server_now=now,
        can_join=refused is None,
        refusal=code,
    )
