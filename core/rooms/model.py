# SPDX-License-Identifier: Apache-2.0
"""The parts of a room: participants, the tracks they publish, the slots they receive. Data, and questions about it.

Sources and slots are known here by the numbers that the worker gave them; nothing here holds a worker's object.
"""

from dataclasses import dataclass, field

from podium.core.events import TRACK_SOURCES, ParticipantInfo, SlotContent, TrackInfo, TrackKind, TrackSource
from podium.core.rooms.assignment import DEFAULT_PRIORITIES, TrackKey
from podium.core.rooms.layers import Layer
from podium.core.rooms.observer import ParticipantView


@dataclass(slots=True)
class Track:
    """What one section of a participant's negotiation sends; published while any of its layers runs."""

    key: TrackKey
    layers: dict[int, Layer]
    widths: dict[int, int] = field(default_factory=dict)
    announced: bool = False
    audience: frozenset[str] | None = None
    """Participant ids that may have it as decided; None: everybody."""
    viewers: frozenset[str] | None = None
    """Those of them who do: what was told to the worker last."""
    groups: int | None = None
    priority: float = 0.0
    """The higher, the sooner it is shown; at first by its source."""

    def __post_init__(self) -> None:
        self.reset_priority()

    @property
    def published(self) -> bool:
        return any(layer.running for layer in self.layers.values())

    def reaches(self, participant_id: str) -> bool:
        """Whether somebody may see or hear it."""
        return self.viewers is None or participant_id in self.viewers

    def reset_priority(self) -> None:
        self.priority = DEFAULT_PRIORITIES.get(self.key.source, 0.0)

    def choices(self) -> tuple[Layer, ...]:
        return tuple(self.layers.values())

    def set_running(self, source_id: int, running: bool) -> None:
        self.layers[source_id] = self.layers[source_id]._replace(running=running)

    def set_size(self, source_id: int, width: int, height: int) -> bool:
        """True when this was news."""
        layer = self.layers[source_id]
        news = layer.height != height or self.widths.get(source_id) != width
        self.layers[source_id] = layer._replace(height=height)
        self.widths[source_id] = width
        return news

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Width and height of the tallest layer that has told its size."""
        sized = [
            (layer.height or 0, self.widths[source_id]) for source_id, layer in self.layers.items() if layer.height
        ]
        if not sized:
            return None, None
        height, width = max(sized)
        return width, height


@dataclass(slots=True)
class Slot:
    """One slot of a receiver: the track it should hold, the source decided on for it, the source seen in it."""

    slot_id: int
    mid: str
    kind: TrackKind
    track: TrackKey | None = None
    wish: TrackKey | None = None
    max_height: int | None = None
    decided: int | None = None
    seen: int | None = None


@dataclass(slots=True)
class Participant:
    """One presence: who it is, what it publishes, what it receives and what it said about both."""

    participant_id: str
    display_name: str
    role: str
    tracks: dict[TrackKey, Track] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    chooses: bool = False
    muted: set[TrackSource] = field(default_factory=set)
    blocked: set[TrackSource] = field(default_factory=set)
    groups: int = 0
    """Groups of those whose restricted tracks it may have, as told to the worker."""
    proven: bool = True
    """Whether a token says that this is them."""
    speaker: str | None = None
    """Whom it was told of as speaking."""
    shown: set[SlotContent] = field(default_factory=set)

    def silent(self, source: TrackSource) -> bool:
        return source in self.muted or source in self.blocked

    def tracks_of(self, source: TrackSource) -> list[Track]:
        return [track for track in self.tracks.values() if track.key.source == source]

    def view(self) -> ParticipantView:
        return ParticipantView(
            participant_id=self.participant_id,
            display_name=self.display_name,
            role=self.role,
            proven=self.proven,
        )

    def video_slots(self) -> list[Slot]:
        return [slot for slot in self.slots.values() if slot.kind == "video"]

    def track_info(self, track: Track) -> TrackInfo:
        width, height = track.size
        source = track.key.source
        return TrackInfo(source=source, kind=track.key.kind, width=width, height=height, muted=source in self.muted)

    def info(self) -> ParticipantInfo:
        tracks = tuple(self.track_info(track) for track in self.tracks.values() if track.published)
        return ParticipantInfo(
            participant_id=self.participant_id,
            display_name=self.display_name,
            role=self.role,
            tracks=tracks,
            blocked=tuple(source for source in TRACK_SOURCES if source in self.blocked),
        )
