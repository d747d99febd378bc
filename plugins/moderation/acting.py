# SPDX-License-Identifier: Apache-2.0
"""Somebody does something in a class: who they are at this moment, whether they may, and to whom.

`acting` is for what is done to people, in a room that is open; `deciding` for what holds for a class that need not have
begun. Both give a scene whose class nobody else changes meanwhile.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import final

import msgspec

from podium.core import Caller, OperationError, ParticipantInfo, PluginContext
from podium.plugins.moderation.desk import Desk, desk_of
from podium.plugins.moderation.events import SpotlightChanged
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.requests import Moderated
from podium.plugins.moderation.room import RoomState
from podium.plugins.moderation.rules import LEADING, STAFF, Action, check_may, check_reach


@final
@dataclass(frozen=True, slots=True)
class Scene:
    """One class, locked, and whoever acts in it, with the role of this moment."""

    context: PluginContext
    desk: Desk
    state: RoomState
    caller: Caller

    @property
    def room_id(self) -> str:
        return self.state.room_id

    @property
    def actor_id(self) -> str | None:
        """For the audit trail."""
        return self.caller.subject

    def present(self) -> Mapping[str, ParticipantInfo]:
        """Who is in the room now; nobody when it is not open."""
        return self.desk.present_now(self.room_id)

    def person(self, participant_id: str) -> Person:
        """Somebody who is there or known. Raises OperationError `participant_unknown`."""
        person = self.known(participant_id)
        if person is None:
            raise unknown(participant_id)
        return person

    def known(self, participant_id: str) -> Person | None:
        """The same; None for somebody never seen."""
        person, there = self.state.people.get(participant_id), self.present().get(participant_id)
        if person is not None or there is None:
            return person
        return Person(participant_id=participant_id, display_name=there.display_name, role=there.role, entered=True)

    def role_of(self, person: Person) -> str:
        there = self.present().get(person.participant_id)
        return there.role if there is not None else person.effective_role

    def check_may(self, action: Action) -> None:
        check_may(self.caller, action, self.desk.config.allowed)

    def check_reach(self, action: Action, person: Person) -> None:
        check_reach(self.caller, action, person.participant_id, self.role_of(person))

    def shines_on(self, participant_id: str) -> bool:
        """Whether the spotlight is on them."""
        return self.state.settings.spotlight_id == participant_id

    def tell_spotlight(self) -> None:
        settings = self.state.settings
        self.desk.tell(
            self.room_id,
            SpotlightChanged(participant_id=settings.spotlight_id, source=settings.spotlight_source),
        )
        if self.desk.is_open(self.room_id):
            self.context.rooms.reconsider(self.room_id)

    def result(self, changed: Collection[str | Person] = (), *, anything: bool = False) -> Moderated:
        """The answer, when it has changed for these, or `anything` else."""
        names = tuple(each if isinstance(each, str) else each.participant_id for each in changed)
        return Moderated(session_id=self.room_id, changed=bool(names) or anything, participants=names)


@asynccontextmanager
async def acting(
    context: PluginContext, caller: Caller, session_id: str, action: Action | None
) -> AsyncIterator[Scene]:
    """Do something in a room that is open. Raises RoomError `room_unknown`, OperationError `not_in_room`, `forbidden`.

    Who has a role of the room has to be there: with a token alone nobody learns or changes anything of a class.
    """
    desk = desk_of(context)
    as_present(desk, caller, session_id)
    async with desk.room(session_id) as state:
        scene = Scene(context, desk, state, as_present(desk, caller, session_id))
        if action is not None:
            scene.check_may(action)
        yield scene


@asynccontextmanager
async def deciding(
    context: PluginContext, caller: Caller, session_id: str, action: Action | None
) -> AsyncIterator[Scene]:
    """Decide something about a class that is scheduled, open or live. Who leads it need not be there.

    With the id of a session, the class that is on or comes next. Raises OperationError `room_unknown`,
    `session_over`, `not_in_room`, `forbidden`.
    """
    desk = desk_of(context)
    room_id = await class_of(context, caller, session_id)
    async with desk.room(room_id) as state:
        scene = Scene(context, desk, state, as_leading(desk, caller, state))
        if action is not None:
            scene.check_may(action)
        yield scene


async def class_of(context: PluginContext, caller: Caller, session_id: str) -> str:
    """The room of the class that is meant. Raises OperationError `room_unknown` or `session_over`."""
    view = await context.sessions.get(session_id)
    if view is None:
        if caller.role not in STAFF and not desk_of(context).is_open(session_id):
            raise OperationError("not_found", "room_unknown", f"no session {session_id!r} is open", "session_id")
        return session_id
    if view.state in ("ended", "cancelled"):
        raise OperationError("conflict", "session_over", "this class is over or was cancelled", "session_id")
    return view.occurrence.room_id


def as_present(desk: Desk, caller: Caller, room_id: str) -> Caller:
    """The caller with the role of this moment. Raises RoomError `room_unknown` and OperationError `not_in_room`."""
    present = desk.present(room_id)
    if not caller.in_room:
        return caller
    there = present.get(caller.subject or "")
    if there is None:
        raise _not_in_room()
    return _in_role(caller, there.role)


def as_leading(desk: Desk, caller: Caller, state: RoomState) -> Caller:
    """Likewise, but who leads may do it from outside, unless they were sent away since they asked."""
    if caller.in_room and caller.role not in LEADING:
        return as_present(desk, caller, state.room_id)
    if not caller.in_room:
        return caller
    there = desk.present_now(state.room_id).get(caller.subject or "")
    if there is not None:
        return _in_role(caller, there.role)
    if state.excluded(caller.subject or "") is not None:
        raise _not_in_room()
    return caller


def _not_in_room() -> OperationError:
    return OperationError("forbidden", "not_in_room", "only who is in the room may do this", "session_id")


def _in_role(caller: Caller, role: str) -> Caller:
    return msgspec.structs.replace(caller, role=role)


def unknown(participant_id: str) -> OperationError:
    message = f"nobody with the id {participant_id!r} is or was here"
    return OperationError("not_found", "participant_unknown", message, "participant_id")


def conflict(code: str, message: str, field: str | None = "participant_id") -> OperationError:
    """What was asked does not go with how the person is."""
    return OperationError("conflict", code, message, field)
