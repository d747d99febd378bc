# SPDX-License-Identifier: Apache-2.0
"""Who speaks loudest in one room, told to those who may hear them; to others nobody speaks.

The sound of a shared screen is no voice: while that is the loudest, nobody speaks.
"""

from collections.abc import Mapping

from podium.core.events import Speaking
from podium.core.rooms.decisions import Decision, Tell
from podium.core.rooms.model import Participant, Track


class Speaker:
    """Knows whom each participant was told of, so that nothing is told twice."""

    def __init__(self, participants: Mapping[str, Participant]) -> None:
        self._participants = participants
        self._track: Track | None = None

    @property
    def participant_id(self) -> str | None:
        """Who it is, whoever may hear them."""
        return self._track.key.participant_id if self._track is not None else None

    def is_track(self, track: Track) -> bool:
        return self._track is track

    def change(self, track: Track | None) -> list[Decision]:
        """This is the loudest now; None: nobody speaks."""
        self._track = track if track is not None and track.key.source != "screen" else None
        return self.tell()

    def tell(self) -> list[Decision]:
        """What those have to be told for whom it has changed, also because they may hear others than before."""
        decisions: list[Decision] = []
        for listener in self._participants.values():
            speaker = self._heard_by(listener.participant_id)
            if speaker != listener.speaker:
                listener.speaker = speaker
                decisions.append(Tell(listener.participant_id, Speaking(participant_id=speaker)))
        return decisions

    def _heard_by(self, listener: str) -> str | None:
        if self._track is None:
            return None
        speaker = self._track.key.participant_id
        return speaker if speaker == listener or self._track.reaches(listener) else None
