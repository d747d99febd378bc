# SPDX-License-Identifier: Apache-2.0
"""The operations about microphones, cameras and screens: stop them in the worker, allow them again, ask for them.

Nothing here opens a microphone. Lifting a block lets somebody switch it on themselves, and asks them to.
"""

from collections.abc import Iterable
from dataclasses import replace

from podium.core import Caller, PluginContext, TrackSource
from podium.plugins.moderation.acting import Scene, acting, conflict
from podium.plugins.moderation.audit import ParticipantAskedToUnmute, ParticipantMuted, ParticipantUnmuted
from podium.plugins.moderation.events import UnmuteAsked
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.requests import (
    AskToUnmute,
    Moderated,
    MuteAll,
    MuteParticipant,
    UnmuteAll,
    UnmuteParticipant,
)
from podium.plugins.moderation.rules import LEADING


async def mute_participant(context: PluginContext, caller: Caller, request: MuteParticipant) -> Moderated:
    """Stop forwarding somebody's microphone, camera or screen, until it is allowed again.

    It holds for the class, also when they come back, and for somebody who is away.
    """
    async with acting(context, caller, request.session_id, "mute") as scene:
        person = scene.person(request.participant_id)
        scene.check_reach("mute", person)
        return await _mute(scene, [person], request.source)


async def unmute_participant(context: PluginContext, caller: Caller, request: UnmuteParticipant) -> Moderated:
    """Allow somebody's microphone, camera or screen again, and ask them to switch it on."""
    async with acting(context, caller, request.session_id, "unmute") as scene:
        person = scene.person(request.participant_id)
        scene.check_reach("unmute", person)
        return await _unmute(scene, [person], request.source)


async def mute_all(context: PluginContext, caller: Caller, request: MuteAll) -> Moderated:
    """Mute everybody who is in the room and does not lead it."""
    async with acting(context, caller, request.session_id, "mute") as scene:
        there = [each.participant_id for each in scene.present().values() if each.role not in LEADING]
        return await _mute(scene, map(scene.person, there), request.source)


async def unmute_all(context: PluginContext, caller: Caller, request: UnmuteAll) -> Moderated:
    """Lift every block of a source that the caller could lift, of those who are away as well."""
    async with acting(context, caller, request.session_id, "unmute") as scene:
        leads = scene.caller.role == "instructor" or not scene.caller.in_room
        people = [each for each in scene.state.people.values() if leads or scene.role_of(each) not in LEADING]
        return await _unmute(scene, people, request.source)


async def ask_to_unmute(context: PluginContext, caller: Caller, request: AskToUnmute) -> Moderated:
    """Ask somebody to switch on their microphone, camera or screen; whether they do is up to them."""
    async with acting(context, caller, request.session_id, "ask") as scene:
        person = scene.person(request.participant_id)
        if person.participant_id not in scene.present():
            raise conflict("participant_away", "they are not in the room")
        if request.source in person.muted:
            raise conflict("participant_muted", f"their {request.source} is muted; UnmuteParticipant asks them, too")
        _ask(scene, person, request.source)
        scene.context.emit(
            ParticipantAskedToUnmute(
                session_id=scene.room_id,
                actor_id=scene.actor_id,
                participant_id=person.participant_id,
                source=request.source,
            )
        )
        return scene.result([person])


async def _mute(scene: Scene, people: Iterable[Person], source: TrackSource) -> Moderated:
    changed = [replace(each, muted=each.muted | {source}) for each in people if source not in each.muted]
    await _keep(scene, changed, source, blocked=True)
    for person in changed:
        scene.desk.muted.inc()
        scene.context.emit(
            ParticipantMuted(
                session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id, source=source
            )
        )
    return scene.result(changed)


async def _unmute(scene: Scene, people: Iterable[Person], source: TrackSource) -> Moderated:
    changed = [replace(each, muted=each.muted - {source}) for each in people if source in each.muted]
    await _keep(scene, changed, source, blocked=False)
    for person in changed:
        scene.desk.unmuted.inc()
        _ask(scene, person, source)
        scene.context.emit(
            ParticipantUnmuted(
                session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id, source=source
            )
        )
    return scene.result(changed)


async def _keep(scene: Scene, changed: list[Person], source: TrackSource, *, blocked: bool) -> None:
    if not changed:
        return
    await scene.desk.keep(scene.state, *changed)
    for person in changed:
        scene.desk.set_blocked(scene.room_id, person.participant_id, source, blocked)


def _ask(scene: Scene, person: Person, source: TrackSource) -> None:
    """Tell them, if they are there, that somebody would like to see or hear them."""
    present = scene.present()
    if person.participant_id not in present or person.participant_id == scene.actor_id:
        return
    asking = present.get(scene.actor_id or "") if scene.caller.in_room else None
    name = asking.display_name if asking is not None else scene.caller.display_name or ""
    event = UnmuteAsked(source=source, asked_by=name)
    scene.context.rooms.send(scene.room_id, event, participant_id=person.participant_id)
