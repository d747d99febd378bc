# SPDX-License-Identifier: Apache-2.0
"""One run of a capture: what its timeline and its clocks say, read on while they grow.

Kept in memory is what grows with people and minutes, not with packets: tracks, pauses, one report in five seconds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import final

import msgspec

from podium.plugins.recording.clocks import ReportedClock, SenderClock, TrackClock
from podium.plugins.recording.packets import sender_report_untrusted
from podium.plugins.recording.recordfile import Kind, Record, RecordReader
from podium.plugins.recording.tapped import report_untrusted
from podium.plugins.recording.timeline import (
    CLOCKS,
    TIMELINE,
    RunDescription,
    TimelineEvent,
    TrackDescription,
    event_untrusted,
    track_name,
)

_MOST_EARLY = 1000
"""So many reports are kept for tracks of which the timeline does not tell yet."""


@final
class RunReader:
    """Where on the class's axis a run is becomes known with `place`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description: RunDescription | None = None
        self.tracks: dict[int, TrackDescription] = {}
        self.first_us = 0
        """The clock of taps when the run began."""
        self.last_us = 0
        """Up to when capture is known to have gone on."""
        self.ended = False
        self.start = 0.0
        """When the run began, in seconds since the recording did."""
        self._readers: dict[str, RecordReader] = {}
        self._senders: dict[tuple[str, int], SenderClock] = {}
        self._reported: dict[int, ReportedClock] = {}
        self._early: list[Record] = []

    @property
    def end(self) -> float:
        return self.to_class(self.last_us / 1e6)

    @property
    def corrupt(self) -> int:
        """Damaged places in the run's own files."""
        return sum(reader.corrupt for reader in self._readers.values())

    def to_class(self, seconds: float) -> float:
        """From the clock of taps."""
        return self.start + seconds - self.first_us / 1e6

    def to_taps_us(self, time: float) -> int:
        return round((time - self.start) * 1e6) + self.first_us

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()

    def poll(self, *, final: bool) -> list[TimelineEvent]:
        """Take in what is new. `final`: nothing will be added. Gives the new events."""
        events = []
        for record in self._records(TIMELINE, final=final):
            self.last_us = max(self.last_us, record.at)
            event = self._take(record)
            if event is not None:
                events.append(event)
        self._find_undescribed(final=final)
        early, self._early = self._early, []
        for record in early:
            self._report(record)
        for record in self._records(CLOCKS, final=final):
            if record.kind == Kind.DESCRIPTION:
                self._describe(record)
            elif record.kind == Kind.SENDER_REPORT:
                self._report(record)
        return events

    def clock(self, track: TrackDescription) -> TrackClock:
        """A new one, for one reader of the track."""
        return TrackClock(self._reported_clock(track.number), self._sender_clock(track))

    def _records(self, name: str, *, final: bool) -> Iterator[Record]:
        reader = self._readers.get(name)
        if reader is None:
            try:
                reader = self._readers[name] = RecordReader(self.folder / name)
            except FileNotFoundError:
                return
        yield from reader.read(final=final)

    def _take(self, record: Record) -> TimelineEvent | None:
        match record.kind:
            case Kind.DESCRIPTION:
                self._describe(record)
            case Kind.TRACK:
                self._track(record.payload)
            case Kind.END:
                self.ended = True
            case Kind.EVENT:
                return event_untrusted(record.at / 1e6, record.payload)
        return None

    def _describe(self, record: Record) -> None:
        if self.description is None:
            try:
                self.description = msgspec.json.decode(record.payload, type=RunDescription)
            except msgspec.DecodeError:
                return  # the other file may know better
            self.first_us = record.at
            self.last_us = max(self.last_us, record.at)

    def _track(self, payload: bytes) -> None:
        try:
            track = msgspec.json.decode(payload, type=TrackDescription)
        except msgspec.DecodeError:
            return  # likewise
        self.tracks.setdefault(track.number, track)

    def _find_undescribed(self, *, final: bool) -> None:
        """Files whose description in the timeline is damaged."""
        if not final:
            return
        for path in sorted(self.folder.glob("*.rtp")):
            if path.stem.isdecimal() and int(path.stem) not in self.tracks:
                with RecordReader(path) as reader:
                    first = next(reader.read(final=True), None)
                if first is not None and first.kind == Kind.DESCRIPTION:
                    self._track(first.payload)

    def track_path(self, track: TrackDescription) -> Path:
        return self.folder / track_name(track.number)

    def _report(self, record: Record) -> None:
        numbered = report_untrusted(record.payload)
        report = None if numbered is None else sender_report_untrusted(numbered[1])
        if numbered is None or report is None:
            return
        arrival = record.at / 1e6
        track = self.tracks.get(numbered[0])
        if track is not None:
            self._reported_clock(track.number).report(report, arrival)
            self._sender_clock(track).report(report.sender_time, arrival)
        elif len(self._early) < _MOST_EARLY:
            self._early.append(record)

    def _reported_clock(self, number: int) -> ReportedClock:
        return self._reported.setdefault(number, ReportedClock())

    def _sender_clock(self, track: TrackDescription) -> SenderClock:
        return self._senders.setdefault((track.participant_id, track.presence), SenderClock())
