# SPDX-License-Identifier: Apache-2.0
"""The pictures of the film: for each tick what the scene of that time looks like. Only what is shown is decoded."""

from typing import final

import av
import msgspec

from podium.plugins.recording.composer.axis import Axis
from podium.plugins.recording.composer.decoding import HELD, Feed
from podium.plugins.recording.composer.degrade import Step
from podium.plugins.recording.composer.drawing import Canvas
from podium.plugins.recording.composer.layout import Place, Scene, Shown, places
from podium.plugins.recording.composer.lettering import Lettering
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.reading import CapturedClass


@final
class Show:
    """Times go on; scenes and steps may be changed at any of them."""

    def __init__(self, captured: CapturedClass, settings: CompositionSettings) -> None:
        self.axis = Axis(())
        self._captured = captured
        self._settings = settings
        self._lettering = Lettering(settings.font)
        self._feeds: dict[Shown, Feed] = {}
        self._scene = Scene()
        self._step: Step | None = None
        self._canvas = Canvas(settings.width, settings.height, self._lettering)
        self._places: list[Place] = []
        self._frame: av.VideoFrame | None = None

    def scene(self, scene: Scene) -> None:
        if scene != self._scene:
            self._scene = scene
            self._arrange()

    def step(self, step: Step) -> None:
        if step != self._step:
            self._step = step
            shrink = 2 if step.coarse else 1
            self._canvas = Canvas(self._settings.width // shrink, self._settings.height // shrink, self._lettering)
            self._arrange()

    def look_for_tracks(self) -> None:
        """When there may be new ones."""
        for shown, feed in self._feeds.items():
            for track in self._captured.tracks:
                if (track.participant_id, track.source, track.kind) == (*shown, "video"):
                    feed.add(track)

    def frame(self, time: float) -> av.VideoFrame:
        """The same object again when nothing has changed since.

        It is seen until the next one, so it shows what was in the middle of that time: pictures that had to be older
        than the frame would be half its time late on average, and sound would come first.
        """
        self._follow(time)
        middle = time + (self._step.every if self._step is not None else 1) / self._settings.frame_rate / 2
        changed = self._frame is None
        for place in self._places:
            feed = self._feeds.get(place.shown)
            picture = feed.at(middle) if feed is not None else None
            changed |= self._canvas.draw(place, picture, self._name(place.shown.participant_id))
        if changed or self._frame is None:
            self._frame = self._canvas.frame(self._settings.width, self._settings.height)
        return self._frame

    def close(self) -> None:
        for feed in self._feeds.values():
            feed.close()

    def _arrange(self) -> None:
        scene = self._scene
        if self._step is not None and not self._step.column:
            scene = msgspec.structs.replace(scene, column=())
        self._canvas.clear()
        self._places = places(scene, self._canvas.width, self._canvas.height, self._settings.tiles)
        self._frame = None

    def _follow(self, time: float) -> None:
        """Open and close feeds."""
        decoded = self._step is None or self._step.decoded
        wanted = {place.shown for place in self._places if place.shown in self._scene.pictures} if decoded else set()
        for shown in self._feeds.keys() - wanted:
            self._feeds.pop(shown).close()
        new = sorted(wanted - self._feeds.keys())
        for shown in new:
            held = None if shown.source == "screen" else HELD
            self._feeds[shown] = Feed(time, self._to_film, self._to_class, held)
        if new:
            self.look_for_tracks()

    def _to_film(self, time: float) -> float:
        return self.axis.to_film(time)

    def _to_class(self, time: float) -> float:
        return self.axis.to_class(time)

    def _name(self, participant_id: str) -> str:
        participant = self._captured.participants.get(participant_id)
        return participant.display_name if participant is not None else ""
