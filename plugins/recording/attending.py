# SPDX-License-Identifier: Apache-2.0
"""What the plugin hears of rooms, handed to what is recorded in them."""

from podium.core import (
    DatabaseError,
    Event,
    OperationError,
    ParticipantView,
    Plugin,
    PluginContext,
    RoomView,
    SessionChange,
    SessionView,
    TrackSource,
    TrackView,
)
from podium.plugins.recording.studio import studio_of
from podium.plugins.recording.take import Take


def declare_hooks(plugin: Plugin) -> None:
    """All of them."""
    _hear_of_rooms(plugin)
    _hear_of_people(plugin)
    _hear_of_tracks(plugin)
    _hear_of_plugins(plugin)


def _hear_of_rooms(plugin: Plugin) -> None:
    @plugin.hook
    async def room_opened(context: PluginContext, room: RoomView) -> None:
        try:
            studio_of(context).opened(room.session_id)
        except OperationError:
            return  # and closed meanwhile

    @plugin.hook
    async def room_closed(context: PluginContext, room: RoomView) -> None:
        studio = studio_of(context)
        await studio.closed(room.session_id)
        if any(view.session_id == room.session_id for view in context.rooms.list()):
            studio.opened(room.session_id)  # again: what was told of that before is over

    @plugin.hook
    async def session_changed(context: PluginContext, session: SessionView, change: SessionChange) -> None:
        studio_of(context).session_changed(session)
        if change == "cancelled":
            await _over(context, session.occurrence.room_id)

    @plugin.hook
    async def session_ended(context: PluginContext, session_id: str) -> None:
        await _over(context, session_id)


def _hear_of_people(plugin: Plugin) -> None:
    @plugin.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        studio_of(context).nudge()
        take = _take(context, room)
        if take is not None:
            take.participant_joined(participant)

    @plugin.hook
    async def participant_left(
        context: PluginContext, room: RoomView, participant: ParticipantView, reason: str
    ) -> None:
        take = _take(context, room)
        if take is not None:
            take.participant_left(participant.participant_id, reason)

    @plugin.hook
    async def role_changed(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        take = _take(context, room)
        if take is not None:
            take.role_changed(participant)

    @plugin.hook
    async def speaker_changed(context: PluginContext, room: RoomView, participant: ParticipantView | None) -> None:
        take = _take(context, room)
        if take is not None:
            take.speaker_changed(participant)


def _hear_of_tracks(plugin: Plugin) -> None:
    @plugin.hook
    async def track_published(
        context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
    ) -> None:
        take = _take(context, room)
        if take is not None:
            take.track_published(participant, track)

    @plugin.hook
    async def track_unpublished(
        context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
    ) -> None:
        take = _take(context, room)
        if take is not None:
            take.track_unpublished(participant.participant_id, track)

    @plugin.hook
    async def track_muted(
        context: PluginContext, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
    ) -> None:
        take = _take(context, room)
        if take is not None:
            take.track_muted(participant.participant_id, source, muted)


def _hear_of_plugins(plugin: Plugin) -> None:
    @plugin.hook
    async def event_emitted(context: PluginContext, event: Event) -> None:
        session_id = getattr(event, "session_id", None)
        take = studio_of(context).take(session_id) if isinstance(session_id, str) else None
        if take is not None:
            _note(take, event)


def _note(take: Take, event: Event) -> None:
    """Spotlights and shares, by whichever plugin: what counts are the event's name and its fields."""
    participant_id = getattr(event, "participant_id", None)
    match type(event).__name__:
        case "ParticipantSpotlighted":
            take.capture.note("spotlight", participant_id=participant_id, source=getattr(event, "source", "camera"))
        case "SpotlightEnded":
            take.capture.note("spotlight", participant_id=None, source="camera")
        case "ScreenShareStarted":
            take.capture.note("share_started", participant_id=participant_id)
        case "ScreenShareStopped":
            take.capture.note("share_stopped", participant_id=participant_id)


def _take(context: PluginContext, room: RoomView) -> Take | None:
    return studio_of(context).take(room.session_id)


async def _over(context: PluginContext, session_id: str) -> None:
    """When it cannot be written now, whoever works on the recording finds that capture has ended."""
    try:
        await studio_of(context).session_over(session_id)
    except DatabaseError as error:
        context.log.warning("end of a class was not written", session_id=session_id, problem=error.message)
