# SPDX-License-Identifier: Apache-2.0
"""A room's news in the words of those who observe it."""

from podium.core.events import ParticipantJoined, ParticipantLeft, TrackMuted, TrackPublished, TrackUnpublished
from podium.core.rooms.decisions import FormerRole, News, NowSpeaking
from podium.core.rooms.observer import RoomObserver, RoomView, TrackView


def report(news: News | NowSpeaking, room: RoomView, observer: RoomObserver) -> None:
    """Call the one method of the observer that tells this."""
    if isinstance(news, NowSpeaking):
        observer.speaker_changed(room=room, participant=news.participant)
        return
    participant, event = news
    match event:
        case ParticipantJoined():
            observer.participant_joined(room=room, participant=participant)
        case ParticipantLeft(reason=reason):
            observer.participant_left(room=room, participant=participant, reason=reason)
        case TrackPublished(source=source, kind=kind, width=width, height=height):
            track = TrackView(source=source, kind=kind, width=width, height=height)
            observer.track_published(room=room, participant=participant, track=track)
        case TrackUnpublished(source=source, kind=kind):
            track = TrackView(source=source, kind=kind)
            observer.track_unpublished(room=room, participant=participant, track=track)
        case TrackMuted(source=source, muted=muted):
            observer.track_muted(room=room, participant=participant, source=source, muted=muted)
        case FormerRole(role=previous):
            observer.role_changed(room=room, participant=participant, previous=previous)
