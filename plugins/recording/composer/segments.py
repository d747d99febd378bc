# SPDX-License-Identifier: Apache-2.0
"""The finished pieces in their folder: each written whole or not at all, with an index that is true after any crash.

A piece is written under another name, brought to the disk and renamed; then the index, in the same manner. What the
index does not have was not made. One process at a time works in a folder.
"""

import fcntl
import os
from fractions import Fraction
from pathlib import Path
from typing import Self, final

import google_crc32c
import msgspec

from podium.plugins.recording.composer.chapters import FILE, Chapters
from podium.plugins.recording.composer.encoding import Piece
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.mp4 import Part, head
from podium.plugins.recording.playlist import Entry, playlist

HEADER = "init.mp4"
INDEX = "index.json"
_LOCK = "composer.lock"
_UNFINISHED = ".part"


class InUseError(RuntimeError):
    """Another process makes a film in this folder."""


class HeaderDiffersError(RuntimeError):
    """A piece was encoded with other headers than those before it: the film has to be made anew."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A finished piece. `ticks` is its length in pictures of the full rate."""

    number: int
    name: str
    ticks: int
    size: int
    crc32c: int
    step: str
    """What was left out of it (`degrade.STEPS`)."""
    speaker: str | None = None
    """Who was last heard in it: where the next one begins."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a film. `complete`: there will be no more pieces."""

    settings: CompositionSettings
    segments: tuple[Segment, ...] = ()
    complete: bool = False

    @property
    def duration(self) -> float:
        """In seconds."""
        return sum(segment.ticks for segment in self.segments) / self.settings.frame_rate

    def parts(self) -> list[Part]:
        return [Part(each.size, Fraction(each.ticks, self.settings.frame_rate)) for each in self.segments]

    def playlist(self) -> str:
        """With the names of the files as addresses."""
        entries = [Entry(each.name, each.ticks / self.settings.frame_rate) for each in self.segments]
        return playlist(HEADER, entries, ended=self.complete)


def read_index(folder: Path) -> Index | None:
    """None when nothing was made yet. May be called while a film is made."""
    try:
        return msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
    except FileNotFoundError:
        return None


def film(folder: Path, index: Index) -> tuple[bytes, list[Path]]:
    """What is put together for one file that players can seek in: its first bytes, and the files behind them."""
    header = (folder / HEADER).read_bytes()
    return head(header, index.parts()), [folder / segment.name for segment in index.segments]


@final
class SegmentStore:
    """Opened by whoever makes the film. Goes on where the folder says that work stopped, with the settings of then."""

    def __init__(self, folder: Path, settings: CompositionSettings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = (folder / _LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise InUseError(f"another process makes a film in {folder}") from error
        for unfinished in folder.glob(f"*{_UNFINISHED}"):
            unfinished.unlink()
        self.index = self._whole(read_index(folder) or Index(settings=settings))
        self._chapters = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._lock.close()

    def add(self, piece: Piece, ticks: int, step: str, speaker: str | None) -> Segment:
        """The next one."""
        number = len(self.index.segments)
        self._keep_header(piece.header)
        segment = Segment(
            number=number,
            name=f"{number:06d}.m4s",
            ticks=ticks,
            size=len(piece.media),
            crc32c=google_crc32c.value(piece.media),
            step=step,
            speaker=speaker,
        )
        self._write(segment.name, piece.media)
        self._set(msgspec.structs.replace(self.index, segments=(*self.index.segments, segment)))
        return segment

    def keep_chapters(self, chapters: Chapters) -> None:
        """Those of all pieces, the next one among them: written before it, so that none has none."""
        data = msgspec.json.encode(chapters)
        if data != self._chapters:
            self._write(FILE, data)
            self._chapters = data

    def drop_last(self) -> None:
        """It is to be made anew."""
        self._set(msgspec.structs.replace(self.index, segments=self.index.segments[:-1], complete=False))

    def complete(self) -> None:
        if not self.index.complete:
            self._set(msgspec.structs.replace(self.index, complete=True))

    def _whole(self, index: Index) -> Index:
        """Up to the first piece that is not there as the index says."""
        for segment in index.segments:
            try:
                there = (self.folder / segment.name).stat().st_size == segment.size
            except FileNotFoundError:
                there = False
            if not there:
                kept = index.segments[: segment.number]
                return msgspec.structs.replace(index, segments=kept, complete=False)
        return index

    def _keep_header(self, header: bytes) -> None:
        path = self.folder / HEADER
        if not self.index.segments or not path.exists():
            self._write(HEADER, header)
        elif path.read_bytes() != header:
            raise HeaderDiffersError(
                "pieces made by this version of the encoder do not fit behind those that are there"
            )

    def _set(self, index: Index) -> None:
        self._write(INDEX, msgspec.json.encode(index))
        self.index = index

    def _write(self, name: str, data: bytes) -> None:
        unfinished = self.folder / (name + _UNFINISHED)
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / name)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
