# SPDX-License-Identifier: Apache-2.0
"""A recording that goes on in this host: what happens in the room, handed to its capture once each.

A capture begins in the middle of what is going on. It is filled with who and what is there at that moment; news of the
time before may still be on their way, and then say what is known already.
"""

from collections.abc import Sequence
from typing import final

from podium.core import ParticipantInfo, ParticipantView, TrackInfo, TrackKind, TrackSource, TrackView
from podium.plugins.recording.capture import Capture
from podium.plugins.recording.store import Recording


@final
class Take:
    """Made when capture begins, over when it ends: a recording that goes on after a pause of the host has another."""

    def __init__(self, recording: Recording, capture: Capture) -> None:
        self.recording = recording
        self.capture = capture
        self._people: set[str] = set()
        self._tracks: set[tuple[str, TrackSource, TrackKind]] = set()

    @property
    def paused(self) -> bool:
        return self.capture.state == "paused"

    def fill(self, present: Sequence[ParticipantView], participants: Sequence[ParticipantInfo]) -> None:
        """With everybody in the room and what they publish."""
        views = {view.participant_id: view for view in present}
        for view in present:
            self.participant_joined(view)
        for info in participants:
            if info.participant_id in views:
                for track in info.tracks:
                    self._published(views[info.participant_id], track)

    def participant_joined(self, participant: ParticipantView) -> None:
        if participant.participant_id not in self._people:
            self._people.add(participant.participant_id)
            self.capture.participant_joined(participant)

    def participant_left(self, participant_id: str, reason: str) -> None:
        if participant_id in self._people:
            self._people.discard(participant_id)
            self._tracks = {key for key in self._tracks if key[0] != participant_id}
            self.capture.participant_left(participant_id, reason)

    def role_changed(self, participant: ParticipantView) -> None:
        if participant.participant_id in self._people:
            self.capture.role_changed(participant)

    def track_published(self, participant: ParticipantView, track: TrackView) -> None:
        key = (participant.participant_id, track.source, track.kind)
        if participant.participant_id in self._people and key not in self._tracks:
            self._tracks.add(key)
            self.capture.track_published(participant, track)

    def track_unpublished(self, participant_id: str, track: TrackView) -> None:
        key = (participant_id, track.source, track.kind)
        if key in self._tracks:
            self._tracks.discard(key)
            self.capture.track_unpublished(participant_id, track)

    def track_muted(self, participant_id: str, source: TrackSource, muted: bool) -> None:
        if participant_id in self._people:
            self.capture.track_muted(participant_id, source, muted)

    def speaker_changed(self, participant: ParticipantView | None) -> None:
        self.capture.speaking(None if participant is None else participant.participant_id)

    def _published(self, participant: ParticipantView, track: TrackInfo) -> None:
        view = TrackView(source=track.source, kind=track.kind, width=track.width, height=track.height)
        self.track_published(participant, view)
        if track.muted:
            self.track_muted(participant.participant_id, track.source, muted=True)
