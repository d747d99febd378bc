# SPDX-License-Identifier: Apache-2.0
"""One recording while it is captured, as the plugin's hooks see it: who comes, what is published, what happens.

Everything here belongs to the trio thread and returns at once. Taps are opened and closed here, read by the draining
thread (`capturing`), which also closes their files.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, final

import msgspec

from podium.core import ParticipantView, RoomError, TrackKind, TrackSource, TrackView
from podium.plugins.recording.degrading import Step, keeps, recorded_layer
from podium.plugins.recording.recordfile import Kind, packed
from podium.plugins.recording.tapped import Tap, TappedTrack, microseconds
from podium.plugins.recording.timeline import (
    CLOCKS,
    TIMELINE,
    RunDescription,
    TrackDescription,
    packed_event,
    track_name,
)
from podium.plugins.recording.writing import Failure, FileWriter, RunWriter

if TYPE_CHECKING:
    from pathlib import Path

    from podium.plugins.recording.capturing import Capturing

KEY_FRAME_EVERY = 30.0
SILENT_AFTER = 3.0
"""A layer that gives nothing for so many seconds is replaced by a smaller one until it comes back."""

LATELY = 30.0
"""Who spoke within so many seconds counts as a speaker when the disk is slow."""

CaptureState = Literal["capturing", "paused", "failed", "closed"]


class Media(Protocol):
    """What is used of `context.media`."""

    def open_tap(
        self,
        session_id: str,
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None = None,
        layer: int | None = None,
    ) -> Tap: ...


class CaptureStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of one recording, since this run of it began."""

    state: CaptureState
    failure: Failure | None
    tracks: int
    """Those tapped now."""
    packets: int
    left_out: int
    """Packets not kept because the disk was slow."""
    overruns: int
    """Packets that their taps had no room for."""


@final
class _Published:
    """A track with the tap on its layer, and one on a smaller layer while that is silent."""

    def __init__(self, track: "Recorded", now: float) -> None:
        self.main = track
        self.spare: Recorded | None = None
        self.muted = False
        self.records = 0
        self.flowed_at = now

    def look(self, now: float) -> bool:
        """Whether something has come since."""
        records, self.records = self.records, self.main.tapped.tap.records
        if self.records != records:
            self.flowed_at = now
        return self.records != records


@final
class Recorded:
    """A tap and the file it goes to."""

    def __init__(self, capture: "Capture", tapped: TappedTrack, file: FileWriter, now: float) -> None:
        self.capture = capture
        self.tapped = tapped
        self.file = file
        self.key_frame_at = now
        self.drained = False
        """Read to its end. Set by the draining thread."""


@final
class Capture:
    """Made by `Capturing.open`; `close` it in any case."""

    def __init__(
        self,
        capturing: "Capturing",
        recording: "Path",
        recording_id: str,
        session_id: str,
        media: Media,
        failed: Callable[[Failure], object],
    ) -> None:
        self.recording_id = recording_id
        self.session_id = session_id
        self.state: CaptureState = "capturing"
        self.failure: Failure | None = None
        self.closed = False
        self.finished = False
        """Its last records were written. Set by the draining thread."""
        self._capturing = capturing
        self._media = media
        self._failed = failed
        self._run = RunWriter(recording, lambda failure: capturing.call_soon(lambda: self._fail(failure)))
        self._timeline = capturing.writer.file(self._run, TIMELINE)
        self.clocks = capturing.writer.file(self._run, CLOCKS)
        self._people: dict[str, ParticipantView] = {}
        self._presences: dict[str, int] = {}
        self._spoke: dict[str, float] = {}
        self._published: dict[tuple[str, TrackSource, TrackKind], _Published] = {}
        self._pauses: list[tuple[int, int | None]] = []
        self._tracks = 0
        self._packets = self._left_out = self._overruns = 0
        now = microseconds(capturing.clock())
        description = RunDescription(recording_id=recording_id, session_id=session_id, wall_ns=capturing.wall())
        for file in (self._timeline, self.clocks):
            capturing.writer.append(file, packed(Kind.DESCRIPTION, now, msgspec.json.encode(description)))

    # What happens in the room

    def participant_joined(self, participant: ParticipantView) -> None:
        """Also of those who are there when capture begins."""
        self._people[participant.participant_id] = participant
        self._presences[participant.participant_id] = self._presences.get(participant.participant_id, -1) + 1
        self.note(
            "joined",
            participant_id=participant.participant_id,
            display_name=participant.display_name,
            role=participant.role,
        )

    def participant_left(self, participant_id: str, reason: str) -> None:
        for key in [key for key in self._published if key[0] == participant_id]:
            self._drop(key)
        self._people.pop(participant_id, None)
        self._spoke.pop(participant_id, None)
        self.note("left", participant_id=participant_id, reason=reason)

    def role_changed(self, participant: ParticipantView) -> None:
        self._people[participant.participant_id] = participant
        self.note("role_changed", participant_id=participant.participant_id, role=participant.role)

    def track_published(self, participant: ParticipantView, track: TrackView) -> None:
        """Tap it. What has gone already, or cannot be tapped, is noted on the timeline."""
        self._people.setdefault(participant.participant_id, participant)
        key = (participant.participant_id, track.source, track.kind)
        self._drop(key)
        self.note("published", participant_id=key[0], source=track.source, track_kind=track.kind)
        if self.state in ("capturing", "paused"):
            recorded = self._open(key, recorded_layer(track.source, track.kind))
            if recorded is not None:
                self._published[key] = _Published(recorded, self._capturing.clock())

    def track_unpublished(self, participant_id: str, track: TrackView) -> None:
        self._drop((participant_id, track.source, track.kind))
        self.note("unpublished", participant_id=participant_id, source=track.source, track_kind=track.kind)

    def track_muted(self, participant_id: str, source: TrackSource, muted: bool) -> None:
        for key, published in self._published.items():
            if key[:2] == (participant_id, source):
                published.muted = muted
        self.note("muted", participant_id=participant_id, source=source, muted=muted)

    def speaking(self, participant_id: str | None) -> None:
        """Who is loudest from now on."""
        if participant_id is not None:
            self._spoke[participant_id] = self._capturing.clock()
        self.note("speaking", participant_id=participant_id)

    def note(self, kind: str, **fields: Any) -> None:
        """Write something else on the timeline; kinds and fields are in `timeline.EVENTS`."""
        self._write(Kind.EVENT, microseconds(self._capturing.clock()), packed_event(kind, fields))

    # What the plugin wants

    def pause(self) -> None:
        """Keep nothing that arrives from now on."""
        if self.state == "capturing":
            self.state = "paused"
            self._pauses = [*self._pauses[-9:], (microseconds(self._capturing.clock()), None)]
            self.note("paused")

    def resume(self) -> None:
        if self.state == "paused":
            self.state = "capturing"
            *earlier, (began, _) = self._pauses
            self._pauses = [*earlier, (began, microseconds(self._capturing.clock()))]
            for published in self._published.values():
                published.main.tapped.key_frame_wanted = True
            self.note("resumed")

    def close(self, reason: str = "ended") -> None:
        """Nothing more will come. The files end once everything taken until now is written."""
        if not self.closed:
            for key in list(self._published):
                self._drop(key)
            self.note("ended", reason=reason)
            self.state = "closed" if self.failure is None else "failed"
            self.closed = True

    def statistics(self) -> CaptureStatistics:
        tapped = [each.tapped for each in self._capturing.recorded if each.capture is self]
        return CaptureStatistics(
            state=self.state,
            failure=self.failure,
            tracks=len(tapped),
            packets=self._packets + sum(each.packets for each in tapped),
            left_out=self._left_out + sum(each.left_out for each in tapped),
            overruns=self._overruns + sum(each.tap.overruns for each in tapped),
        )

    def tend(self, now: float) -> None:
        """Ask for key frames that are due, and replace layers that have fallen silent. Once a second."""
        for key, published in self._published.items():
            if published.main.tapped.video:
                self._look_after_layers(key, published, now)
                for recorded in (published.main, published.spare):
                    if recorded is not None:
                        _ask_for_key_frame(recorded, now)

    # For the draining thread

    def hidden_times(self) -> Callable[[int], bool] | None:
        """Whether capture was paused at a time; None when it never was."""
        pauses = self._pauses
        if not pauses:
            return None
        return lambda at: any(began <= at and (end is None or at < end) for began, end in pauses)

    def keeps(self, tapped: TappedTrack, step: Step, now: float) -> bool:
        description = tapped.description
        participant = self._people.get(description.participant_id)
        role = participant.role if participant is not None else description.role
        lately = now - self._spoke.get(description.participant_id, -LATELY) < LATELY
        return keeps(step, description.source, description.kind, role, lately)

    def alive(self, now: float) -> None:
        self._write(Kind.ALIVE, microseconds(now), b"")

    def finish(self, now: float) -> None:
        """The last records of the run's own files."""
        for file in (self._timeline, self.clocks):
            self._capturing.writer.append(file, packed(Kind.END, microseconds(now), b""))
            self._capturing.writer.end(file)
        self.finished = True

    # Own

    def _write(self, kind: Kind, at: int, payload: bytes) -> None:
        self._capturing.writer.append(self._timeline, packed(kind, at, payload))

    def _open(self, key: tuple[str, TrackSource, TrackKind], layer: int | None) -> Recorded | None:
        tap = self._open_tap(key, layer)
        if tap is None:
            return None
        participant, now = self._people[key[0]], self._capturing.clock()
        description = TrackDescription(
            number=self._tracks,
            participant_id=participant.participant_id,
            display_name=participant.display_name,
            role=participant.role,
            source=tap.source,
            kind=tap.kind,
            layer=tap.layer,
            codecs=tap.codecs,
            presence=self._presences.get(participant.participant_id, 0),
        )
        self._write(Kind.TRACK, microseconds(now), msgspec.json.encode(description))
        file = self._capturing.writer.file(self._run, track_name(self._tracks))
        self._tracks += 1
        recorded = Recorded(self, TappedTrack(tap, description, microseconds(now)), file, now)
        self._capturing.add(recorded)
        _ask_for_key_frame(recorded, now)
        return recorded

    def _open_tap(self, key: tuple[str, TrackSource, TrackKind], layer: int | None) -> Tap | None:
        """On this layer, or the next smaller one that there is."""
        participant_id, source, kind = key
        for each in [None] if layer is None else range(layer, -1, -1):
            try:
                return self._media.open_tap(self.session_id, participant_id, source, kind=kind, layer=each)
            except RoomError as error:
                if error.code != "layer_unknown":
                    self.note("untapped", participant_id=participant_id, source=source, reason=error.code)
                    return None
        return None

    def _drop(self, key: tuple[str, TrackSource, TrackKind]) -> None:
        published = self._published.pop(key, None)
        if published is not None:
            published.main.tapped.ending = True
            self._end_spare(published)

    def _end_spare(self, published: _Published) -> None:
        if published.spare is not None:
            published.spare.tapped.ending = True
            published.spare = None

    def _look_after_layers(self, key: tuple[str, TrackSource, TrackKind], published: _Published, now: float) -> None:
        flows = published.look(now)
        layer = published.main.tapped.description.layer
        if flows or published.muted or layer == 0:
            self._end_spare(published)
        elif published.spare is None and now - published.flowed_at >= SILENT_AFTER:
            published.spare = self._open(key, layer - 1)

    def forget(self, recorded: Recorded) -> None:
        """A tap was read to its end."""
        tapped = recorded.tapped
        self._packets += tapped.packets
        self._left_out += tapped.left_out
        self._overruns += tapped.tap.overruns
        tapped.tap.close()
        for published in self._published.values():
            if published.spare is recorded:
                published.spare = None

    def _fail(self, failure: Failure) -> None:
        if self.failure is None:
            self.failure = failure
            self.state = "failed"
            for key in list(self._published):
                self._drop(key)
            self._failed(failure)


def _ask_for_key_frame(recorded: Recorded, now: float) -> None:
    tapped = recorded.tapped
    if tapped.video and (tapped.key_frame_wanted or now - recorded.key_frame_at >= KEY_FRAME_EVERY):
        tapped.key_frame_wanted = False
        recorded.key_frame_at = now
        tapped.tap.request_key_frame()
