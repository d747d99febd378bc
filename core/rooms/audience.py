# SPDX-License-Identifier: Apache-2.0
"""Who may see and hear whom in one room, told to the worker as groups. Sans-IO.

A track's audience is None (everybody, also who comes later) or a set of participant ids. The worker is told in an
order in which nobody has, at any moment between two of its commands, what is neither in the audience that was nor
in the one to come: new groups are given to receivers before any track uses them, and a bit is used anew only after
the tracks that had it were taken away from it.
"""

from collections.abc import Collection, Mapping

from podium.core.events import TrackSource
from podium.core.rooms.assignment import TrackKey
from podium.core.rooms.decisions import Decision, SetAudience, SetGroups
from podium.core.rooms.groups import Group, groups_of, mask, membership, number
from podium.core.rooms.model import Participant, Track

NOBODY: frozenset[str] = frozenset()


class Audiences:
    """The audiences of all tracks of one room, whose participants it is given.

    `restricted`: plugins decide, so nobody has what was not decided to be for them.
    """

    def __init__(self, participants: Mapping[str, Participant]) -> None:
        self.restricted = False
        self.changed = False
        """There is something to settle."""
        self.crowded = False
        """There are more different audiences than groups; those without one reach nobody."""
        self._participants = participants
        self._numbers: dict[Group, int] = {}

    # Changes

    def restrict(self, restricted: bool) -> None:
        """From now on nobody has what `decide` does not give them, or (False) everybody has everything.

        Who is here keeps what they have until it is decided about.
        """
        if restricted == self.restricted:
            return
        self.restricted, self.changed = restricted, True
        everybody = frozenset(self._participants)
        for track in self._tracks():
            track.audience = everybody - {track.key.participant_id} if restricted else None

    def decide(self, participant_id: str, source: TrackSource, audience: Collection[str]) -> None:
        """These may see or hear a source; ids of others than those here, and the publisher's own, do not count."""
        participant = self._participants.get(participant_id)
        if participant is None or not self.restricted:
            return
        present = frozenset(each for each in self._participants if each in audience and each != participant_id)
        for track in participant.tracks_of(source):
            self.changed |= track.audience != present
            track.audience = present

    def add(self, track: Track) -> None:
        """A new track is for nobody until it is decided about."""
        if self.restricted:
            track.audience = NOBODY
            self.changed = True

    def exclude(self, participant_id: str) -> None:
        """Somebody is gone; who comes back under the same id has to be decided about anew."""
        for track in self._tracks():
            if track.audience is not None and participant_id in track.audience:
                track.audience -= {participant_id}
                self.changed = True

    # What follows

    def settle(self) -> list[Decision]:
        """What to tell the worker, after which each track reaches `Track.viewers`."""
        self.changed = False
        tracks = self._tracks()
        before, masks = self._numbers, self._renumber(tracks)
        old, new = mask(before.values()), mask(self._numbers.values())
        kept = mask(bit for group, bit in self._numbers.items() if before.get(group) == bit)
        decisions: list[Decision] = []
        for track in tracks:
            if track.groups is not None and track.groups & old & new & ~kept and track.groups != masks[track.key]:
                decisions += _tell(track, 0)
        for participant in self._participants.values():
            # Groups that end are left in place until no track has them any more, or somebody would be cut off briefly.
            groups = membership(participant.participant_id, self._numbers) | participant.groups & old & ~new
            if groups != participant.groups:
                participant.groups = groups
                decisions.append(SetGroups(participant.participant_id, groups))
        for track in tracks:
            if track.groups != masks[track.key]:
                decisions += _tell(track, masks[track.key])
        return decisions

    def _tracks(self) -> list[Track]:
        return [track for participant in self._participants.values() for track in participant.tracks.values()]

    def _renumber(self, tracks: Collection[Track]) -> dict[TrackKey, int | None]:
        """Find groups for all audiences; the bits of each track, None for everybody."""
        limited = [(track, track.audience) for track in tracks if track.audience is not None]
        groups = groups_of([(track.key.participant_id, audience) for track, audience in limited], self._numbers)
        self._numbers = number(groups, self._numbers)
        self.crowded = any(group and group not in self._numbers for group in groups)
        masks: dict[TrackKey, int | None] = {}
        for track in tracks:
            masks[track.key], track.viewers = None, None
        for (track, audience), group in zip(limited, groups, strict=True):
            known = group in self._numbers
            masks[track.key] = 1 << self._numbers[group] if known else 0
            track.viewers = audience if known else NOBODY
        return masks


def _tell(track: Track, groups: int | None) -> list[Decision]:
    track.groups = groups
    return [SetAudience(source_id, groups) for source_id in track.layers]
