# SPDX-License-Identifier: Apache-2.0
"""What the trail hears and what can be asked of it: hooks, tasks and the operation, put together as a plugin."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import trio
from msgspec import Meta
from sqlalchemy.exc import SQLAlchemyError

from podium.core import (
    Caller,
    DatabaseError,
    Event,
    Health,
    ParticipantInfo,
    ParticipantView,
    Plugin,
    PluginContext,
    RoomError,
    RoomView,
    SessionChange,
    SessionView,
    TrackSource,
    TrackView,
    TransportState,
)
from podium.plugins.events import reading, store
from podium.plugins.events.entries import Result, taken_from
from podium.plugins.events.reading import EventList, ListEvents
from podium.plugins.events.tables import metadata
from podium.plugins.events.trail import Trail

PRUNE_EVERY = 3600.0
"""Seconds from one look for old entries to the next."""
PRUNE_BATCH = 500
PRUNE_PAUSE = 0.1
"""Seconds between two batches, for others who want to write."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`[plugins.events]`"""

    keep_days: Annotated[int, Meta(ge=1, le=36500, description="Days after which an entry is deleted.")] = 90
    waiting: Annotated[
        int, Meta(ge=100, le=1_000_000, description="Entries kept in memory while the database cannot be written.")
    ] = 10_000
    ignore: Annotated[
        tuple[str, ...], Meta(description="Kinds that are not recorded, such as `track_muted` or `MessageSent`.")
    ] = ()


plugin = Plugin(
    "events",
    version="1.0",
    config=Settings,
    tables=metadata,
    migrations="podium.plugins.events.migrations",
    claims=("webrtc_events",),
)


@plugin.on_start
async def open_trail(context: PluginContext) -> None:
    """Made anew each time the plugin is enabled."""
    metrics = context.metrics
    trail = Trail(
        context.database,
        context.log,
        capacity=context.config.waiting,
        ignore=frozenset(context.config.ignore),
        written=metrics.counter("podium_events_written", "Entries of the audit trail that are in the database."),
        lost=metrics.counter("podium_events_lost", "Entries of the audit trail that could not be kept."),
    )
    waiting = metrics.gauge("podium_events_waiting", "Entries of the audit trail that have not been written yet.")
    waiting.set_function(lambda: trail.statistics().waiting)
    context.state = trail


@plugin.on_stop
async def close_trail(context: PluginContext) -> None:
    """Nothing that happened until now is lost, as long as the database works."""
    await context.state.finish()


@plugin.task
async def write(context: PluginContext) -> None:
    """The trail's way into the database."""
    await context.state.write()


@plugin.task
async def prune(context: PluginContext) -> None:
    """Delete what is older than `keep_days`, a little at a time."""
    while True:
        try:
            while await prune_some(context) == PRUNE_BATCH:
                await trio.sleep(PRUNE_PAUSE)
        except (DatabaseError, SQLAlchemyError) as error:
            context.log.warning("old entries cannot be deleted", problem=str(error).splitlines()[0])
        await trio.sleep(PRUNE_EVERY)


async def prune_some(context: PluginContext) -> int:
    before = datetime.now(UTC) - timedelta(days=context.config.keep_days)
    deleted: int = await context.database.run(store.prune, before, PRUNE_BATCH)
    return deleted


@plugin.operation(roles=("instructor", "service", "administrator"), rest="GET /events")
async def list_events(context: PluginContext, caller: Caller, request: ListEvents) -> EventList:  # noqa: ARG001  # the signature of an operation is given
    """Read the audit trail, the newest entry first.

    An entry can be read about a second after it happened. Instructors read the trail of their own session.
    """
    return await reading.page(context.database, request)


@plugin.hook
async def health_check(context: PluginContext) -> Health:
    health: Health = context.state.health()
    return health


# Rooms and people


@plugin.hook
async def room_opened(context: PluginContext, room: RoomView) -> None:
    context.state.record("room_opened", session_id=room.session_id)


@plugin.hook
async def room_closed(context: PluginContext, room: RoomView, reason: str) -> None:
    context.state.record("room_closed", session_id=room.session_id, details={"reason": reason})


@plugin.hook
async def session_ended(context: PluginContext, session_id: str, reason: str) -> None:
    context.state.record("session_ended", session_id=session_id, details={"reason": reason})


@plugin.hook
async def session_changed(context: PluginContext, session: SessionView, change: SessionChange) -> None:
    """That it did and how; who is invited, and their addresses, stay where they are kept."""
    details = {"change": change, "version": session.version, "state": session.state}
    context.state.record("session_changed", session_id=session.session_id, details=details)


@plugin.hook
async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    _record(context, "participant_joined", room, participant)


@plugin.hook
async def join_refused(
    context: PluginContext, room: RoomView, participant: ParticipantView, code: str, message: str
) -> None:
    _record(context, "join_refused", room, participant, "refused", code=code, message=message)


@plugin.hook
async def participant_left(context: PluginContext, room: RoomView, participant: ParticipantView, reason: str) -> None:
    _record(context, "participant_left", room, participant, reason=reason)


@plugin.hook
async def connection_changed(
    context: PluginContext, room: RoomView, participant: ParticipantView, state: TransportState
) -> None:
    result: Result = "failed" if state == "failed" else "ok"
    _record(context, "connection_changed", room, participant, result, state=state)


# Tracks


@plugin.hook
async def track_published(
    context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
) -> None:
    _record(context, "track_published", room, participant, source=track.source, kind=track.kind)


@plugin.hook
async def track_unpublished(
    context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
) -> None:
    _record(context, "track_unpublished", room, participant, source=track.source, kind=track.kind)


@plugin.hook
async def track_muted(
    context: PluginContext, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
) -> None:
    _record(context, "track_muted", room, participant, source=source, muted=muted)


# Other plugins


@plugin.hook
async def event_emitted(context: PluginContext, plugin: str, event: Event) -> None:
    """Moderation and whatever else plugins tell of themselves."""
    taken = taken_from(event)
    actor = _present(context, taken.session_id, taken.actor_id)
    context.state.record(
        type(event).__name__,
        plugin=plugin,
        session_id=taken.session_id,
        actor_id=taken.actor_id,
        actor_name=actor.display_name if actor is not None else None,
        actor_role=actor.role if actor is not None else None,
        subject_id=taken.subject_id,
        result=taken.result,
        details=taken.details,
    )


def _record(
    context: PluginContext,
    kind: str,
    room: RoomView,
    participant: ParticipantView,
    result: Result = "ok",
    /,
    **details: object,
) -> None:
    context.state.record(
        kind,
        session_id=room.session_id,
        actor_id=participant.participant_id,
        actor_name=participant.display_name,
        actor_role=participant.role,
        result=result,
        details=details,
    )


def _present(context: PluginContext, session_id: str | None, participant_id: str | None) -> ParticipantInfo | None:
    """Who that is, if the room is open and they are in it."""
    if session_id is None or participant_id is None:
        return None
    try:
        people = context.rooms.participants(session_id)
    except RoomError:
        return None
    return next((each for each in people if each.participant_id == participant_id), None)
