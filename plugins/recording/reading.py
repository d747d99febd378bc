# SPDX-License-Identifier: Apache-2.0
"""A captured class: who was there, what happened, and the frames of every track on one time axis in seconds.

Open it with `open_class`, while it is captured (`follow=True`, then `poll` now and then) or afterwards. Files are read
in pieces; an hour of class needs no more memory than a minute. What is damaged or torn off is left out and counted.
Second 0 is when the first run began. Runs follow one another by the wall clock, and never overlap.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, final
from weakref import WeakSet

import msgspec

from podium.core import TrackKind, TrackSource
from podium.plugins.recording.frames import BEFORE_KEY_FRAME, Frame, FrameCursor, Source
from podium.plugins.recording.runs import RunReader
from podium.plugins.recording.timeline import TimelineEvent, TrackDescription, run_folders

__all__ = ["CapturedClass", "CapturedTrack", "Frame", "FrameCursor", "Participant", "TimelineEvent", "open_class"]


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was there, by the name and role they had last."""

    participant_id: str
    display_name: str
    role: str


@final
class CapturedTrack:
    """One layer of what somebody published, from one run. Made by `CapturedClass`.

    Tracks with the same participant, source and kind are one after the other, or, when a layer fell silent, smaller
    layers beside it: the newest frame counts.
    """

    def __init__(self, run: RunReader, description: TrackDescription, following: "CapturedClass") -> None:
        self.id = f"{run.folder.name[4:]}/{description.number:04d}"
        self.participant_id = description.participant_id
        self.display_name = description.display_name
        self.role = description.role
        self.source: TrackSource = description.source
        self.kind: TrackKind = description.kind
        self.layer = description.layer
        self._run = run
        self._description = description
        self._class = following

    @property
    def size(self) -> int:
        """In bytes, so far."""
        return self._run.track_path(self._description).stat().st_size

    def frames(self, since: float = 0.0) -> FrameCursor:
        """From this second on, or from the last key frame before it."""
        run = self._run
        source = Source(
            path=run.track_path(self._description),
            codecs=self._description.codecs,
            clock=run.clock(self._description),
            to_class=run.to_class,
            final=lambda: self._class.is_final(run),
            now=lambda: run.last_us,
        )
        before = BEFORE_KEY_FRAME if self.kind == "video" else 1.0
        seek_to = run.to_taps_us(since - before) if since - before > run.start else None
        cursor = FrameCursor(source, since, seek_to)
        self._class.cursors.add(cursor)
        return cursor


@final
class CapturedClass:
    """Made by `open_class`."""

    def __init__(self, recording: Path, *, follow: bool) -> None:
        self.participants: dict[str, Participant] = {}
        self.pauses: list[tuple[float, float | None]] = []
        """From when to when nothing was captured on purpose."""
        self.ended = False
        """Capture came to its end, rather than to a stop."""
        self.cursors = WeakSet[FrameCursor]()
        """Those that are closed with the class."""
        self._recording = recording
        self._follow = follow
        self._runs: list[RunReader] = []
        self._tracks: dict[tuple[str, int], CapturedTrack] = {}
        self._events: list[TimelineEvent] = []
        self.poll()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for cursor in self.cursors:
            cursor.close()
        for run in self._runs:
            run.close()

    @property
    def started_at(self) -> float:
        """Second 0 in seconds since 1970."""
        return next((run.description.wall_ns / 1e9 for run in self._runs if run.description is not None), 0.0)

    @property
    def duration(self) -> float:
        """Seconds up to when capture is known to have gone on."""
        return max((run.end for run in self._placed()), default=0.0)

    @property
    def begins(self) -> tuple[float, ...]:
        """When each run began; nobody of the run before is there any more, until they come again."""
        return tuple(run.start for run in self._placed())

    @property
    def tracks(self) -> tuple[CapturedTrack, ...]:
        """In the order in which they began."""
        return tuple(self._tracks.values())

    @property
    def corrupt(self) -> int:
        """Damaged places in timelines and clocks; cursors count those in their tracks."""
        return sum(run.corrupt for run in self._runs)

    def timeline(self, since: float = 0.0) -> Iterator[TimelineEvent]:
        """What happened from this second on, as far as it is known now."""
        return (event for event in list(self._events) if event.time >= since)

    def poll(self) -> None:
        """Take in what has been written since; cursors give their new frames after this."""
        known = {run.folder for run in self._runs}
        self._runs += [RunReader(folder) for folder in run_folders(self._recording) if folder not in known]
        for number, run in enumerate(self._runs):
            placed = run.description is not None
            events = run.poll(final=self.is_final(run))
            if not placed and run.description is not None:
                self._place(run, self._runs[:number])
            if run.description is not None:
                self._take_in(run, events)
        self.ended = bool(self._runs) and self._runs[-1].ended

    def stop_following(self) -> None:
        """Capture is over, however it ended: what looks unfinished will stay so."""
        self._follow = False
        self.poll()

    def is_final(self, run: RunReader) -> bool:
        """Whether nothing will be added to the files of a run."""
        return not self._follow or run.ended or run is not self._runs[-1]

    def _placed(self) -> list[RunReader]:
        return [run for run in self._runs if run.description is not None]

    def _place(self, run: RunReader, before: list[RunReader]) -> None:
        """By the wall clock, but not before the end of what was captured before: clocks are set now and then."""
        if run.description is not None:
            earlier = [each for each in before if each.description is not None]
            start = run.description.wall_ns / 1e9 - self.started_at
            run.start = max([start, *(each.end for each in earlier)]) if earlier else 0.0

    def _take_in(self, run: RunReader, events: list[TimelineEvent]) -> None:
        for description in run.tracks.values():
            key = (run.folder.name, description.number)
            if key not in self._tracks and run.track_path(description).is_file():
                self._tracks[key] = CapturedTrack(run, description, self)
                self.participants.setdefault(
                    description.participant_id,
                    Participant(
                        participant_id=description.participant_id,
                        display_name=description.display_name,
                        role=description.role,
                    ),
                )
        for event in events:
            self._event(TimelineEvent(run.to_class(event.time), event.kind, event.fields))

    def _event(self, event: TimelineEvent) -> None:
        self._events.append(event)
        participant = event.fields.get("participant_id")
        if event.kind == "joined" and isinstance(participant, str):
            name, role = event.fields.get("display_name", ""), event.fields.get("role", "")
            self.participants[participant] = Participant(
                participant_id=participant, display_name=str(name), role=str(role)
            )
        elif event.kind == "paused":
            self.pauses.append((event.time, None))
        elif event.kind == "resumed" and self.pauses:
            self.pauses[-1] = (self.pauses[-1][0], event.time)


def open_class(recording: Path, *, follow: bool = False) -> CapturedClass:
    """The folder of a recording, complete or not. `follow`: it may still grow."""
    return CapturedClass(recording, follow=follow)
