# SPDX-License-Identifier: Apache-2.0
"""Which frames belong in which file: those of one source with the same codec and size, one behind the other.

A camera that changes its size goes on in another file, and in the first one when it has its first size again. So do
pictures that lie beside one another in time, such as a smaller layer that stood in for a larger one. Files are changed
at key frames only.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import final

import av

from podium.plugins.recording.composer.axis import Axis
from podium.plugins.recording.depacketize.opus import duration_untrusted
from podium.plugins.recording.reading import CapturedClass, CapturedTrack, Frame
from podium.plugins.recording.tracks.index import Finished, Group, TracksFolder
from podium.plugins.recording.tracks.muxing import RATE, PictureFile, SoundFile, TrackFile
from podium.plugins.recording.tracks.probing import Shape, probed

MOST_FILES = 16
"""Of one source, by their sizes; more sizes than these go into the last file of their codec."""
_OVERLAP = 0.5
"""Seconds that a track may begin before the end of the one before, and still go on in its file."""
_SEEN_EACH = 256

Passed = Callable[[CapturedTrack, float], None]
"""Told now and then, how far in the class this track is."""


def groups(captured: CapturedClass) -> dict[Group, list[CapturedTrack]]:
    """In the order in which they began."""
    found: dict[tuple[str, str, str], tuple[Group, list[CapturedTrack]]] = {}
    for track in captured.tracks:
        participant = captured.participants.get(track.participant_id)
        group = Group(
            participant_id=track.participant_id,
            display_name=participant.display_name if participant is not None else track.display_name,
            source=track.source,
            kind=track.kind,
        )
        found.setdefault((track.participant_id, track.source, track.kind), (group, []))[1].append(track)
    return dict(found.values())


def gather(group: Group, tracks: list[CapturedTrack], axis: Axis, folder: TracksFolder, passed: Passed) -> Finished:
    """Make the files of a group."""
    with ExitStack() as stack:
        files = _Files(group, axis, folder, stack)
        for track in tracks:
            frames = _watched(track, passed)
            if group.kind == "audio":
                files.sound(frames)
            else:
                files.pictures(frames)
    return folder.finish(group, files.made)


def _watched(track: CapturedTrack, passed: Passed) -> Iterator[Frame]:
    cursor = track.frames()
    try:
        for number, frame in enumerate(cursor):
            if number % _SEEN_EACH == 0:
                passed(track, frame.time)
            yield frame
    finally:
        cursor.close()


@final
class _Files:
    """Those of a group, as they are needed."""

    def __init__(self, group: Group, axis: Axis, folder: TracksFolder, stack: ExitStack) -> None:
        """`stack`: closes them."""
        self._group = group
        self._axis = axis
        self._folder = folder
        self._stack = stack
        self._sounds: list[tuple[str, SoundFile]] = []
        self._pictures: list[tuple[str, PictureFile]] = []

    @property
    def made(self) -> list[tuple[str, TrackFile]]:
        """Those with something in them."""
        made: list[tuple[str, TrackFile]] = [*self._sounds, *self._pictures]
        return [(name, file) for name, file in made if file.frames]

    def sound(self, frames: Iterator[Frame]) -> None:
        """What lies in a pause is left out."""
        file: SoundFile | None = None
        for frame in frames:
            length = duration_untrusted(frame.data) / RATE
            time = self._axis.to_film(frame.time)
            if self._axis.to_film(frame.time + length) - time >= length / 2:
                file = file or self._sound_file(time)
                file.add(frame.data, time)

    def pictures(self, frames: Iterator[Frame]) -> None:
        """Those in a pause are all of one moment: others may need them to be decoded."""
        file: PictureFile | None = None
        for frame in frames:
            time = self._axis.to_film(frame.time)
            if frame.key:
                file = self._picture_file(frame, time, file)
            if file is None or file.shape.codec != frame.codec:
                continue
            if not file.add(frame.data, time, key=frame.key):
                file = None

    def _sound_file(self, time: float) -> SoundFile:
        for _, file in self._sounds:
            if file.free_from - _OVERLAP <= time:
                return file
        name, path = self._folder.begin(self._group, len(self._sounds), "opus")
        file = SoundFile(path)
        self._stack.callback(file.close)
        self._sounds.append((name, file))
        return file

    def _picture_file(self, frame: Frame, time: float, current: PictureFile | None) -> PictureFile | None:
        """Where a key frame and those behind it belong. None: it cannot be shown."""
        with probed(frame) as found:
            if found is None:
                return None
            shape, like = found
            usable = [file for _, file in self._pictures if file.frames and file.free_from - _OVERLAP <= time]
            fitting = [file for file in usable if file.shape == shape]
            if fitting:
                return current if current in fitting else fitting[0]
            if len(self._pictures) >= MOST_FILES:
                return next((file for file in reversed(usable) if file.shape.codec == shape.codec), None)
            return self._new_picture_file(shape, like)

    def _new_picture_file(self, shape: Shape, like: av.VideoStream) -> PictureFile:
        name, path = self._folder.begin(self._group, len(self._pictures), shape.codec)
        file = PictureFile(path, shape, like)
        self._stack.callback(file.close)
        self._pictures.append((name, file))
        return file
