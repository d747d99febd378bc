# SPDX-License-Identifier: Apache-2.0
"""The operations of those who plan classes: schedule, look, change, cancel, end, list, and hear what has changed."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from podium.core import Caller, PluginContext, SessionView
from podium.plugins.scheduling.desk import Desk, desk_of
from podium.plugins.scheduling.editing import edit
from podium.plugins.scheduling.errors import invalid, unknown
from podium.plugins.scheduling.events import SessionEnded
from podium.plugins.scheduling.invitations import Invitations, join_path
from podium.plugins.scheduling.listing import changes, page
from podium.plugins.scheduling.reading import find, people_of, view
from podium.plugins.scheduling.requests import (
    CancelSession,
    EndSession,
    GetInvitation,
    GetSession,
    ListSessionChanges,
    ListSessions,
    ScheduledSession,
    ScheduleSession,
    SessionChanges,
    SessionInvitation,
    SessionPage,
    UpdateSession,
)
from podium.plugins.scheduling.tables import PEOPLE
from podium.plugins.scheduling.validation import check_future, checked_people, checked_plan, checked_title
from podium.plugins.scheduling.visitors import CLASS_SUFFIX, READ, WRITE, check_may
from podium.plugins.scheduling.writing import Draft, cancel, end, schedule


async def schedule_session(context: PluginContext, caller: Caller, request: ScheduleSession) -> ScheduledSession:
    """Schedule a class, or a weekly series of classes, and invite people.

    The answer has a personal link for each person. A start in the gap of a clock change is read as RFC 5545 says.
    """
    desk = desk_of(context)
    outcome = await desk.database.run(schedule, _draft(request, desk), desk.now(), request.force)
    desk.changed(outcome.view, "scheduled")
    links = await desk.database.read(_links, outcome.view.session_id, desk.invitations)
    return ScheduledSession(session=outcome.view, invitations=links)


async def get_session(context: PluginContext, caller: Caller, request: GetSession) -> SessionView:
    """Read a session with everybody who is invited."""

    def read(session: Session) -> SessionView:
        found = find(session, request.session_id)
        if found is None:
            raise unknown(request.session_id)
        check_may(caller, found.session_id, roles=("instructor", "assistant"), grants=(READ, WRITE))
        return view(session, found.session_id, found.course.id)

    return await desk_of(context).database.read(read)


async def update_session(context: PluginContext, caller: Caller, request: UpdateSession) -> SessionView:
    """Change a session, or move one class of a series; with the id of a class, only that one changes.

    The version that was read has to be given: somebody else's change in between is a conflict, not overwritten.
    """
    desk = desk_of(context)
    await _check_owner(desk, caller, request.session_id)
    outcome = await desk.database.run(edit, request, desk.now(), desk.rules)
    for room_id in outcome.vacated:
        desk.cancelled(room_id)
    desk.changed(outcome.view, "updated")
    return outcome.view


async def cancel_session(context: PluginContext, caller: Caller, request: CancelSession) -> SessionView:
    """Cancel a session with all its classes that are not over, or, with the id of a class, that one.

    Whoever is in the room is sent away. A cancelled session stays cancelled.
    """
    desk = desk_of(context)
    await _check_owner(desk, caller, request.session_id)
    outcome = await desk.database.run(cancel, request.session_id, request.version, desk.now())
    for room_id in outcome.vacated:
        desk.cancelled(room_id)
    desk.changed(outcome.view, "cancelled" if outcome.view.cancelled else "updated")
    return outcome.view


async def end_session(context: PluginContext, caller: Caller, request: EndSession) -> SessionView:
    """End the class that is on: everybody is sent away and nobody can come back."""
    desk = desk_of(context)
    await _check_owner(desk, caller, request.session_id)
    outcome = await desk.database.run(end, request.session_id)
    for room_id in outcome.vacated:
        desk.end(room_id, SessionEnded(session_id=room_id, reason="ended"), "ended")
    desk.changed(outcome.view, "ended")
    return outcome.view


async def list_sessions(context: PluginContext, caller: Caller, request: ListSessions) -> SessionPage:
    """List classes by time, instructor, participant and state, a page at a time."""
    return await desk_of(context).database.read(page, request)


async def list_session_changes(context: PluginContext, caller: Caller, request: ListSessionChanges) -> SessionChanges:
    """List sessions in the order of their last changes, to catch up with what was missed."""
    return await desk_of(context).database.read(changes, request)


async def get_invitation(context: PluginContext, caller: Caller, request: GetInvitation) -> SessionInvitation:
    """Make the personal link of somebody invited; it is the same every time, and for all classes of a series."""
    desk = desk_of(context)
    for link in await desk.database.read(_links, request.session_id, desk.invitations, request.participant_id):
        return link
    raise unknown(request.session_id)


def _draft(request: ScheduleSession, desk: Desk) -> Draft:
    plan = checked_plan(request.start, request.time_zone, request.duration, request.recurrence)
    check_future(plan.start, plan.zone, desk.now())
    session_id = request.session_id or secrets.token_hex(8)
    if CLASS_SUFFIX.search(session_id):
        raise invalid("session_id", "an id that ends like 20270111T0900 is that of a class of a series")
    return Draft(
        session_id=session_id,
        title=checked_title(request.title),
        description=request.description,
        people=checked_people(request.instructor, request.participants),
        plan=plan,
        capacity=desk.config.capacity if request.capacity is None else request.capacity,
        recording=request.recording,
    )


async def _check_owner(desk: Desk, caller: Caller, name: str) -> None:
    found = await desk.database.read(find, name)
    if found is None:
        raise unknown(name)
    check_may(caller, found.session_id, roles=("instructor",), grants=(WRITE,))


def _links(
    session: Session, session_id: str, invitations: Invitations, participant_id: str | None = None
) -> tuple[SessionInvitation, ...]:
    query = people_of([session_id])
    if participant_id is not None:
        query = select(PEOPLE).where(PEOPLE.c.session_id == session_id, PEOPLE.c.participant_id == participant_id)
    links = []
    for row in session.execute(query):
        invitation = invitations.write(session_id, row.participant_id, row.salt)
        links.append(
            SessionInvitation(
                session_id=session_id,
                participant_id=row.participant_id,
                invitation=invitation,
                path=join_path(session_id, invitation),
            )
        )
    return tuple(links)
