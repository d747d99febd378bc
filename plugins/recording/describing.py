# SPDX-License-Identifier: Apache-2.0
"""A recording as it is told to those who may see it, with links that are made for them."""

from podium.core import LEADING, Caller
from podium.plugins.recording import serving
from podium.plugins.recording.requests import Problem, RecordingInfo, TrackLink
from podium.plugins.recording.store import Recording
from podium.plugins.recording.studio import Studio


def described(studio: Studio, recording: Recording, caller: Caller) -> RecordingInfo:
    """While it is recorded the film can be watched as far as it is made; it can be downloaded when it is whole.

    Separate tracks are for those who lead, and those who stand above all rooms.
    """
    now = studio.now()
    track_list = recording.track_list if not caller.in_room or caller.role in LEADING else ()
    watchable = recording.state != "FAILED"
    problem = None
    if recording.problem_code is not None:
        problem = Problem(code=recording.problem_code, message=recording.problem or "")
    return RecordingInfo(
        recording_id=recording.id,
        session_id=recording.session_id,
        title=recording.title,
        state=recording.state,
        paused=recording.paused,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        available_at=recording.available_at,
        duration=recording.duration,
        size=recording.size,
        percent=recording.percent,
        behind=recording.behind,
        step=recording.step,
        problem=problem,
        watch_url=serving.watch_path(studio, recording.id, now) if watchable else None,
        download_url=serving.download_path(studio, recording.id, now) if recording.state == "AVAILABLE" else None,
        links_expire_at=serving.expires_at(studio, now) if watchable else None,
        tracks=recording.tracks,
        track_list=tuple(
            TrackLink(
                participant_id=track.participant_id,
                display_name=track.display_name,
                source=track.source,
                kind=track.kind,
                codec=track.codec,
                begins=track.begins,
                duration=track.duration,
                size=track.size,
                url=serving.track_path(studio, recording.id, number, now),
            )
            for number, track in enumerate(track_list)
        ),
        delete_at=recording.delete_at,
    )
