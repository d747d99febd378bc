# SPDX-License-Identifier: Apache-2.0
"""The operations of everybody who takes part: raise one's hand, lower it, react. Those who lead lower hands of others.

The queue is of those who are there. Who goes away keeps their place for a while.
"""

from collections.abc import Sequence
from dataclasses import replace

import trio

from podium.core import Caller, OperationError, PluginContext
from podium.plugins.moderation.acting import Scene, acting, as_present
from podium.plugins.moderation.audit import HandLowered, HandRaised
from podium.plugins.moderation.desk import desk_of
from podium.plugins.moderation.events import ReactionSent
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.requests import LowerAllHands, LowerHand, Moderated, RaiseHand, SendReaction


async def raise_hand(context: PluginContext, caller: Caller, request: RaiseHand) -> Moderated:
    """Raise one's hand: to the end of the queue."""
    async with acting(context, caller, request.session_id, None) as scene:
        person = scene.person(_participant(scene.caller))
        if person.hand_at is not None:
            return scene.result()
        queue = scene.state.hands()
        at = scene.state.after(scene.desk.now(), queue[-1].hand_at if queue else None)
        await scene.desk.keep(scene.state, replace(person, hand_at=at))
        scene.desk.teller.hands(scene.room_id)
        context.emit(
            HandRaised(session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id)
        )
        return scene.result([person])


async def lower_hand(context: PluginContext, caller: Caller, request: LowerHand) -> Moderated:
    """Lower one's own hand or, for those who lead, somebody else's."""
    async with acting(context, caller, request.session_id, None) as scene:
        if request.participant_id is not None and request.participant_id != scene.caller.subject:
            scene.check_may("hands")
            person = scene.person(request.participant_id)
        else:
            person = scene.person(_participant(scene.caller))
        return scene.result(await _lower(scene, [person]))


async def lower_all_hands(context: PluginContext, caller: Caller, request: LowerAllHands) -> Moderated:
    """Lower all hands."""
    async with acting(context, caller, request.session_id, "hands") as scene:
        return scene.result(await _lower(scene, scene.state.hands()))


async def send_reaction(context: PluginContext, caller: Caller, request: SendReaction) -> Moderated:
    """Show everybody in the room a reaction. Nothing is kept of it."""
    desk, now = desk_of(context), trio.current_time()
    participant_id = _participant(as_present(desk, caller, request.session_id))
    if request.reaction not in desk.config.reactions:
        known = " ".join(desk.config.reactions) or "none"
        raise OperationError("invalid", "reaction_unknown", f"the reactions here are {known}", "reaction")
    key = (request.session_id, participant_id)
    if not (desk.reactions.take(key, now) and desk.room_reactions.take(request.session_id, now)):
        raise OperationError("exhausted", "too_many_reactions", "too many reactions; wait a moment")
    desk.tell(request.session_id, ReactionSent(participant_id=participant_id, reaction=request.reaction))
    return Moderated(session_id=request.session_id, changed=True)


async def _lower(scene: Scene, people: Sequence[Person]) -> Sequence[Person]:
    lowered = [replace(each, hand_at=None) for each in people if each.hand_at is not None]
    if not lowered:
        return ()
    await scene.desk.keep(scene.state, *lowered)
    scene.desk.teller.hands(scene.room_id)
    for person in lowered:
        scene.context.emit(
            HandLowered(session_id=scene.room_id, actor_id=scene.actor_id, participant_id=person.participant_id)
        )
    return lowered


def _participant(caller: Caller) -> str:
    """Who takes part. Raises OperationError `forbidden` for observers and for those who are no participants."""
    if not caller.in_room or caller.role == "observer" or caller.subject is None:
        raise OperationError("forbidden", "forbidden", "only who takes part in the class may do this, not observers")
    return caller.subject
