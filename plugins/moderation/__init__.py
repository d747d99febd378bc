# SPDX-License-Identifier: Apache-2.0
"""Moderation: mutes, kicks and bans, a door with a lock and a waiting room, roles, spotlight, hands and reactions.

This file says what the plugin offers. The rules are in modules without a clock or a database (`rules`, `door`,
`people`, `room`); `store` is for the database's thread; `desk` is what runs; `acting` is what all operations begin
with, and `attending` what is heard of the rooms.
"""

from typing import Any

from podium.core import (
    ROLES,
    Caller,
    Health,
    ParticipantView,
    Plugin,
    PluginContext,
    RoomView,
    TrackSource,
    Veto,
    Wait,
)
from podium.plugins.moderation import (
    attending,
    doorkeeping,
    giving_up,
    hands,
    leading,
    looking,
    muting,
    removing,
)
from podium.plugins.moderation._config import ModerationConfig
from podium.plugins.moderation.desk import Clock, desk_of, open_desk, utc_now
from podium.plugins.moderation.events import FOR_ALL, FOR_LEADING
from podium.plugins.moderation.rules import LEADING, MODERATORS, STAFF, Action, grant_of
from podium.plugins.moderation.tables import METADATA

__all__ = ["ModerationConfig", "make_plugin", "plugin"]

TAKING_PART = ("instructor", "assistant", "student")
PACKAGE = "podium.plugins.moderation"
PERSON = "/sessions/{session_id}/participants/{participant_id}"
CLASS = "/sessions/{session_id}"


def make_plugin(now: Clock = utc_now) -> Plugin:
    """The plugin, living by this clock."""
    plugin = Plugin(
        "moderation",
        version="1.0",
        config=ModerationConfig,
        tables=METADATA,
        migrations="podium.plugins.moderation.migrations",
        static=PACKAGE,
    )
    plugin.panel("people", title="People", module="panel.js", eager=True)
    for event in FOR_ALL:
        plugin.event(event)
    for event in FOR_LEADING:
        plugin.event(roles=LEADING)(event)
    _offer_to_moderators(plugin)
    _offer_to_people(plugin)
    _ask_at_the_door(plugin)
    _hear(plugin)
    plugin.task(attending.tell_lists)
    plugin.task(giving_up.give_up)
    plugin.task(giving_up.prune)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        await open_desk(context, now)
        await attending.resume(context)

    return plugin


def _offer_to_moderators(plugin: Plugin) -> None:
    def offer(function: Any, path: str, *actions: Action) -> None:
        grants = tuple(map(grant_of, actions))
        plugin.operation(rest=path, roles=MODERATORS, grants=grants)(function)

    offer(looking.list_participants, f"GET {CLASS}/participants", "list")
    offer(muting.mute_participant, f"POST {PERSON}/mute", "mute")
    offer(muting.unmute_participant, f"POST {PERSON}/unmute", "unmute")
    offer(muting.ask_to_unmute, f"POST {PERSON}/ask-to-unmute", "ask")
    offer(muting.mute_all, f"POST {CLASS}/mute-all", "mute")
    offer(muting.unmute_all, f"POST {CLASS}/unmute-all", "unmute")
    offer(removing.kick_participant, f"POST {PERSON}/kick", "kick")
    offer(removing.ban_participant, f"POST {PERSON}/ban", "ban")
    offer(removing.readmit_participant, f"POST {PERSON}/readmit", "kick", "ban", "admit")
    offer(doorkeeping.lock_room, f"POST {CLASS}/lock", "lock")
    offer(doorkeeping.set_waiting_room, f"POST {CLASS}/waiting-room", "lock")
    offer(doorkeeping.admit_participant, f"POST {PERSON}/admit", "admit")
    offer(doorkeeping.admit_all, f"POST {CLASS}/admit-all", "admit")
    offer(doorkeeping.refuse_participant, f"POST {PERSON}/refuse", "admit")
    offer(doorkeeping.refuse_all, f"POST {CLASS}/refuse-all", "admit")
    offer(leading.promote_participant, f"POST {PERSON}/promote", "promote")
    offer(leading.demote_participant, f"POST {PERSON}/demote", "promote")
    offer(leading.spotlight_participant, f"POST {CLASS}/spotlight", "spotlight")
    offer(leading.end_for_all, f"POST {CLASS}/end-for-all", "end")
    offer(hands.lower_all_hands, f"POST {CLASS}/hands/lower-all", "hands")


def _offer_to_people(plugin: Plugin) -> None:
    plugin.operation(rest=f"POST {CLASS}/hands", roles=TAKING_PART)(hands.raise_hand)
    plugin.operation(rest=f"POST {CLASS}/hands/lower", roles=(*TAKING_PART, *STAFF), grants=(grant_of("hands"),))(
        hands.lower_hand
    )
    plugin.operation(rest=f"POST {CLASS}/reactions", roles=TAKING_PART)(hands.send_reaction)
    plugin.operation(rest=f"GET {CLASS}/moderation", roles=(*ROLES, *STAFF))(looking.get_moderation)


def _ask_at_the_door(plugin: Plugin) -> None:
    @plugin.hook
    async def token_shown(context: PluginContext, caller: Caller) -> Veto | None:
        if caller.session_id is None or caller.subject is None:
            return None
        return attending.void(await desk_of(context).known(caller.session_id), caller)

    @plugin.hook
    async def participant_role(context: PluginContext, role: str, room: RoomView, participant: ParticipantView) -> str:
        return (await desk_of(context).known(room.session_id)).role_of(participant.participant_id, role)

    @plugin.hook
    async def participant_joining(
        context: PluginContext, room: RoomView, participant: ParticipantView
    ) -> Veto | Wait | None:
        return await attending.at_the_door(context, room.session_id, participant)

    @plugin.hook
    async def track_priority(
        context: PluginContext, priority: float, room: RoomView, publisher: ParticipantView, source: TrackSource
    ) -> float:
        return attending.priority_of(desk_of(context), room.session_id, publisher.participant_id, source, priority)


def _hear(plugin: Plugin) -> None:
    @plugin.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        await attending.somebody_joined(context, room.session_id, participant)

    @plugin.hook
    async def participant_left(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        attending.somebody_left(desk_of(context), room.session_id, participant.participant_id)

    @plugin.hook
    async def participant_waiting(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        attending.waiting_changed(desk_of(context), room.session_id, participant.participant_id)

    @plugin.hook
    async def participant_waited(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        attending.waiting_changed(desk_of(context), room.session_id, participant.participant_id)

    @plugin.hook
    async def room_closed(context: PluginContext, room: RoomView) -> None:
        desk_of(context).release(room.session_id)

    @plugin.hook
    async def session_ended(context: PluginContext, session_id: str) -> None:
        await attending.class_over(desk_of(context), session_id)

    @plugin.hook
    async def health_check(context: PluginContext) -> Health:
        states = desk_of(context).states()
        return Health(detail=f"{sum(len(each.waiting()) for each in states)} people wait to be admitted")


plugin = make_plugin()
