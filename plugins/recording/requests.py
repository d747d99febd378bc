# SPDX-License-Identifier: Apache-2.0
"""What can be asked of recordings, and what is answered. Links in answers are good for a time; who asks again gets new
ones. Seconds of a film leave out the pauses.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podium.core import SessionId, TrackKind, TrackSource
from podium.plugins.recording.store import RecordingState, TracksState

RecordingId = Annotated[str, Meta(pattern="^[a-z0-9]{16}$", description="A recording.")]


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""


class StartRecording(_Request, frozen=True, kw_only=True):
    """The class to record from now on; one that is paused goes on."""

    session_id: SessionId
    separate_tracks: Annotated[
        bool, Meta(description="Whether what each participant published is wanted as a file of its own, too.")
    ] = False


class StopRecording(_Request, frozen=True, kw_only=True):
    """The class whose recording ends."""

    session_id: SessionId


class PauseRecording(_Request, frozen=True, kw_only=True):
    """The class of which nothing is kept until it is resumed."""

    session_id: SessionId


class ResumeRecording(_Request, frozen=True, kw_only=True):
    """The class whose recording goes on."""

    session_id: SessionId


class GetRecordingStatus(_Request, frozen=True, kw_only=True):
    """A class."""

    session_id: SessionId


class GetRecording(_Request, frozen=True, kw_only=True):
    """Which one."""

    recording_id: RecordingId


class ListRecordings(_Request, frozen=True, kw_only=True):
    """Of which class or series; services may ask for all. The newest come first."""

    session_id: SessionId | None = None
    before: Annotated[RecordingId | None, Meta(description="Those that began before this one.")] = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class DeleteRecording(_Request, frozen=True, kw_only=True):
    """Which one; it cannot be brought back."""

    recording_id: RecordingId


class MakeTracks(_Request, frozen=True, kw_only=True):
    """Of which recording each participant's tracks are wanted as files."""

    recording_id: RecordingId


class RebuildRecording(_Request, frozen=True, kw_only=True):
    """Which film to make anew from the captured packets."""

    recording_id: RecordingId


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, for programs and for people."""

    code: str
    message: str


class TrackLink(msgspec.Struct, frozen=True, kw_only=True):
    """A file with one participant's sound or picture; `begins` and `duration` in seconds of the film."""

    participant_id: str
    display_name: str
    source: TrackSource
    kind: TrackKind
    codec: str
    begins: float
    duration: float
    size: int
    url: str


class RecordingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A recording; `problem` says why it failed, or what it is tried again for.

    `behind` is by how many seconds the film is behind what was captured, `step` what is left out of it because the
    machine is short of processor time.
    """

    recording_id: str
    session_id: str
    title: str
    state: RecordingState
    paused: bool
    started_at: datetime
    ended_at: datetime | None
    available_at: datetime | None
    duration: float | None
    size: int | None
    percent: int
    behind: float
    step: str
    problem: Problem | None
    watch_url: str | None
    download_url: str | None
    links_expire_at: datetime | None
    tracks: TracksState
    track_list: tuple[TrackLink, ...]
    delete_at: datetime | None


class RecordingList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list; `next` is where the next part begins."""

    recordings: tuple[RecordingInfo, ...]
    next: str | None


class DeletedRecording(msgspec.Struct, frozen=True, kw_only=True):
    """It will be gone in a moment; `changed` is False when that was so already."""

    recording_id: str
    changed: bool


Shown = Literal["off", "recording", "paused"]


class RecordingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a class is recorded now; `notice` is what everybody in it has to be told, empty for nothing."""

    state: Shown
    recording_id: str | None
    started_at: datetime | None
    notice: str
    problem: Problem | None
