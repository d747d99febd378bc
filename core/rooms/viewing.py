# SPDX-License-Identifier: Apache-2.0
"""What one participant sees: its slots brought in line with what is published, and reported as an event.

Joins the pure choices (`assignment`, `layers`) to the state in `model`. A slot's `track` and `decided` are what should
be seen, its `seen` is what the worker says is seen; people are told the latter, so a name never stands under
somebody else's picture while a switch waits for its key frame.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from podium.core.events import Showing, SlotContent
from podium.core.rooms.assignment import Assignment, TrackKey, fill_as_wished, fill_automatically
from podium.core.rooms.decisions import Switch
from podium.core.rooms.layers import Layer, automatic_height, choose_layer
from podium.core.rooms.model import Participant, Slot, Track


class Stage:
    """The video tracks that may be seen now, best first, and the layer of each for any height, chosen once for all."""

    def __init__(
        self,
        tracks: Sequence[tuple[TrackKey, tuple[Layer, ...]]],
        viewers: Mapping[TrackKey, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        """`viewers`: who may see those tracks that are not for everybody."""
        self.tracks = dict(tracks)
        self._viewers = dict(viewers)
        self._chosen: dict[tuple[TrackKey, int | None], int | None] = {}

    def same_as(self, other: "Stage") -> bool:
        return list(self.tracks.items()) == list(other.tracks.items()) and self._viewers == other._viewers

    def visible_to(self, participant_id: str) -> Collection[TrackKey]:
        """Best first."""
        if not self._viewers:
            return self.tracks.keys()
        return [key for key in self.tracks if key not in self._viewers or participant_id in self._viewers[key]]

    def layer(self, key: TrackKey, max_height: int | None) -> int | None:
        if (key, max_height) not in self._chosen:
            self._chosen[key, max_height] = choose_layer(self.tracks[key], max_height)
        return self._chosen[key, max_height]


def place(viewer: Participant, stage: Stage) -> list[Switch]:
    """Choose track and layer for each video slot; returns what has to be switched."""
    slots = viewer.video_slots()
    assigned = _assign(viewer, slots, stage.visible_to(viewer.participant_id))
    filled = sum(track is not None for track in assigned.values())
    switches = []
    for slot in slots:
        track = slot.track = assigned[slot.mid]
        if not viewer.chooses:
            slot.max_height = automatic_height(track.source, filled) if track is not None else None
        chosen = stage.layer(track, slot.max_height) if track is not None else None
        if chosen != slot.decided:
            switches.append(_switch(slot, chosen))
    return switches


def report(viewer: Participant, tracks: Mapping[int, Track]) -> Showing | None:
    """The event that tells what all slots carry now, or None when that was told before. A new empty slot is no news."""
    slots = tuple(_content(slot, tracks) for slot in viewer.slots.values())
    shown = {content for content in slots if content.participant_id is not None}
    if shown == viewer.shown:
        return None
    viewer.shown = shown
    return Showing(slots=slots)


def choose_from_now_on(viewer: Participant) -> None:
    """The viewer takes over from automatic filling: what its slots hold at this moment becomes its wish."""
    if viewer.chooses:
        return
    viewer.chooses = True
    for slot in viewer.video_slots():
        slot.wish = slot.track


def _assign(viewer: Participant, slots: Sequence[Slot], published: Collection[TrackKey]) -> Assignment:
    if viewer.chooses:
        return fill_as_wished({slot.mid: slot.wish for slot in slots}, published)
    others = [track for track in published if track.participant_id != viewer.participant_id]
    return fill_automatically({slot.mid: slot.track for slot in slots}, others)


def _switch(slot: Slot, source_id: int | None) -> Switch:
    slot.decided = source_id
    if source_id is None:
        slot.seen = None
    return Switch(slot.slot_id, source_id)


def _content(slot: Slot, tracks: Mapping[int, Track]) -> SlotContent:
    track = tracks.get(slot.seen) if slot.seen is not None else None
    if track is None:
        return SlotContent(mid=slot.mid)
    return SlotContent(mid=slot.mid, participant_id=track.key.participant_id, source=track.key.source)
