# SPDX-License-Identifier: Apache-2.0
"""The operations about the class as a whole and its roles: promote to assistant and back, spotlight, end for all."""

from dataclasses import replace

from podium.core import Caller, OperationError, PluginContext
from podium.plugins.moderation.acting import Scene, acting, as_leading, conflict
from podium.plugins.moderation.audit import (
    ClassEndedForAll,
    ParticipantDemoted,
    ParticipantPromoted,
    ParticipantSpotlighted,
    SpotlightEnded,
)
from podium.plugins.moderation.desk import desk_of
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.requests import (
    DemoteParticipant,
    EndForAll,
    Moderated,
    PromoteParticipant,
    SpotlightParticipant,
)
from podium.plugins.moderation.rules import check_may


async def promote_participant(context: PluginContext, caller: Caller, request: PromoteParticipant) -> Moderated:
    """Make a student or observer an assistant, for the rest of the class and also when they come back."""
    async with acting(context, caller, request.session_id, "promote") as scene:
        person = _member(scene, request.participant_id)
        if scene.role_of(person) == "assistant":
            return scene.result()
        await _become(scene, replace(person, promoted=True))
        context.emit(
            ParticipantPromoted(session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id)
        )
        return scene.result([person])


async def demote_participant(context: PluginContext, caller: Caller, request: DemoteParticipant) -> Moderated:
    """Give somebody who was promoted the role back that they came with."""
    async with acting(context, caller, request.session_id, "promote") as scene:
        person = _member(scene, request.participant_id)
        if not person.promoted:
            if scene.role_of(person) == "assistant":
                raise conflict("not_promoted", "they came as assistant; only a promotion can be taken back")
            return scene.result()
        hand_at = None if person.role == "observer" else person.hand_at
        await _become(scene, replace(person, promoted=False, hand_at=hand_at))
        if hand_at != person.hand_at:
            scene.desk.teller.hands(scene.room_id)
        context.emit(
            ParticipantDemoted(
                session_id=scene.room_id,
                actor_id=scene.actor_id,
                participant_id=person.participant_id,
                role=person.role,
            )
        )
        return scene.result([person])


async def spotlight_participant(context: PluginContext, caller: Caller, request: SpotlightParticipant) -> Moderated:
    """Have everybody see somebody's camera or screen large, or nobody's any more."""
    async with acting(context, caller, request.session_id, "spotlight") as scene:
        settings, target = scene.state.settings, request.participant_id
        if target is not None:
            scene.person(target)
        wanted = replace(settings, spotlight_id=target, spotlight_source=request.source)
        if wanted == settings or (target is None and settings.spotlight_id is None):
            return scene.result()
        if target is not None and target not in scene.present():
            raise conflict("participant_away", "they are not in the room")
        await scene.desk.keep(scene.state, settings=wanted)
        scene.tell_spotlight()
        if target is None:
            context.emit(SpotlightEnded(session_id=scene.room_id, actor_id=scene.actor_id))
        else:
            context.emit(
                ParticipantSpotlighted(
                    session_id=scene.room_id, actor_id=scene.actor_id, participant_id=target, source=request.source
                )
            )
        return scene.result([target] if target is not None else (), anything=True)


async def end_for_all(context: PluginContext, caller: Caller, request: EndForAll) -> Moderated:
    """End a class: everybody is sent away, and of a scheduled class nobody can come back."""
    desk = desk_of(context)
    view = await context.sessions.get(request.session_id)
    room_id = view.occurrence.room_id if view is not None else request.session_id
    check_may(as_leading(desk, caller, await desk.known(room_id)), "end", desk.config.allowed)
    if view is None:
        if not desk.is_open(room_id):
            return Moderated(session_id=room_id, changed=False)
        context.rooms.end_session(room_id, reason="ended")
    elif not await _end_scheduled(context, view.state, request.session_id):
        return Moderated(session_id=room_id, changed=False)
    context.emit(ClassEndedForAll(session_id=room_id, actor_id=caller.subject))
    return Moderated(session_id=room_id, changed=True)


async def _end_scheduled(context: PluginContext, state: str, session_id: str) -> bool:
    """Have whoever keeps sessions end this one; whether it was not over already."""
    if state in ("ended", "cancelled"):
        return False
    try:
        await context.operations.call("EndSession", {"session_id": session_id})
    except OperationError as error:
        if error.code in ("session_over", "session_cancelled"):  # somebody else was faster
            return False
        raise
    return True


def _member(scene: Scene, participant_id: str) -> Person:
    """Somebody whose role may be changed. Raises OperationError."""
    person = scene.person(participant_id)
    scene.check_reach("promote", person)
    if scene.state.excluded(participant_id) is not None:
        raise conflict("participant_excluded", "they were removed or banned; ReadmitParticipant has them back")
    if participant_id not in scene.present() and not person.is_let_in:
        raise conflict("participant_waiting", "they have not been in the room; admit them first")
    return person


async def _become(scene: Scene, person: Person) -> None:
    await scene.desk.keep(scene.state, person)
    if person.participant_id in scene.present():
        scene.context.rooms.set_role(scene.room_id, person.participant_id, person.effective_role)
