# SPDX-License-Identifier: Apache-2.0
"""What browsers are told of a recording, and what other plugins and the audit trail hear."""

from datetime import datetime

from podium.core import Event
from podium.plugins.recording.requests import Problem, Shown
from podium.plugins.recording.store import RecordingState


class RecordingChanged(Event, frozen=True, kw_only=True):
    """Whether the class is recorded from now on; for everybody in it."""

    state: Shown
    recording_id: str | None
    started_at: datetime | None
    notice: str
    problem: Problem | None


class RecordingProgress(Event, frozen=True, kw_only=True):
    """How far the film is; for those who lead."""

    recording_id: str
    state: RecordingState
    percent: int
    behind: float


class _Done(Event, frozen=True, kw_only=True):
    """Base: something became of a recording; `actor_id` is None for what came by itself."""

    session_id: str
    recording_id: str
    actor_id: str | None = None


class RecordingStarted(_Done, frozen=True, kw_only=True):
    """A class is recorded."""


class RecordingPaused(_Done, frozen=True, kw_only=True):
    """Nothing is kept for a while."""


class RecordingResumed(_Done, frozen=True, kw_only=True):
    """It goes on."""


class RecordingStopped(_Done, frozen=True, kw_only=True):
    """Capture is over."""

    reason: str


class RecordingAvailable(_Done, frozen=True, kw_only=True):
    """The film can be watched."""

    duration: float
    size: int


class RecordingFailed(_Done, frozen=True, kw_only=True):
    """There is no film; what was captured is kept."""

    code: str
    message: str


class RecordingDeleted(_Done, frozen=True, kw_only=True):
    """Somebody has it deleted."""


class RecordingRebuilt(_Done, frozen=True, kw_only=True):
    """Somebody has its film made anew."""


class TracksWanted(_Done, frozen=True, kw_only=True):
    """Somebody wants the tracks of each participant."""
