# SPDX-License-Identifier: Apache-2.0
"""What moderation hears of the rooms, and what it is asked: who comes in, in which role, silenced in what.

What is asked is answered from memory, but for the first question about a class. Between an answer and somebody's being
in the room others may have acted; `somebody_joined` makes good what was decided meanwhile.
"""

from dataclasses import replace

import trio

from podium.core import Caller, ParticipantView, PluginContext, TrackSource, Veto, Wait
from podium.plugins.moderation import store
from podium.plugins.moderation.desk import MOST_PEOPLE, Desk, desk_of
from podium.plugins.moderation.door import WAITING
from podium.plugins.moderation.looking import told
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.removing import send_away
from podium.plugins.moderation.room import RoomState
from podium.plugins.moderation.telling import PAUSE

MOST_WAITING = 500
"""People in one waiting room, those included who are gone and expected back."""
SPOTLIGHT = 400.0
"""Priority of the source in the spotlight; screens have 200."""


async def at_the_door(context: PluginContext, room_id: str, participant: ParticipantView) -> Veto | Wait | None:
    """In, away or to the waiting room. Who comes in is blocked first where they are muted."""
    desk, participant_id = desk_of(context), participant.participant_id
    state = await desk.known(room_id)
    way = state.way(participant_id, participant.role)
    if way == "wait":
        return await _have_wait(desk, room_id, participant)
    if way != "in":
        return Veto(way.message, way.code)
    for source in state.muted(participant_id):
        desk.set_blocked(room_id, participant_id, source, True)
    return None


async def _have_wait(desk: Desk, room_id: str, participant: ParticipantView) -> Wait | Veto:
    participant_id = participant.participant_id
    async with desk.room(room_id) as state:
        person = state.people.get(participant_id) or Person(
            participant_id=participant_id, display_name=participant.display_name, role=participant.role
        )
        if person.waiting_since is None:
            queue = state.waiting()
            if len(queue) >= MOST_WAITING:
                return Veto("too many people wait already; try again later", "waiting_room_full")
            since = state.after(desk.now(), queue[-1].waiting_since if queue else None)
            await desk.keep(state, replace(person, waiting_since=since))
            desk.expect(state, participant_id)
    return Wait(WAITING)


def void(state: RoomState, caller: Caller) -> Veto | None:
    """Whether a token is worth nothing any more."""
    refusal = state.excluded(caller.subject or "")
    return Veto(refusal.message, refusal.code) if refusal is not None else None


async def somebody_joined(context: PluginContext, room_id: str, participant: ParticipantView) -> None:
    desk, participant_id = desk_of(context), participant.participant_id
    async with desk.room(room_id) as state:
        await _come_in(context, state, participant)
        if participant_id in state.people and state.people[participant_id].hand_at is not None:
            desk.teller.hands(room_id)
        await _forget_some(desk, state)


async def _come_in(context: PluginContext, state: RoomState, participant: ParticipantView) -> None:
    desk, participant_id, room_id = desk_of(context), participant.participant_id, state.room_id
    if (refusal := state.excluded(participant_id)) is not None:
        send_away(context, room_id, participant_id, refusal)
        return
    person = state.people.get(participant_id) or Person(
        participant_id=participant_id, display_name=participant.display_name, role=participant.role
    )
    role = _came_as(state, person, participant)
    now = replace(person, display_name=participant.display_name, role=role, entered=True, waiting_since=None)
    state.absent.pop(participant_id, None)
    if now != state.people.get(participant_id):
        await desk.keep(state, now)
    if person.waiting_since is not None:
        desk.teller.waiting(room_id)
    other_role = now.effective_role != participant.role and (participant.proven or not now.promoted)
    if other_role and participant_id in desk.present_now(room_id):
        context.rooms.set_role(room_id, participant_id, now.effective_role)


def _came_as(state: RoomState, person: Person, participant: ParticipantView) -> str:
    """The role of their token. The promotion that made more of it may have been taken back while they came."""
    if participant.role == "assistant" and participant.participant_id in state.raised:
        return state.raised.pop(participant.participant_id)
    return person.role if person.promoted else participant.role


async def _forget_some(desk: Desk, state: RoomState) -> None:
    """Where very many have come and gone, forget the oldest of those of whom nothing is to be known."""
    if len(state.people) <= MOST_PEOPLE:
        return
    present = desk.present_now(state.room_id)
    plain = [name for name, each in state.people.items() if each.is_plain and name not in present]
    await desk.forget(state, plain[: MOST_PEOPLE // 10])


def somebody_left(desk: Desk, room_id: str, participant_id: str) -> None:
    """A hand that is up is lowered after a while."""
    state = desk.known_now(room_id)
    person = state.people.get(participant_id) if state is not None else None
    if state is None or person is None or person.hand_at is None:
        return
    if participant_id not in desk.present_now(room_id):
        desk.expect(state, participant_id)
        desk.teller.hands(room_id)


def waiting_changed(desk: Desk, room_id: str, participant_id: str) -> None:
    """Somebody has come to the waiting room, or has left it: in, away or out of sight."""
    state = desk.known_now(room_id)
    if state is None:
        return
    if participant_id in desk.connected(room_id):
        state.absent.pop(participant_id, None)
    elif participant_id in state.people and state.people[participant_id].waiting_since is not None:
        desk.expect(state, participant_id)
    desk.teller.waiting(room_id)


async def class_over(desk: Desk, room_id: str) -> None:
    """A session has ended for good: what was kept of it goes, but for bans."""
    async with desk.room(room_id) as state:
        await desk.database.run(store.forget_room, room_id)
        state.clear()
    desk.release(room_id)


def priority_of(desk: Desk, room_id: str, participant_id: str, source: TrackSource, priority: float) -> float:
    """The spotlight comes first."""
    state = desk.known_now(room_id)
    if state is None:
        return priority
    spotlit = (state.settings.spotlight_id, state.settings.spotlight_source) == (participant_id, source)
    return max(priority, SPOTLIGHT) if spotlit else priority


async def resume(context: PluginContext) -> None:
    """The plugin starts in the middle of classes: what is kept of them holds again, for who came meanwhile as well."""
    desk = desk_of(context)
    for room_id in desk.open_rooms():
        async with desk.room(room_id) as state:
            for person in state.people.values():
                for source in person.muted:
                    desk.set_blocked(room_id, person.participant_id, source, True)
            for each in context.rooms.present(room_id) if desk.is_open(room_id) else ():
                await _come_in(context, state, each)
            if state.settings.spotlight_id is not None and desk.is_open(room_id):
                context.rooms.reconsider(room_id)


async def tell_lists(context: PluginContext) -> None:
    """The task that tells browsers which lists have changed."""
    desk = desk_of(context)
    while True:
        for changed in await desk.teller.next():
            event = told(desk, changed)
            if event is not None:
                desk.tell(changed.room_id, event)
        await trio.sleep(PAUSE)
