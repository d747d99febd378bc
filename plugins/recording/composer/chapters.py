# SPDX-License-Identifier: Apache-2.0
"""What players show beside a film: who spoke and what was shared, when; and which moment of the film a time of day is.

Speakers are those whom the director takes for speakers, each until another is. There are never more chapters than
somebody could look through: the shortest are left out. What is kept beside the pieces is enough to go on with; without
it, what the room said is taken in again from the beginning.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, final

import msgspec

FILE = "chapters.json"
MOST = 400
_AT_FIRST, _SECONDS_EACH = 20, 10
"""So many chapters are allowed in a film's beginning, and one more for so many seconds."""
_SHORTEST = 0.5
_JOINED = 10.0
"""Seconds of silence, or without the screen, that do not make two chapters of one."""
_LONGEST_NAME = 100
_MOST_OPEN = 20
"""So many screens at the same time are told of."""
_SLACK = 0.001

Kind = Literal["spoke", "shared"]
Stretch = tuple[float, float, float]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds of the film."""

    time: float
    kind: Kind
    participant_id: str
    display_name: str
    """As it was at the time."""
    until: float


class Chapters(msgspec.Struct, frozen=True, kw_only=True):
    """The file beside the pieces."""

    started_at: float
    """When the class began, in seconds since 1970."""
    pieces: tuple[Stretch, ...] = ()
    """What of the class is in the film: where it begins in the class, where in the film, and how long it is."""
    chapters: tuple[Chapter, ...] = ()


def read_chapters(folder: Path) -> Chapters | None:
    """None when there are none yet, or none that can be read. May be called while a film is made."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Chapters)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def film_time(chapters: Chapters, wall_seconds: float) -> float:
    """The second of the film that shows a moment, in seconds since 1970; of a pause, the moment of the cut."""
    time = wall_seconds - chapters.started_at
    found = bisect_right(chapters.pieces, time, key=lambda piece: piece[0]) - 1
    if found < 0:
        return 0.0
    class_start, film_start, length = chapters.pieces[found]
    return film_start + min(time - class_start, length)


def fewest(pieces: Sequence[Stretch], most: int = MOST) -> tuple[Stretch, ...]:
    """No more than so many: what lies about the shortest pauses becomes one, wrong by the pause within it."""
    joined = list(pieces)
    while len(joined) > most:
        pauses = [later[0] - earlier[0] - earlier[2] for earlier, later in pairwise(joined)]
        shortest = pauses.index(min(pauses))
        (start, film_start, length), (_, _, more) = joined[shortest : shortest + 2]
        joined[shortest : shortest + 2] = [(start, film_start, length + more)]
    return tuple(joined)


@final
class Contents:
    """Takes what happened in the order of time, in seconds of the film."""

    def __init__(self, kept: Iterable[Chapter] | None = None, since: float = -1.0) -> None:
        """`kept`: what is known up to this time; what is told of the time before is not taken in once more."""
        self._since = since if kept is not None else -1.0
        self._names: dict[str, str] = {}
        known = [each for each in kept or () if each.time <= since + _SLACK]
        self._chapters = [each for each in known if each.until <= since + _SLACK]
        self._open = {(each.kind, each.participant_id): each for each in known if each.until > since + _SLACK}

    def take(self, time: float, kind: str, fields: Mapping[str, Any]) -> None:
        """An event of the timeline; besides those, `speaker` (who is shown as such) and `began` (a new run)."""
        participant_id = fields.get("participant_id")
        if isinstance(participant_id, str):
            self._name(participant_id, kind, fields)
            if time > self._since and fields.get("track_kind") != "audio":
                self._of(participant_id, time, kind, fields.get("source"))
        elif kind == "began" and time > self._since:
            for open_kind, each in list(self._open):
                self._close(open_kind, each, time)

    def chapters(self, end: float, names: Mapping[str, str]) -> tuple[Chapter, ...]:
        """Up to this time. `names`: of those whose coming is not known."""
        self._thin_out(min(MOST, _AT_FIRST + int(end / _SECONDS_EACH)))
        still = [msgspec.structs.replace(each, until=max(end, each.time)) for each in self._open.values()]
        found = sorted([*self._chapters, *still], key=lambda each: (each.time, each.kind))
        return tuple(_rounded(each, names) for each in found)

    def _name(self, participant_id: str, kind: str, fields: Mapping[str, Any]) -> None:
        name = fields.get("display_name")
        if kind in ("joined", "renamed") and isinstance(name, str):
            self._names[participant_id] = name[:_LONGEST_NAME]

    def _of(self, participant_id: str, time: float, kind: str, source: object) -> None:
        match kind, source:
            case "speaker", _:
                self._speaks(participant_id, time)
            case "published", "screen":
                self._begin("shared", participant_id, time)
            case "unpublished", "screen":
                self._close("shared", participant_id, time)
            case "left", _:
                self._close("spoke", participant_id, time)
                self._close("shared", participant_id, time)

    def _speaks(self, participant_id: str, time: float) -> None:
        for kind, each in list(self._open):
            if kind == "spoke" and each != participant_id:
                self._close(kind, each, time)
        self._begin("spoke", participant_id, time)

    def _begin(self, kind: Kind, participant_id: str, time: float) -> None:
        key = kind, participant_id
        if key in self._open or (kind == "shared" and len(self._open) >= _MOST_OPEN):
            return
        before = self._before(kind, participant_id)
        if before is not None and time - before.until < _JOINED:
            self._chapters.remove(before)
            self._open[key] = before
        else:
            name = self._names.get(participant_id, "")
            self._open[key] = Chapter(
                time=time, kind=kind, participant_id=participant_id, display_name=name, until=time
            )

    def _before(self, kind: Kind, participant_id: str) -> Chapter | None:
        """The last of this kind, if it is this person's; two may share at the same time."""
        same = (
            each
            for each in reversed(self._chapters)
            if each.kind == kind and (kind == "spoke" or each.participant_id == participant_id)
        )
        last = next(same, None)
        return last if last is not None and last.participant_id == participant_id else None

    def _close(self, kind: Kind, participant_id: str, time: float) -> None:
        chapter = self._open.pop((kind, participant_id), None)
        if chapter is not None and time - chapter.time >= _SHORTEST:
            self._chapters.append(msgspec.structs.replace(chapter, until=time))

    def _thin_out(self, most: int) -> None:
        """Leave out what is over and missed least."""
        while len(self._chapters) > most:
            spoke = [each for each in self._chapters if each.kind == "spoke"]
            weights = [(each.until - each.time + _space(spoke, place), each) for place, each in enumerate(spoke)] + [
                (2 * (each.until - each.time), each) for each in self._chapters if each.kind == "shared"
            ]
            least = min(weights, key=lambda weight: weight[0])[1]
            self._chapters.remove(least)
            if least.kind == "spoke":
                self._meet(spoke, spoke.index(least))

    def _meet(self, spoke: list[Chapter], place: int) -> None:
        """Those about the one that is gone are one if they are of the same person."""
        behind = spoke[place + 1] if place + 1 < len(spoke) else None
        before = spoke[place - 1] if place else None
        if before is None:
            return
        if behind is not None:
            if _same(before, behind):
                self._chapters.remove(before)
                self._chapters[self._chapters.index(behind)] = msgspec.structs.replace(before, until=behind.until)
        elif _same(before, self._open.get(("spoke", before.participant_id))):
            self._chapters.remove(before)
            self._open["spoke", before.participant_id] = before


def _space(spoke: Sequence[Chapter], place: int) -> float:
    """How large a hole there would be: of many that are alike, those are left out that lie close together."""
    start = spoke[place - 1].until if place else 0.0
    end = spoke[place + 1].time if place + 1 < len(spoke) else spoke[place].until
    return end - start


def _same(before: Chapter, behind: Chapter | None) -> bool:
    """Whether two that follow one another are one."""
    return (
        behind is not None and behind.participant_id == before.participant_id and behind.time - before.until < _JOINED
    )


def _rounded(chapter: Chapter, names: Mapping[str, str]) -> Chapter:
    """To milliseconds."""
    return msgspec.structs.replace(
        chapter,
        time=round(chapter.time, 3),
        until=round(chapter.until, 3),
        display_name=chapter.display_name or names.get(chapter.participant_id, "")[:_LONGEST_NAME],
    )
