# SPDX-License-Identifier: Apache-2.0
"""The film of a captured class, as far as it is known now: sound first, then scenes, pictures, finished pieces.

While the class goes on the film stays a few seconds behind it: packets may come late, and who speaks is certain only a
little later. Nothing has to be waited for once the class has ended.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any, NamedTuple, final

import msgspec
import numpy as np

from podium.plugins.recording.composer.axis import Axis
from podium.plugins.recording.composer.chapters import Chapters, Contents, fewest, read_chapters
from podium.plugins.recording.composer.degrade import STEPS, Degrading, Step
from podium.plugins.recording.composer.director import Cut, Director
from podium.plugins.recording.composer.encoding import BEFORE, BEHIND, SegmentEncoder
from podium.plugins.recording.composer.segments import Index, Segment, SegmentStore
from podium.plugins.recording.composer.settings import SOUND_RATE
from podium.plugins.recording.composer.showing import Show
from podium.plugins.recording.composer.sounding import Sound
from podium.plugins.recording.composer.speech import Turn
from podium.plugins.recording.reading import CapturedClass

LATE = 1.5
"""Seconds after which nothing comes any more: half of it for the network, half for writing."""


class _Event(NamedTuple):
    time: float
    kind: str
    fields: Mapping[str, Any]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds of the film."""

    composed: float
    known: float
    """How long the film is going to be, as far as the class is captured."""
    step: str

    @property
    def behind(self) -> float:
        return max(0.0, self.known - self.composed)


@final
class Composer:
    """Goes on behind the pieces that are there. `advance` whenever the class has grown."""

    def __init__(self, captured: CapturedClass, store: SegmentStore, degrading: Degrading | None = None) -> None:
        """Without `degrading` everything is made as well as it can be, however long that takes."""
        self._captured = captured
        self._store = store
        self._settings = settings = store.index.settings
        self._degrading = degrading
        self._show = Show(captured, settings)
        self._axis = Axis(())
        self._begins = 0
        self._events_seen = 0
        self._events = deque[_Event]()
        self._cuts = deque[Cut]()
        self._known = 0.0
        self._look()
        self._tick = self._first_tick()
        self._contents = self._known_contents()
        self._director = Director(settings.tiles, settings.speaker_hold, self._contents.take)
        self._sound = Sound(self._sample(self._tick), settings.voices, self._to_film, self._to_class)
        self._resumed = self._tick > 0
        self._encoder: SegmentEncoder | None = None
        self._fed = 0
        self._busy = 0.0

    @property
    def progress(self) -> Progress:
        return Progress(composed=self._time, known=self._known, step=self._step.name)

    @property
    def index(self) -> Index:
        """What is made."""
        return self._store.index

    def advance(self, *, final: bool) -> Iterator[Segment]:
        """Make what can be made. `final`: nothing will be added to the class; all is made then."""
        self._look()
        self._sound.add(self._captured.tracks)
        self._show.look_for_tracks()
        limit = self._known if final else self._known - LATE
        last = self._ticks(self._known) if final else None
        while True:
            began = perf_counter()
            ready = self._listen(limit, final=final)
            if self._tick == last or not ready:
                break
            self._picture()
            self._busy += perf_counter() - began
            if self._tick % self._settings.segment_ticks == 0 or self._tick == last:
                began = perf_counter()
                segment = self._finish()
                self._busy += perf_counter() - began
                self._choose_step(segment)
                yield segment
        if final:
            self._keep_chapters()
            self._store.complete()

    def close(self) -> None:
        if self._encoder is not None:
            self._encoder.close()
        self._sound.close()
        self._show.close()

    # Where in time

    @property
    def _time(self) -> float:
        return self._tick / self._settings.frame_rate

    @property
    def _step(self) -> Step:
        return self._degrading.step if self._degrading is not None else STEPS[0]

    def _ticks(self, time: float) -> int:
        return max(1, round(time * self._settings.frame_rate))

    def _sample(self, tick: int) -> int:
        return tick * SOUND_RATE // self._settings.frame_rate

    def _to_film(self, time: float) -> float:
        return self._axis.to_film(time)

    def _to_class(self, time: float) -> float:
        return self._axis.to_class(time)

    def _first_tick(self) -> int:
        """Behind the pieces that are there. A short one was the end once; it is made anew if the class went on."""
        segments = self._store.index.segments
        ticks = sum(segment.ticks for segment in segments)
        if ticks % self._settings.segment_ticks and ticks != self._ticks(self._known):
            self._store.drop_last()
            ticks -= segments[-1].ticks
        return ticks

    def _known_contents(self) -> Contents:
        """What is kept of the pieces that are there."""
        kept = read_chapters(self._store.folder) if self._tick else None
        return Contents(None if kept is None else kept.chapters, (self._tick - 1) / self._settings.frame_rate)

    # What is new in the class

    def _look(self) -> None:
        captured = self._captured
        captured.poll()
        self._axis = self._show.axis = Axis(captured.pauses, captured.begins)
        self._known = self._to_film(captured.duration)
        events = list(captured.timeline())
        new = [_Event(self._to_film(time), "began", {}) for time in captured.begins[self._begins :]]
        new += [_Event(self._to_film(each.time), each.kind, each.fields) for each in events[self._events_seen :]]
        self._begins, self._events_seen = len(captured.begins), len(events)
        self._events.extend(sorted(new, key=lambda event: event.time))

    # Sound and scenes

    def _listen(self, limit: float, *, final: bool) -> bool:
        """Go on as far ahead of the picture as its scene needs. Whether that was possible."""
        wanted = self._time + self._director.lookahead + 1 / self._settings.frame_rate
        if not final and wanted > limit:
            return False
        self._resume()
        while self._sound.end < wanted:
            turn = self._sound.mix()
            self._tell(self._sound.end)
            if turn is not None:
                self._director.heard(turn)
        self._cuts.extend(self._director.cuts(self._time))
        return True

    def _tell(self, time: float) -> None:
        while self._events and self._events[0].time <= time:
            self._director.take(*self._events.popleft())

    def _resume(self) -> None:
        """Tell the director who was heard last."""
        if self._resumed:
            self._resumed = False
            self._tell(self._time)
            speaker = self._store.index.segments[-1].speaker
            if speaker is not None:
                self._director.heard(Turn(self._time, speaker))

    # Pictures and pieces

    def _picture(self) -> None:
        settings = self._settings
        within = self._tick % settings.segment_ticks
        if self._encoder is None:
            self._show.step(self._step)
            self._encoder = SegmentEncoder(settings, len(self._store.index.segments), self._step)
            self._fed = self._sample(self._tick) - BEFORE
        while self._cuts and self._cuts[0].time <= self._time:
            self._show.scene(self._cuts.popleft().scene)
        if within % self._step.every == 0:
            self._encoder.picture(self._show.frame(self._time), within)
        self._tick += 1
        if self._tick % 5 == 0:
            self._feed(self._sample(self._tick - 1 - within + settings.segment_ticks))

    def _feed(self, piece_end: int) -> None:
        assert self._encoder is not None
        sound = self._sound.take(self._fed, piece_end + BEHIND)
        self._fed += sound.shape[1]
        self._encoder.sound(sound)
        self._sound.give_up(min(self._fed, piece_end - BEFORE))

    def _finish(self) -> Segment:
        assert self._encoder is not None
        ticks = (self._tick - 1) % self._settings.segment_ticks + 1
        end = self._sample(self._tick)
        self._feed(end)
        missing = max(0, end + BEHIND - self._fed)
        self._encoder.sound(np.zeros((2, missing), np.float32))
        piece = self._encoder.finish(ticks)
        self._encoder = None
        self._keep_chapters()
        return self._store.add(piece, ticks, self._step.name, self._director.speaker)

    def _keep_chapters(self) -> None:
        captured = self._captured
        names = {each.participant_id: each.display_name for each in captured.participants.values()}
        self._store.keep_chapters(
            Chapters(
                started_at=captured.started_at,
                pieces=fewest(self._axis.pieces(captured.duration)),
                chapters=self._contents.chapters(self._time, names),
            )
        )

    def _choose_step(self, segment: Segment) -> None:
        if self._degrading is not None:
            seconds = segment.ticks / self._settings.frame_rate
            self._degrading.finished(self.progress.behind, seconds / max(self._busy, 1e-6))
        self._busy = 0.0
