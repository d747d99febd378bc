# SPDX-License-Identifier: Apache-2.0
"""Scheduling: classes with a start, people invited to them, and a door that opens in time.

This file says what the plugin offers. The rules are in modules without a clock or a database (`validation`,
`recurrence`, `overlaps`, `lifecycle`, `admission`); `reading`, `writing`, `editing` and `progress` are for the
database's thread; `desk` and `driver` are what runs.
"""

import trio

from podium.core import (
    ClientConfiguration,
    Health,
    ParticipantView,
    Plugin,
    PluginContext,
    RoomView,
    SessionView,
    Veto,
)
from podium.plugins.scheduling import attending, keeping
from podium.plugins.scheduling._config import SchedulingConfig
from podium.plugins.scheduling.desk import Clock, desk_of, open_desk, utc_now
from podium.plugins.scheduling.driver import drive
from podium.plugins.scheduling.events import EVENTS
from podium.plugins.scheduling.pages import PACKAGE, waiting_page
from podium.plugins.scheduling.reading import known
from podium.plugins.scheduling.tables import CLAIMS, METADATA
from podium.plugins.scheduling.visitors import READ, STAFF, WRITE
from podium.plugins.scheduling.zones import known_zones

__all__ = ["SchedulingConfig", "make_plugin", "plugin"]

ROOM_ROLES = ("instructor", "assistant", "student", "observer")
ALL = ("anonymous", *ROOM_ROLES, *STAFF)


def make_plugin(now: Clock = utc_now) -> Plugin:
    """The plugin, living by this clock."""
    plugin = Plugin(
        "scheduling",
        version="1.0",
        config=SchedulingConfig,
        tables=METADATA,
        migrations="podium.plugins.scheduling.migrations",
        claims=CLAIMS,
        static=PACKAGE,
    )
    for event in EVENTS:
        plugin.event(event)
    plugin.route("GET", "/join/{session_id}")(waiting_page)
    _offer_to_planners(plugin)
    _offer_to_people(plugin)
    plugin.task(drive)

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        await trio.to_thread.run_sync(known_zones)
        await open_desk(context, now)

    @plugin.hook
    async def participant_joining(context: PluginContext, room: RoomView, participant: ParticipantView) -> Veto | None:
        return await attending.at_the_door(context, room, participant)

    @plugin.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        desk = desk_of(context)
        desk.places.give_back(room.session_id, participant.participant_id)
        desk.nudge()

    @plugin.hook
    async def participant_waiting(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        desk_of(context).places.give_back(room.session_id, participant.participant_id)

    @plugin.hook
    async def join_refused(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        desk_of(context).places.give_back(room.session_id, participant.participant_id)

    @plugin.hook
    async def session_wanted(context: PluginContext, session_id: str) -> SessionView | None:
        return await desk_of(context).database.read(known, session_id)

    @plugin.hook
    async def client_configuration(context: PluginContext, configuration: ClientConfiguration) -> ClientConfiguration:
        return attending.configured(context, configuration)

    @plugin.hook
    async def health_check(context: PluginContext) -> Health:
        desk = desk_of(context)
        return Health(status="ok", detail=f"{len(desk.running)} classes are on, {len(desk.watchers)} pages wait")

    return plugin


def _offer_to_planners(plugin: Plugin) -> None:
    planners = {"roles": STAFF, "grants": (WRITE,), "any_session": True}
    readers = {"roles": STAFF, "grants": (READ, WRITE), "any_session": True}
    owners = {"roles": ("instructor", *STAFF), "grants": (WRITE,), "any_session": True}
    plugin.operation(rest="POST /sessions", **planners)(keeping.schedule_session)
    plugin.operation(rest="GET /sessions", **readers)(keeping.list_sessions)
    plugin.operation(rest="GET /session-changes", roles=STAFF, any_session=True)(keeping.list_session_changes)
    plugin.operation(
        rest="GET /sessions/{session_id}",
        roles=("instructor", "assistant", *STAFF),
        grants=(READ, WRITE),
        any_session=True,
    )(keeping.get_session)
    plugin.operation(rest="PATCH /sessions/{session_id}", **owners)(keeping.update_session)
    plugin.operation(rest="DELETE /sessions/{session_id}", **owners)(keeping.cancel_session)
    plugin.operation(rest="POST /sessions/{session_id}/end", **owners)(keeping.end_session)
    plugin.operation(rest="GET /sessions/{session_id}/invitations/{participant_id}", **planners)(keeping.get_invitation)


def _offer_to_people(plugin: Plugin) -> None:
    """Invitations are in bodies, not in queries, which end up in logs."""
    join_session = attending.joining(lambda role: _permissions(plugin, role))
    plugin.operation(rest="POST /sessions/{session_id}/join", roles=ALL, any_session=True)(join_session)
    plugin.operation(rest="POST /sessions/{session_id}/leave", roles=ROOM_ROLES)(attending.leave_session)
    plugin.operation(rest="POST /sessions/{session_id}/status", roles=ALL, any_session=True)(
        attending.get_session_status
    )
    plugin.operation(rest="POST /sessions/{session_id}/watch", roles=ALL, any_session=True, deadline=60)(
        attending.watch_session
    )


def _permissions(plugin: Plugin, role: str) -> tuple[str, ...]:
    return tuple(name for name, operation in plugin.operations.items() if role in operation.roles)


plugin = make_plugin()
