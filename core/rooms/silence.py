# SPDX-License-Identifier: Apache-2.0
"""What of one room's sources is not forwarded: because somebody muted themselves, or because others blocked it.

Either is enough, whether or not the source flows at the moment, and everybody is told of both. Sans-IO: what follows
is returned as decisions.
"""

from collections.abc import Mapping

from podium.core.events import TrackBlocked, TrackMuted, TrackSource
from podium.core.rooms.blocks import Blocks
from podium.core.rooms.decisions import Decision, Silence, Tell
from podium.core.rooms.model import Participant


class Silences:
    """Knows the participants of the room it is given, and the blocks of its session, also of those to come."""

    def __init__(self, participants: Mapping[str, Participant], blocks: Blocks) -> None:
        self._participants = participants
        self.blocks = blocks

    def mute(self, participant_id: str, source: TrackSource, muted: bool) -> list[Decision]:
        """Somebody mutes or unmutes themselves; others are told, who does so knows."""
        participant = self._participants[participant_id]
        event = TrackMuted(participant_id=participant_id, source=source, muted=muted)
        others = [Tell(other, event) for other in self._participants if other != participant_id]
        return [*_change(participant, source, participant.muted, muted), *others]

    def block(self, participant_id: str, source: TrackSource, blocked: bool, owner: str) -> list[Decision]:
        """One owner blocks a source of somebody, here or not. Raises RoomError `source_invalid`."""
        self.blocks.change(participant_id, source, blocked, owner)
        return self._follow_blocks(participant_id, source)

    def lift(self, owner: str) -> list[Decision]:
        """Undo all blocks of one owner."""
        lifted = self.blocks.lift(owner)
        return [decision for block in lifted for decision in self._follow_blocks(*block)]

    def _follow_blocks(self, participant_id: str, source: TrackSource) -> list[Decision]:
        """What follows for somebody who is here from what their source has become, whosever doing it was."""
        participant = self._participants.get(participant_id)
        blocked = (participant_id, source) in self.blocks
        if participant is None or blocked == (source in participant.blocked):
            return []
        event = TrackBlocked(participant_id=participant_id, source=source, blocked=blocked)
        told = [Tell(each, event) for each in self._participants]
        return [*_change(participant, source, participant.blocked, blocked), *told]


def _change(participant: Participant, source: TrackSource, causes: set[TrackSource], silent: bool) -> list[Silence]:
    """One of the two causes comes or goes; the worker is told if that makes a difference."""
    before = participant.silent(source)
    (causes.add if silent else causes.discard)(source)
    now = participant.silent(source)
    if now == before:
        return []
    return [Silence(source_id, now) for track in participant.tracks_of(source) for source_id in track.layers]
