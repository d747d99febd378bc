# SPDX-License-Identifier: Apache-2.0
"""The operations: recording a class, and what was recorded."""

from typing import Any

from podium.core import LEADING, ROLES, Caller, OperationError, Plugin, PluginContext
from podium.plugins.recording import store, transactions
from podium.plugins.recording.describing import described
from podium.plugins.recording.events import RecordingDeleted, RecordingRebuilt, TracksWanted
from podium.plugins.recording.people import check_leads, check_may_watch, check_present, may_see
from podium.plugins.recording.requests import (
    DeletedRecording,
    DeleteRecording,
    GetRecording,
    GetRecordingStatus,
    ListRecordings,
    MakeTracks,
    PauseRecording,
    RebuildRecording,
    RecordingInfo,
    RecordingList,
    RecordingStatus,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from podium.plugins.recording.stage import Stage
from podium.plugins.recording.store import Recording
from podium.plugins.recording.studio import studio_of

ABOVE = ("service", "administrator")
CLASS = "/sessions/{session_id}/recording"
ONE = "/recordings/{recording_id}"


def declare_operations(plugin: Plugin) -> None:
    """All of them."""
    leaders = (*LEADING, *ABOVE)
    everybody = (*ROLES, *ABOVE)

    def offer(function: Any, path: str, roles: tuple[str, ...], *, any_session: bool = False) -> None:
        plugin.operation(rest=path, roles=roles, any_session=any_session)(function)

    offer(start_recording, f"POST {CLASS}/start", leaders)
    offer(stop_recording, f"POST {CLASS}/stop", leaders)
    offer(pause_recording, f"POST {CLASS}/pause", leaders)
    offer(resume_recording, f"POST {CLASS}/resume", leaders)
    offer(get_recording_status, f"GET {CLASS}", everybody)
    offer(list_recordings, "GET /recordings", everybody, any_session=True)
    offer(get_recording, f"GET {ONE}", everybody, any_session=True)
    offer(delete_recording, f"DELETE {ONE}", ("instructor", *ABOVE), any_session=True)
    offer(make_tracks, f"POST {ONE}/tracks", leaders, any_session=True)
    offer(rebuild_recording, f"POST {ONE}/rebuild", ABOVE, any_session=True)


async def start_recording(context: PluginContext, caller: Caller, request: StartRecording) -> RecordingInfo:
    """Record a class from now on, or let a paused recording go on. Somebody has to be in its room.

    A class that is recorded already stays so. `disk_full` says that there is no room for a recording.
    """
    check_leads(context, request.session_id, caller)
    studio = studio_of(context)
    stage = studio.opened(request.session_id)
    recording = await studio.start(stage, caller.subject, separate_tracks=request.separate_tracks)
    return await _info(context, caller, recording.id)


async def stop_recording(context: PluginContext, caller: Caller, request: StopRecording) -> RecordingInfo:
    """End the recording of a class; its film is ready moments later. `not_recording` when there is none."""
    check_leads(context, request.session_id, caller)
    studio = studio_of(context)
    stage = studio.stage(request.session_id)
    if stage is None:
        recording = await studio.stop_waiting(request.session_id, caller.subject)
    else:
        recording = await studio.stop(stage, caller.subject)
    return await _info(context, caller, recording.id)


async def pause_recording(context: PluginContext, caller: Caller, request: PauseRecording) -> RecordingInfo:
    """Keep nothing of the class until the recording is resumed; the film leaves the time between out."""
    stage = _stage(context, caller, request.session_id)
    recording = await studio_of(context).set_paused(stage, caller.subject, paused=True)
    return await _info(context, caller, recording.id)


async def resume_recording(context: PluginContext, caller: Caller, request: ResumeRecording) -> RecordingInfo:
    """Go on after a pause."""
    stage = _stage(context, caller, request.session_id)
    recording = await studio_of(context).set_paused(stage, caller.subject, paused=False)
    return await _info(context, caller, recording.id)


async def get_recording_status(context: PluginContext, caller: Caller, request: GetRecordingStatus) -> RecordingStatus:
    """Whether a class is recorded at this moment."""
    check_present(context, request.session_id, caller)
    return studio_of(context).status(request.session_id)


async def get_recording(context: PluginContext, caller: Caller, request: GetRecording) -> RecordingInfo:
    """How it stands with a recording, and links to watch and download it."""
    check_may_watch(studio_of(context).config, caller)
    await _known(context, caller, request.recording_id)
    return await _info(context, caller, request.recording_id)


async def list_recordings(context: PluginContext, caller: Caller, request: ListRecordings) -> RecordingList:
    """The recordings of a class, of all classes of a series, or of all sessions; the newest first."""
    studio = studio_of(context)
    check_may_watch(studio.config, caller)
    if caller.in_room and request.session_id != caller.session_id:
        what = "say which class: `session_id` has to be that of your token"
        raise OperationError("forbidden", "session_forbidden", what, "session_id")
    found, more = await context.database.read(
        store.page, request.session_id, request.before, request.limit, studio.now()
    )
    return RecordingList(
        recordings=tuple(described(studio, each, caller) for each in found), next=found[-1].id if more else None
    )


async def delete_recording(context: PluginContext, caller: Caller, request: DeleteRecording) -> DeletedRecording:
    """Delete film, tracks and everything that was captured, for good. One that goes on has to be stopped before."""
    recording = await _known(context, caller, request.recording_id)
    if recording.state == "RECORDING":
        raise OperationError("conflict", "still_recording", "stop the recording first", "recording_id")
    studio = studio_of(context)
    changed = await context.database.run(transactions.delete, recording, studio.now())
    studio.workshop.wake()
    if changed:
        context.emit(
            RecordingDeleted(session_id=recording.session_id, recording_id=recording.id, actor_id=caller.subject)
        )
    return DeletedRecording(recording_id=recording.id, changed=changed)


async def make_tracks(context: PluginContext, caller: Caller, request: MakeTracks) -> RecordingInfo:
    """Make a file of each participant's microphone, camera and screen, once there is a film."""
    recording = await _known(context, caller, request.recording_id)
    _check_captured(recording)
    if recording.tracks in ("none", "failed"):
        await context.database.run(transactions.want_tracks, recording, studio_of(context).now())
        studio_of(context).workshop.wake()
        context.emit(TracksWanted(session_id=recording.session_id, recording_id=recording.id, actor_id=caller.subject))
    return await _info(context, caller, recording.id)


async def rebuild_recording(context: PluginContext, caller: Caller, request: RebuildRecording) -> RecordingInfo:
    """Make the film anew from what was captured, while that is kept."""
    recording = await _known(context, caller, request.recording_id)
    _check_captured(recording)
    if recording.state not in store.FINAL:
        raise OperationError("conflict", "still_processing", "this recording is not finished yet", "recording_id")
    studio = studio_of(context)
    await context.database.run(transactions.rebuild, recording, studio.now())
    studio.workshop.wake()
    context.emit(RecordingRebuilt(session_id=recording.session_id, recording_id=recording.id, actor_id=caller.subject))
    return await _info(context, caller, recording.id)


def _stage(context: PluginContext, caller: Caller, session_id: str) -> Stage:
    check_leads(context, session_id, caller)
    stage = studio_of(context).stage(session_id)
    if stage is None:
        raise OperationError("not_found", "room_unknown", f"nobody is in a room {session_id!r}", "session_id")
    return stage


async def _known(context: PluginContext, caller: Caller, recording_id: str) -> Recording:
    """Unknown is also what the caller may not know of."""
    found: Recording | None = await context.database.read(store.get, recording_id)
    now = studio_of(context).now()
    if found is None or not may_see(caller, found) or (found.delete_at is not None and found.delete_at <= now):
        raise OperationError("not_found", "recording_unknown", f"there is no recording {recording_id}", "recording_id")
    return found


async def _info(context: PluginContext, caller: Caller, recording_id: str) -> RecordingInfo:
    found = await context.database.read(store.get, recording_id)
    if found is None:
        raise OperationError("not_found", "recording_unknown", f"there is no recording {recording_id}", "recording_id")
    return described(studio_of(context), found, caller)


def _check_captured(recording: Recording) -> None:
    if not recording.captured:
        what = "the packets that this would be made of have been deleted (keep_captured_hours)"
        raise OperationError("conflict", "captured_gone", what, "recording_id")
