# SPDX-License-Identifier: Apache-2.0
"""The film on its way into the storage, piece by piece while the class goes on, so that little is left at its end.

A cloud gets each piece as an object, joins each 32 to a group, and at last all groups to the film. What is there is
asked of the storage once, and compared by size and checksum with the index: nothing is sent twice, whoever was killed
when. `growing` is the same for a directory. All of it is for threads.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, cast, final

import google_crc32c

from podium.plugins.recording.composer.segments import HEADER, Index, Segment
from podium.plugins.recording.mp4 import Joined, head
from podium.plugins.recording.storage import Storage, Stored
from podium.plugins.recording.storage.checksum import joined

GROUP = 32
"""Pieces that are joined at once: as many as Google joins in one request."""
FILM = "film.mp4"
CONTENT_TYPE = "video/mp4"
PIECE_TYPE = "video/iso.segment"


class DamagedPieceError(Exception):
    """The file of a piece is not as it was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not as it was written")
        self.name = name


class Film(NamedTuple):
    """All of it, ready to be looked at before it is stored."""

    stream: BinaryIO
    stored: Stored
    """What the storage has to have in the end."""


class Keeping(Protocol):
    """One film's way into a storage. Methods raise OSError, StorageError and DamagedPieceError."""

    def step(self, index: Index, *, final: bool) -> bool:
        """Do one of the things that can be done already, False when there are none. `final`: the index is complete."""

    def film(self, index: Index) -> Film:
        """Once `step` has nothing more to do."""

    def store(self, index: Index) -> Stored:
        """Make it the object that it is to be."""

    def forget(self) -> None:
        """The pieces are being made anew."""


def whole(index: Index) -> Sequence[Segment]:
    """Pieces of the full length: all but perhaps the last one."""
    segments, ticks = index.segments, index.settings.segment_ticks
    return segments[:-1] if segments and segments[-1].ticks != ticks else segments


def stored(segment: Segment, name: str = "") -> Stored:
    """What the storage has to have of it."""
    return Stored(name or segment.name, segment.size, segment.crc32c)


def film_of(first: bytes, index: Index, name: str) -> Stored:
    """What beginning and pieces make together."""
    beginning = Stored("", len(first), google_crc32c.value(first))
    return joined([beginning, *map(stored, index.segments)], name)


@final
class CloudKeeping:
    """Pieces and groups as objects below `base`."""

    def __init__(self, storage: Storage, base: str, folder: Path) -> None:
        self._storage = storage
        self._base = base
        self._folder = folder
        self._there: dict[str, Stored] | None = None
        self._joined: dict[int, tuple[tuple[Segment, ...], Stored]] = {}

    def step(self, index: Index, *, final: bool) -> bool:
        """See Keeping."""
        if self._there is None:
            found = [*self._storage.list(f"{self._base}/pieces/"), *self._storage.list(f"{self._base}/groups/")]
            self._there = {each.name: each for each in found}
            return True
        ready = index.segments if final else whole(index)
        return self._put_piece(ready) or self._join_group(ready) or (not final and self._delete_piece(ready))

    def film(self, index: Index) -> Film:
        """See Keeping."""
        first = self._head(index)
        stream = Joined(first, [self._folder / segment.name for segment in index.segments])
        return Film(cast("BinaryIO", stream), film_of(first, index, f"{self._base}/{FILM}"))

    def store(self, index: Index) -> Stored:
        """See Keeping."""
        first = self._head(index)
        name = f"head-{google_crc32c.value(first):08x}.mp4"
        file = self._folder / name
        file.write_bytes(first)
        beginning = f"{self._base}/pieces/{name}"
        self._storage.put(beginning, file, CONTENT_TYPE)
        groups = self._groups(index.segments)
        rest = index.segments[len(groups) * GROUP :]
        parts = [beginning, *(group.name for group in groups), *(self._piece_name(each) for each in rest)]
        return self._storage.join(parts, f"{self._base}/{FILM}", CONTENT_TYPE)

    def forget(self) -> None:
        """See Keeping."""
        self._there = None

    def _head(self, index: Index) -> bytes:
        return head((self._folder / HEADER).read_bytes(), index.parts())

    def _piece_name(self, segment: Segment) -> str:
        return f"{self._base}/pieces/{segment.name}"

    def _groups(self, ready: Sequence[Segment]) -> list[Stored]:
        """What groups there are to be."""
        found = []
        for number in range(len(ready) // GROUP):
            pieces = tuple(ready[number * GROUP : (number + 1) * GROUP])
            known = self._joined.get(number)
            if known is None or known[0] != pieces:
                name = f"{self._base}/groups/{number:04d}.mp4"
                known = self._joined[number] = pieces, joined(map(stored, pieces), name)
            found.append(known[1])
        return found

    def _has(self, wanted: Stored) -> bool:
        return self._there is not None and self._there.get(wanted.name) == wanted

    def _in_groups(self, ready: Sequence[Segment]) -> set[int]:
        """Numbers of groups that are there."""
        return {number for number, group in enumerate(self._groups(ready)) if self._has(group)}

    def _put_piece(self, ready: Sequence[Segment]) -> bool:
        there = self._in_groups(ready)
        for number, segment in enumerate(ready):
            wanted = stored(segment, self._piece_name(segment))
            if number // GROUP not in there and not self._has(wanted):
                found = self._storage.put(wanted.name, self._folder / segment.name, PIECE_TYPE)
                self._note(found)
                if found != wanted:
                    raise DamagedPieceError(segment.name)
                return True
        return False

    def _join_group(self, ready: Sequence[Segment]) -> bool:
        for number, group in enumerate(self._groups(ready)):
            if not self._has(group):
                pieces = ready[number * GROUP : (number + 1) * GROUP]
                self._note(self._storage.join([self._piece_name(each) for each in pieces], group.name, CONTENT_TYPE))
                return True
        return False

    def _delete_piece(self, ready: Sequence[Segment]) -> bool:
        """One of a group that is there."""
        for number in sorted(self._in_groups(ready)):
            for segment in ready[number * GROUP : (number + 1) * GROUP]:
                name = self._piece_name(segment)
                if self._there is not None and name in self._there:
                    self._storage.delete(name)
                    del self._there[name]
                    return True
        return False

    def _note(self, found: Stored) -> None:
        if self._there is not None:
            self._there[found.name] = found
