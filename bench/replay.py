# SPDX-License-Identifier: Apache-2.0
"""A captured class once more: its records appear in other files as they did when the class went on, at any speed.

Files are copied up to a time, timelines last, as capture writes them. What is copied already is not copied again, so a
replay can be gone on with; and it can be ended before the class did.
"""

import mmap
from contextlib import ExitStack
from pathlib import Path
from struct import Struct
from typing import Self

from podium.plugins.recording.recordfile import HEADER_SIZE, Kind, packed
from podium.plugins.recording.timeline import CLOCKS, TIMELINE, packed_event, run_folders

_LENGTH_KIND_AT = Struct("<HBq")
_CHECKSUM_END = HEADER_SIZE - _LENGTH_KIND_AT.size


class _Tape:
    """One file of the class, and where in it the replay is."""

    def __init__(self, source: Path, target: Path, stack: ExitStack) -> None:
        file = stack.enter_context(source.open("rb"))
        self._data = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self._target = target
        self._position = target.stat().st_size if target.exists() else 0

    @property
    def first(self) -> int:
        """The time of the first record."""
        return self._at(0)[1]

    def play(self, until: int) -> None:
        begin = end = self._position
        while end < len(self._data):
            length, at = self._at(end)
            if at > until:
                break
            end += HEADER_SIZE + length
        if end > begin:
            self.add(self._data[begin:end])
            self._position = end

    def end(self, at: int) -> None:
        """Only of files that there are, and that have no end yet."""
        if 0 < self._position < len(self._data):
            self.add(packed(Kind.END, at, b""))

    def add(self, data: bytes) -> None:
        with self._target.open("ab") as file:
            file.write(data)

    def _at(self, position: int) -> tuple[int, int]:
        length, _kind, at = _LENGTH_KIND_AT.unpack_from(self._data, position + _CHECKSUM_END)
        return length, at


class Replay:
    """Of the one run of a captured class, into the folder of another recording."""

    def __init__(self, captured: Path, live: Path) -> None:
        (run,) = run_folders(captured)
        self.folder = live
        target = live / run.name
        target.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        tracks = sorted(path.name for path in run.glob("*.rtp"))
        self._tapes = {name: _Tape(run / name, target / name, self._stack) for name in (*tracks, CLOCKS, TIMELINE)}
        self._start = self._tapes[TIMELINE].first

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def until(self, seconds: float) -> None:
        """What was captured up to this second of the class."""
        for tape in self._tapes.values():
            tape.play(self._start + round(seconds * 1e6))

    def end(self, seconds: float) -> None:
        """The class ends here."""
        self.until(seconds)
        at = self._start + round(seconds * 1e6)
        self._tapes[TIMELINE].add(packed(Kind.EVENT, at, packed_event("ended", {"reason": "ended"})))
        for tape in self._tapes.values():
            tape.end(at)


def seconds_of(captured: Path) -> float:
    """How long a class is."""
    from podium.plugins.recording.reading import open_class

    with open_class(captured) as opened:
        return opened.duration
