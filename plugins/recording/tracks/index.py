# SPDX-License-Identifier: Apache-2.0
"""What is finished of separate tracks, kept in their folder: whole groups (somebody's camera, say), one after another.

A group that was begun is made again. What was made of a class that has grown since is thrown away.
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Self, final

import google_crc32c
import msgspec

from podium.core import TrackKind, TrackSource
from podium.plugins.recording.folders import UNFINISHED, WorkFolder
from podium.plugins.recording.tracks.muxing import SUFFIXES, TrackFile, suffix_of

INDEX = "index.json"
_LOCK = "tracks.lock"
_LONGEST_NAME = 40
_CHUNK = 1 << 20


class FinishedTrack(msgspec.Struct, frozen=True, kw_only=True):
    """A file; `begins` and `duration` in seconds of the film."""

    file: str
    participant_id: str
    display_name: str
    source: TrackSource
    kind: TrackKind
    codec: str
    begins: float
    duration: float
    size: int
    crc32c: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """All files of one source of a participant."""

    participant_id: str
    display_name: str
    source: TrackSource
    kind: TrackKind

    @property
    def name(self) -> str:
        """For files: of letters, digits and hyphens only."""
        plain = unicodedata.normalize("NFKD", self.display_name).encode("ascii", "ignore").decode()
        who = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST_NAME] or "participant"
        return f"{who}-{self.source}" + ("-audio" if self.kind == "audio" and self.source != "microphone" else "")


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A group, and the files it became."""

    group: Group
    files: tuple[FinishedTrack, ...]


class TracksIndex(msgspec.Struct, frozen=True, kw_only=True):
    """`seen`: what there was of the class when these were made."""

    seen: str
    finished: tuple[Finished, ...] = ()
    complete: bool = False

    @property
    def files(self) -> tuple[FinishedTrack, ...]:
        return tuple(file for each in self.finished for file in each.files)


def read_index(folder: Path) -> TracksIndex | None:
    """None when nothing was made yet, or nobody can tell what."""
    try:
        return msgspec.json.decode((folder / INDEX).read_bytes(), type=TracksIndex)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


@final
class TracksFolder:
    """Opened by whoever makes them. Goes on behind the last finished group."""

    def __init__(self, path: Path, seen: str) -> None:
        self._files = WorkFolder(path, _LOCK)
        found = read_index(path)
        if found is None or found.seen != seen or not all(_there(path, each) for each in found.files):
            found = TracksIndex(seen=seen)
        self.index = found
        known = {each.file for each in found.files}
        for left in path.iterdir():
            if left.suffix in SUFFIXES and left.name not in known:
                left.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._files.close()

    def is_finished(self, group: Group) -> bool:
        return any(each.group == group for each in self.index.finished)

    def begin(self, group: Group, number: int, codec: str) -> tuple[str, Path]:
        """A file of a group: its name, and where it is written first."""
        name = f"{len(self.index.files) + number + 1:03d}-{group.name}{suffix_of(codec)}"
        return name, self._files.unfinished(name)

    def finish(self, group: Group, files: Iterable[tuple[str, TrackFile]]) -> Finished:
        """They are written and closed."""
        finished = Finished(group=group, files=tuple(self._finish(group, name, file) for name, file in files))
        self._set(msgspec.structs.replace(self.index, finished=(*self.index.finished, finished)))
        for left in self._files.path.glob(f"*{UNFINISHED}"):
            left.unlink()
        return finished

    def complete(self) -> None:
        if not self.index.complete:
            self._set(msgspec.structs.replace(self.index, complete=True))

    def _finish(self, group: Group, name: str, file: TrackFile) -> FinishedTrack:
        self._files.keep(name)
        path = self._files.path / name
        return FinishedTrack(
            file=name,
            participant_id=group.participant_id,
            display_name=group.display_name,
            source=group.source,
            kind=group.kind,
            codec=file.shape.codec,
            begins=round(file.begins, 3),
            duration=round(file.end - file.begins, 3),
            size=path.stat().st_size,
            crc32c=_checksum(path),
        )

    def _set(self, index: TracksIndex) -> None:
        self._files.write(INDEX, msgspec.json.encode(index))
        self.index = index


def _there(path: Path, file: FinishedTrack) -> bool:
    try:
        return (path / file.file).stat().st_size == file.size
    except FileNotFoundError:
        return False


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            checksum = google_crc32c.extend(checksum, data)
    return int(checksum)
