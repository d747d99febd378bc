# SPDX-License-Identifier: Apache-2.0
"""The core's own operations: look at rooms, close one, invite people, and ask who one is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from podium.core.events import ParticipantInfo
from podium.core.identity.caller import CALLER_ROLES, Caller
from podium.core.identity.tokens import JoinTokens
from podium.core.operations.declaration import declare
from podium.core.operations.errors import OperationError
from podium.core.rooms.identity import new_participant_id

OWNER = "core"
"""Under which name the core's operations are offered."""
LONGEST_LIFETIME = 604_800

SessionId = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="Which session: letters, digits, `-`, `_`.")
]
ParticipantId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
Grant = Annotated[str, Meta(pattern="^[a-z][a-z0-9_.:-]{0,63}$")]


class Summary(Protocol):
    """A room as it is now."""

    @property
    def session_id(self) -> str: ...
    @property
    def participants(self) -> tuple[ParticipantInfo, ...]: ...


class OpenRooms(Protocol):
    """What these operations ask of podium.core.rooms.Rooms."""

    @property
    def rooms(self) -> Mapping[str, Summary]: ...
    def close_room(self, session_id: str, reason: str = ...) -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What these operations work on."""

    rooms: OpenRooms
    tokens: JoinTokens
    token_lifetime: int


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""


class RoomInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A room that is open, and who is in it."""

    session_id: str
    participants: tuple[ParticipantInfo, ...]


class ListRooms(Request, frozen=True, kw_only=True):
    """All rooms that are open."""


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """The rooms that are open, by session id."""

    rooms: tuple[RoomInfo, ...]


class GetRoom(Request, frozen=True, kw_only=True):
    """One room."""

    session_id: SessionId


class CloseRoom(Request, frozen=True, kw_only=True):
    """A room to close."""

    session_id: SessionId


class RoomClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The room was closed, and its participants were sent away."""

    session_id: str
    participants: Annotated[int, Meta(description="How many were sent away.")]


class CreateJoinToken(Request, frozen=True, kw_only=True):
    """Whom to invite."""

    session_id: SessionId
    role: Annotated[
        Literal["instructor", "assistant", "student", "observer"],
        Meta(description="Instructors may invite everybody but further instructors."),
    ] = "student"
    display_name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | None,
        Meta(description="The name that others see; chosen by the person when absent."),
    ] = None
    participant_id: Annotated[
        ParticipantId | None,
        Meta(description="Who this is, the same in all tokens of one person; made up when absent."),
    ] = None
    grants: Annotated[
        tuple[Grant, ...],
        Meta(max_length=32, description="What they may do beyond their role; instructors may pass on their own only."),
    ] = ()
    lifetime: Annotated[
        Annotated[int, Meta(ge=10, le=LONGEST_LIFETIME)] | None,
        Meta(description="Seconds for which the token is good; `auth.token_lifetime` when absent."),
    ] = None


class JoinToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for one person and one session; whoever has it is that person."""

    token: str
    participant_id: str
    expires_in: Annotated[int, Meta(description="Seconds from now.")]
    path: Annotated[str, Meta(description="The page to open, on this host.")]


class WhoAmI(Request, frozen=True, kw_only=True):
    """Nothing needs to be said."""


class CallerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a credential makes of its bearer."""

    role: str
    subject: str | None
    session_id: str | None
    display_name: str | None
    grants: tuple[str, ...]


async def list_rooms(context: Context, caller: Caller, request: ListRooms) -> Rooms:
    """List the rooms that are open, with the people in them."""
    rooms = sorted(context.rooms.rooms.values(), key=lambda room: room.session_id)
    return Rooms(rooms=tuple(_info(room) for room in rooms))


async def get_room(context: Context, caller: Caller, request: GetRoom) -> RoomInfo:
    """Look into one room: who is there, and what they publish."""
    return _info(_room(context, request.session_id))


async def close_room(context: Context, caller: Caller, request: CloseRoom) -> RoomClosed:
    """Close a room and send everybody away.

    It does not end the session: whoever still has a token may open the room again.
    """
    count = len(_room(context, request.session_id).participants)
    context.rooms.close_room(request.session_id, "room_closed")
    return RoomClosed(session_id=request.session_id, participants=count)


async def create_join_token(context: Context, caller: Caller, request: CreateJoinToken) -> JoinToken:
    """Make a token with which one person joins one session.

    Hand it out as a link: `path` is the page of the room with the token in it. A token cannot be called back;
    plugins may refuse it.
    """
    if caller.in_room:
        _check_invitation(caller, request)
    participant_id = request.participant_id or new_participant_id()
    lifetime = request.lifetime or context.token_lifetime
    token = context.tokens.issue(
        request.session_id,
        request.role,
        lifetime=lifetime,
        participant_id=participant_id,
        display_name=request.display_name,
        grants=request.grants,
    )
    path = f"/room/{request.session_id}?token={token}"
    return JoinToken(token=token, participant_id=participant_id, expires_in=lifetime, path=path)


async def who_am_i(context: Context, caller: Caller, request: WhoAmI) -> CallerInfo:
    """Say who the caller is, to try a token or key."""
    return CallerInfo(
        role=caller.role,
        subject=caller.subject,
        session_id=caller.session_id,
        display_name=caller.display_name,
        grants=tuple(sorted(caller.grants)),
    )


OPERATIONS = (
    declare(list_rooms, roles=("service", "administrator"), rest="GET /rooms"),
    declare(get_room, roles=("assistant", "instructor", "service", "administrator"), rest="GET /rooms/{session_id}"),
    declare(close_room, roles=("instructor", "service", "administrator"), rest="DELETE /rooms/{session_id}"),
    declare(
        create_join_token, roles=("instructor", "service", "administrator"), rest="POST /rooms/{session_id}/tokens"
    ),
    declare(who_am_i, roles=CALLER_ROLES, rest="GET /caller", any_session=True),
)


def _room(context: Context, session_id: str) -> Summary:
    room = context.rooms.rooms.get(session_id)
    if room is None:
        raise OperationError("not_found", "room_unknown", f"no room of session {session_id!r} is open", "session_id")
    return room


def _info(room: Summary) -> RoomInfo:
    return RoomInfo(session_id=room.session_id, participants=room.participants)


def _check_invitation(caller: Caller, request: CreateJoinToken) -> None:
    if request.role == "instructor":
        raise OperationError("forbidden", "forbidden", "instructors cannot invite further instructors", "role")
    if beyond := sorted(set(request.grants) - caller.grants):
        raise OperationError("forbidden", "forbidden", f"you do not have the grant {beyond[0]} yourself", "grants")
    if request.participant_id is not None and request.participant_id == caller.subject:
        raise OperationError("forbidden", "forbidden", "this is your own participant id", "participant_id")
