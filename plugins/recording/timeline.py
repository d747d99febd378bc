# SPDX-License-Identifier: Apache-2.0
"""What the files of a capture say in words: of which run and track they are, and what happened in the room.

A recording's folder has one folder for each time that capture began, `run-0000` and so on. In it are `timeline.log`
(the run, then events), `clocks.log` (sender reports of all tracks) and one `NNNN.rtp` for each tapped track. What
describes a run or a track is in two files, so that one damaged place does not make the rest useless.
"""

from pathlib import Path
from typing import Any

import msgspec

from podium.core import TrackKind, TrackSource

TIMELINE = "timeline.log"
CLOCKS = "clocks.log"

EVENTS = {
    "joined": "participant_id, display_name, role",
    "left": "participant_id, reason",
    "renamed": "participant_id, display_name",
    "role_changed": "participant_id, role",
    "published": "participant_id, source, track_kind",
    "unpublished": "participant_id, source, track_kind",
    "muted": "participant_id, source, muted",
    "blocked": "participant_id, source, blocked",
    "speaking": "participant_id, or null: nobody speaks",
    "spotlight": "participant_id, or null; source",
    "share_started": "participant_id",
    "share_stopped": "participant_id",
    "paused": "",
    "resumed": "",
    "degraded": "step: what a slow disk made capture leave out from now on",
    "untapped": "participant_id, source, reason: why a track is not captured",
    "ended": "reason",
}
"""What is written, and its fields. Readers ignore what they do not know."""


class RunDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The first record of a timeline: one instant on two clocks, and whose class it is."""

    recording_id: str
    session_id: str
    wall_ns: int
    """Nanoseconds since 1970, at the instant that the record's time says on the clock of taps."""
    version: int = 1


class TrackDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The first record of a track's file."""

    number: int
    participant_id: str
    display_name: str
    role: str
    source: TrackSource
    kind: TrackKind
    layer: int
    """Which simulcast layer, counted from 0, the smallest."""
    codecs: dict[int, tuple[str, int]]
    """By payload type: name and clock rate in Hz."""
    presence: int = 0
    """How often the participant had come anew by then, perhaps with another device and its clock."""


class TimelineEvent(msgspec.Struct, frozen=True):
    """Something that happened, in seconds since the recording began."""

    time: float
    kind: str
    fields: dict[str, Any]


def track_name(number: int) -> str:
    """The file of a track in the folder of its run."""
    return f"{number:04d}.rtp"


def run_folder(recording: Path, number: int) -> Path:
    return recording / f"run-{number:04d}"


def run_folders(recording: Path) -> list[Path]:
    """In the order of time."""
    found = [path for path in recording.glob("run-*") if path.name[4:].isdecimal() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name[4:]))


def packed_event(kind: str, fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"kind": kind, **fields})


def event_untrusted(time: float, payload: bytes) -> TimelineEvent | None:
    """None when it is no event."""
    try:
        fields = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError:  # ValidationError is one, too
        return None
    kind = fields.pop("kind", None)
    return TimelineEvent(time, kind, fields) if isinstance(kind, str) else None
