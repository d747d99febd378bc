# SPDX-License-Identifier: Apache-2.0
"""The film in a directory: one file that grows with each piece, with room for its beginning, which is known last.

So nothing is copied at the end, however long the class was: the beginning is written and the file renamed. Between the
index of the beginning and the first piece is a `free` box (ISO/IEC 14496-12 section 8.1.2). Pieces are read back from
the disk once and compared with their checksums, also those that an earlier process has appended.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

import google_crc32c

from podium.plugins.recording.composer.segments import HEADER, Index, Segment
from podium.plugins.recording.mp4 import head
from podium.plugins.recording.storage import LocalStorage, StorageError, Stored
from podium.plugins.recording.work.keeping import FILM, DamagedPieceError, Film, film_of, whole

GROWING = "film.growing"
FEW = 32
"""Pieces that are appended, or looked at, in one step."""
_ROOM, _MORE_ROOM, _MANY = 64 << 10, 1 << 20, 5000
"""Bytes for the beginning: up to so many pieces (11 hours), and beyond them."""


@final
class GrowingFile:
    """A Keeping in a LocalStorage. One process at a time has the file."""

    def __init__(self, storage: LocalStorage, base: str, folder: Path) -> None:
        self._storage = storage
        self._name = f"{base}/{FILM}"
        self._folder = folder
        self._file = folder / GROWING
        self._room = 0
        self._pieces: list[Segment] = []
        """What is known to be in it, on the disk."""

    def step(self, index: Index, *, final: bool) -> bool:
        """See Keeping."""
        ready = index.segments if final else whole(index)
        room = _ROOM if len(index.segments) <= _MANY else _MORE_ROOM
        if room != self._room or self._pieces != list(ready[: len(self._pieces)]):
            self._room, self._pieces = room, []
        if len(self._pieces) == len(ready) or (final and self._is_kept(index)):
            return False
        position = room + sum(segment.size for segment in self._pieces)
        with self._opened() as descriptor:
            for segment in ready[len(self._pieces) : len(self._pieces) + FEW]:
                if not _is_there(descriptor, segment, position):
                    self._append(descriptor, segment, position)
                position += segment.size
            os.fsync(descriptor)
        self._pieces = list(ready[: len(self._pieces) + FEW])
        return True

    def film(self, index: Index) -> Film:
        """See Keeping."""
        first = self._head(index)
        wanted = film_of(first, index, self._name)
        if self._is_kept(index):
            return Film(self._storage.path(self._name).open("rb"), wanted)
        with self._opened() as descriptor:
            os.pwrite(descriptor, first, 0)
            os.ftruncate(descriptor, wanted.size)
            os.fsync(descriptor)
        return Film(self._file.open("rb"), wanted)

    def store(self, index: Index) -> Stored:
        """See Keeping."""
        if not self._is_kept(index):
            with self._opened():
                self._storage.take(film_of(self._head(index), index, self._name), self._file)
        found = self._storage.stat(self._name)
        if found is None:
            raise StorageError("changed_meanwhile", f"{self._name} was deleted by others", retry=True)
        return found

    def forget(self) -> None:
        """See Keeping."""
        self._pieces = []

    def _head(self, index: Index) -> bytes:
        return head((self._folder / HEADER).read_bytes(), index.parts(), room=self._room)

    def _is_kept(self, index: Index) -> bool:
        """Whether the film has been stored already, by somebody who was killed then."""
        found = self._storage.stat(self._name)
        return found is not None and found == film_of(self._head(index), index, self._name)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StorageError("in_use", f"somebody else writes {self._file}", retry=True) from error
            yield descriptor
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, segment: Segment, position: int) -> None:
        data = (self._folder / segment.name).read_bytes()
        if len(data) != segment.size or google_crc32c.value(data) != segment.crc32c:
            raise DamagedPieceError(segment.name)
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, position)
            view, position = view[written:], position + written


def _is_there(descriptor: int, segment: Segment, position: int) -> bool:
    if os.fstat(descriptor).st_size < position + segment.size:
        return False
    data = os.pread(descriptor, segment.size, position)
    return len(data) == segment.size and google_crc32c.value(data) == segment.crc32c
