# SPDX-License-Identifier: Apache-2.0
"""The operations at the door: lock it, have people wait, let them in or turn them away."""

from collections.abc import Sequence
from dataclasses import replace

from podium.core import Caller, PluginContext
from podium.plugins.moderation import door, store
from podium.plugins.moderation.acting import Scene, acting, conflict, deciding
from podium.plugins.moderation.audit import (
    ParticipantAdmitted,
    ParticipantRefused,
    RoomLocked,
    RoomUnlocked,
    WaitingRoomSwitched,
)
from podium.plugins.moderation.desk import desk_of
from podium.plugins.moderation.people import Person, Settings
from podium.plugins.moderation.removing import send_away
from podium.plugins.moderation.requests import (
    AdmitAll,
    AdmitParticipant,
    LockRoom,
    Moderated,
    RefuseAll,
    RefuseParticipant,
    SetWaitingRoom,
)


async def lock_room(context: PluginContext, caller: Caller, request: LockRoom) -> Moderated:
    """Keep newcomers out of a class, or let them in again. Who has been in may come back; who leads always may."""
    async with deciding(context, caller, request.session_id, "lock") as scene:
        state = scene.state
        if state.settings.locked == request.locked:
            return scene.result()
        await scene.desk.keep(state, settings=replace(state.settings, locked=request.locked))
        scene.desk.tell_door(state)
        happened = RoomLocked if request.locked else RoomUnlocked
        context.emit(happened(session_id=scene.room_id, actor_id=scene.actor_id))
        return scene.result(anything=True)


async def set_waiting_room(context: PluginContext, caller: Caller, request: SetWaitingRoom) -> Moderated:
    """Have newcomers wait until somebody admits them, or not. Switched off, it admits everybody who waits.

    With the id of a session, it holds for all of its classes that do not say otherwise.
    """
    async with deciding(context, caller, request.session_id, "lock") as scene:
        is_class = request.session_id == scene.room_id
        switch = _switch_class if is_class else _switch_series
        result = await switch(scene, request.session_id, request.enabled)
    if result.changed and not is_class:
        await _open_others(context, caller, request.session_id)
    return result


async def admit_participant(context: PluginContext, caller: Caller, request: AdmitParticipant) -> Moderated:
    """Let somebody in who waits, or was refused; it holds for the class. Who is not there walks in when they come."""
    async with acting(context, caller, request.session_id, "admit") as scene:
        person = scene.person(request.participant_id)
        if scene.state.excluded(person.participant_id) is not None:
            raise conflict("participant_excluded", "they were removed or banned; ReadmitParticipant has them back")
        if person.is_let_in and not person.refused:
            return scene.result()
        return scene.result(await _let_in(scene, [person]))


async def admit_all(context: PluginContext, caller: Caller, request: AdmitAll) -> Moderated:
    """Let everybody in who waits."""
    async with acting(context, caller, request.session_id, "admit") as scene:
        return scene.result(await _let_in(scene, scene.state.waiting()))


async def refuse_participant(context: PluginContext, caller: Caller, request: RefuseParticipant) -> Moderated:
    """Turn somebody away who waits; asking again within this class is of no use to them."""
    async with acting(context, caller, request.session_id, "admit") as scene:
        person = scene.person(request.participant_id)
        if person.participant_id in scene.present():
            raise conflict("participant_present", "they are in the room; KickParticipant removes them")
        if person.refused:
            return scene.result()
        if person.waiting_since is None:
            raise conflict("not_waiting", "they do not wait")
        return scene.result(await _turn_away(scene, [person], request.reason))


async def refuse_all(context: PluginContext, caller: Caller, request: RefuseAll) -> Moderated:
    """Turn everybody away who waits."""
    async with acting(context, caller, request.session_id, "admit") as scene:
        return scene.result(await _turn_away(scene, scene.state.waiting(), request.reason))


async def _let_in(scene: Scene, people: Sequence[Person], settings: Settings | None = None) -> Sequence[Person]:
    if not people and settings is None:
        return ()
    admitted = [replace(each, admitted=True, refused=False, reason="", waiting_since=None) for each in people]
    await scene.desk.keep(scene.state, *admitted, settings=settings)
    for person in admitted:
        scene.state.absent.pop(person.participant_id, None)
        scene.context.rooms.admit(scene.room_id, person.participant_id)
        scene.context.emit(
            ParticipantAdmitted(session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id)
        )
    scene.desk.teller.waiting(scene.room_id)
    if any(each.refused for each in people):
        scene.desk.tell_excluded(scene.room_id)
    return admitted


async def _turn_away(scene: Scene, people: Sequence[Person], reason: str) -> Sequence[Person]:
    if not people:
        return ()
    refused = [replace(each, admitted=False, refused=True, reason=reason, waiting_since=None) for each in people]
    await scene.desk.keep(scene.state, *refused)
    for person in refused:
        scene.state.absent.pop(person.participant_id, None)
        send_away(scene.context, scene.room_id, person.participant_id, door.refused(reason))
        scene.desk.removed.labels("refused").inc()
        scene.context.emit(
            ParticipantRefused(
                session_id=scene.room_id,
                actor_id=scene.actor_id,
                participant_id=person.participant_id,
                reason=reason,
            )
        )
    scene.desk.teller.waiting(scene.room_id)
    scene.desk.tell_excluded(scene.room_id)
    return refused


async def _switch_class(scene: Scene, room_id: str, enabled: bool) -> Moderated:
    state = scene.state
    if state.waiting_room == enabled:
        return scene.result()
    settings = replace(state.settings, waiting_room=enabled)
    await _let_in(scene, [] if enabled else state.waiting(), settings)
    scene.desk.tell_door(state)
    scene.context.emit(WaitingRoomSwitched(session_id=room_id, actor_id=scene.actor_id, enabled=enabled))
    return scene.result(anything=True)


async def _switch_series(scene: Scene, series_id: str, enabled: bool) -> Moderated:
    if scene.state.series_waiting_room == enabled:
        return scene.result()
    await scene.desk.write(store.keep_waiting_room, series_id, enabled)
    for state in scene.desk.states():
        if state.series_id == series_id:
            state.series_waiting_room = enabled
            scene.desk.tell_door(state)
    scene.context.emit(WaitingRoomSwitched(session_id=series_id, actor_id=scene.actor_id, enabled=enabled))
    return scene.result(anything=True)


async def _open_others(context: PluginContext, caller: Caller, series_id: str) -> None:
    """The classes of a series in which nobody has to wait any more: admit who does."""
    desk = desk_of(context)
    for state in desk.states():
        if state.series_id == series_id and not state.waiting_room:
            async with desk.room(state.room_id) as known:
                scene = Scene(context, desk, known, caller)
                if not known.waiting_room:
                    await _let_in(scene, known.waiting())
