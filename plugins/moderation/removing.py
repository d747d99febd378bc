# SPDX-License-Identifier: Apache-2.0
"""The operations that send people away and have them back: kick from a class, ban from a session, readmit.

Somebody who is sent away has lost what they were given: a promotion, a raised hand, the spotlight.
"""

from dataclasses import replace

from podium.core import Caller, PluginContext
from podium.plugins.moderation import door, store
from podium.plugins.moderation.acting import Scene, acting, deciding, unknown
from podium.plugins.moderation.audit import ParticipantBanned, ParticipantKicked, ParticipantReadmitted
from podium.plugins.moderation.desk import Desk, desk_of
from podium.plugins.moderation.door import Refusal
from podium.plugins.moderation.people import Ban, Person
from podium.plugins.moderation.requests import BanParticipant, KickParticipant, Moderated, ReadmitParticipant
from podium.plugins.moderation.room import RoomState
from podium.plugins.moderation.rules import Action


async def kick_participant(context: PluginContext, caller: Caller, request: KickParticipant) -> Moderated:
    """Remove somebody from a class: their token is void, and they cannot come back to it.

    Also for somebody who waits to be admitted, or is away.
    """
    async with acting(context, caller, request.session_id, "kick") as scene:
        person = scene.person(request.participant_id)
        scene.check_reach("kick", person)
        if person.kicked and person.participant_id not in scene.present():
            return scene.result()
        shone = scene.shines_on(person.participant_id)
        gone = replace(_stripped(person), kicked=True, reason=request.reason)
        await scene.desk.keep(scene.state, gone, settings=scene.state.without_spotlight_on(gone.participant_id))
        _send_away(scene, person, door.kicked(request.reason), shone=shone)
        scene.desk.removed.labels("kicked").inc()
        scene.context.emit(
            ParticipantKicked(
                session_id=scene.room_id,
                actor_id=scene.actor_id,
                participant_id=gone.participant_id,
                reason=request.reason,
            )
        )
        return scene.result([gone])


async def ban_participant(context: PluginContext, caller: Caller, request: BanParticipant) -> Moderated:
    """Remove somebody from a session with all of its classes: their tokens are void, until they are readmitted."""
    async with acting(context, caller, request.session_id, "ban") as scene:
        person, state = scene.person(request.participant_id), scene.state
        scene.check_reach("ban", person)
        if person.participant_id in state.bans:
            return scene.result()
        shone = scene.shines_on(person.participant_id)
        gone, settings = _stripped(person), state.without_spotlight_on(person.participant_id)
        banned = Ban(participant_id=gone.participant_id, display_name=gone.display_name, reason=request.reason)
        await scene.desk.write(store.ban, state.room_id, settings, gone, state.series_id, banned)
        state.apply([gone], settings)
        for other in _of_series(scene.desk, state):
            other.bans[banned.participant_id] = banned
            if other is not state:
                send_away(context, other.room_id, banned.participant_id, door.banned(banned.reason))
                scene.desk.tell_excluded(other.room_id)
        _send_away(scene, person, door.banned(request.reason), shone=shone)
        scene.desk.removed.labels("banned").inc()
        scene.context.emit(
            ParticipantBanned(
                session_id=scene.room_id,
                actor_id=scene.actor_id,
                participant_id=gone.participant_id,
                series_id=state.series_id,
                reason=request.reason,
            )
        )
        return scene.result([gone])


async def readmit_participant(context: PluginContext, caller: Caller, request: ReadmitParticipant) -> Moderated:
    """Let somebody come again who was removed, banned or refused; a ban is lifted for the whole session."""
    async with deciding(context, caller, request.session_id, None) as scene:
        person, state = scene.known(request.participant_id), scene.state
        banned = request.participant_id in state.bans
        scene.check_may(_lifting(person, banned=banned))
        if person is None and not banned:
            raise unknown(request.participant_id)
        if not banned and person is not None and not (person.kicked or person.refused):
            return scene.result()
        back = [replace(person, kicked=False, refused=False, reason="")] if person is not None else []
        await scene.desk.write(store.readmit, state.room_id, state.settings, back, request.participant_id)
        state.apply(back)
        for other in _of_series(scene.desk, state):
            other.bans.pop(request.participant_id, None)
            scene.desk.tell_excluded(other.room_id)
        scene.context.emit(
            ParticipantReadmitted(
                session_id=scene.room_id, actor_id=scene.actor_id, participant_id=request.participant_id
            )
        )
        return scene.result([request.participant_id])


def _lifting(person: Person | None, *, banned: bool) -> Action:
    """What somebody has to be allowed who takes it back."""
    if banned:
        return "ban"
    return "admit" if person is not None and person.refused and not person.kicked else "kick"


def _stripped(person: Person) -> Person:
    return replace(person, admitted=False, promoted=False, refused=False, waiting_since=None, hand_at=None)


def _of_series(desk: Desk, state: RoomState) -> list[RoomState]:
    """The class and all others of its session that are known."""
    return [each for each in desk.states() if each is state or each.series_id == state.series_id]


def _send_away(scene: Scene, before: Person, refusal: Refusal, *, shone: bool) -> None:
    """Out of the room or the waiting room, and tell those who stay what has ended with it."""
    participant_id, desk = before.participant_id, scene.desk
    send_away(scene.context, scene.room_id, participant_id, refusal)
    scene.state.absent.pop(participant_id, None)
    desk.tell_excluded(scene.room_id)
    if before.waiting_since is not None:
        desk.teller.waiting(scene.room_id)
    if before.hand_at is not None:
        desk.teller.hands(scene.room_id)
    if shone:
        scene.tell_spotlight()


def send_away(context: PluginContext, room_id: str, participant_id: str, refusal: Refusal) -> None:
    """Wherever they are."""
    if participant_id in desk_of(context).present_now(room_id):
        context.rooms.remove(room_id, participant_id, reason=refusal.code)
    context.rooms.turn_away(room_id, participant_id, refusal.message, code=refusal.code)
