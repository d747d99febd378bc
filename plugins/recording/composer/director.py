# SPDX-License-Identifier: Apache-2.0
"""Who is shown, and who large: scenes over time, from what happened in the room and who spoke.

The same events give the same scenes. A shared screen is large, with the speaker first in the column; else whoever is in
the spotlight; else the speaker; else the last one who spoke. The column has those with a picture, then those who have
spoken. It keeps its order: people stay where they are as long as they are in it.
"""

from collections.abc import Callable, Mapping
from typing import Any, final

import msgspec

from podium.plugins.recording.composer.layout import Scene, Shown, ShownSource
from podium.plugins.recording.composer.speech import Turn, Turns

_EARLY = 1.0
"""Somebody may be heard so many seconds before they are known to be there."""


class _Person(msgspec.Struct):
    order: int
    instructor: bool = False
    camera: bool = False
    hidden_by: frozenset[str] = frozenset()
    """`muted`, `blocked`: why the camera that is there is not seen."""
    spoke_at: float = -1.0


class Cut(msgspec.Struct, frozen=True):
    """From this time on, this scene."""

    time: float
    scene: Scene


@final
class Director:
    """Takes events in the order of their time; `cuts` gives the scenes that are certain."""

    def __init__(
        self, tiles: int, hold: float, heed: Callable[[float, str, Mapping[str, Any]], None] = lambda *_told: None
    ) -> None:
        """`heed` is told what the scenes follow: the events, and `speaker` when somebody is taken for the speaker."""
        self._heed = heed
        self._tiles = tiles
        self._turns = Turns(hold)
        self._people: dict[str, _Person] = {}
        self._screens: dict[str, float] = {}
        self._spotlight: Shown | None = None
        self._told = False
        self._waiting: list[tuple[float, str, Mapping[str, Any]]] = []
        self._scene = Scene()
        self._column: tuple[Shown, ...] = ()
        self._joined = 0
        self._expected: tuple[str, float] | None = None
        self.speaker: str | None = None
        """The last one who spoke, as of the last scenes given."""

    @property
    def lookahead(self) -> float:
        """By how many seconds events are taken before the scenes of a time are certain."""
        return self._turns.lookahead

    def take(self, time: float, kind: str, fields: Mapping[str, Any]) -> None:
        """Something that happened."""
        if kind == "speaking":
            self._told = self._told or isinstance(fields.get("participant_id"), str)
            self._turn(Turn(time, _text(fields, "participant_id")))
        else:
            self._waiting.append((time, kind, fields))

    def heard(self, turn: Turn) -> None:
        """A turn by loudness; counts as long as the room has never said who speaks."""
        if not self._told:
            self._turn(turn)

    def cuts(self, now: float) -> list[Cut]:
        """The new scenes up to this time, everything up to `lookahead` behind it having been taken."""
        certain = self._turns.settle(now + self.lookahead)
        if certain is not None:
            self._queue_turn(certain)
        self._waiting.sort(key=lambda each: each[0])
        found: list[Cut] = []
        for time, kind, fields in self._waiting:
            if time > now:
                break
            if kind != "speaker":
                self._heed(time, kind, fields)
            self._apply(time, kind, fields)
            self._add(found, time)
        self._waiting = [each for each in self._waiting if each[0] > now]
        return found

    def _turn(self, turn: Turn) -> None:
        certain = self._turns.push(turn)
        if certain is not None:
            self._queue_turn(certain)

    def _queue_turn(self, turn: Turn) -> None:
        self._waiting.append((turn.time, "speaker", {"participant_id": turn.participant_id}))

    def _add(self, found: list[Cut], time: float) -> None:
        scene = self._compose()
        if scene != self._scene:
            self._scene = scene
            if found and found[-1].time >= time:
                found.pop()
            found.append(Cut(time, scene))

    def _apply(self, time: float, kind: str, fields: Mapping[str, Any]) -> None:
        participant_id = _text(fields, "participant_id")
        if kind == "began":
            self._people.clear()
            self._screens.clear()
        elif kind == "spotlight":
            source: ShownSource = "screen" if fields.get("source") == "screen" else "camera"
            self._spotlight = Shown(participant_id, source) if participant_id is not None else None
        elif participant_id is not None:
            self._apply_to(participant_id, time, kind, fields)

    def _apply_to(self, participant_id: str, time: float, kind: str, fields: Mapping[str, Any]) -> None:
        if kind == "left":
            self._people.pop(participant_id, None)
            self._screens.pop(participant_id, None)
            return
        person = self._people.get(participant_id)
        if person is None:
            if kind == "speaker":
                self._expected = participant_id, time
            if kind in ("unpublished", "muted", "blocked", "speaker", "role_changed"):
                return
            self._joined += 1
            person = self._people[participant_id] = _Person(order=self._joined)
            if self._expected is not None and self._expected[0] == participant_id and time - self._expected[1] < _EARLY:
                self._spoke(participant_id, person, time)
        if kind in ("joined", "role_changed"):
            person.instructor = fields.get("role") == "instructor"
        elif kind == "speaker":
            self._spoke(participant_id, person, time)
        elif fields.get("track_kind") != "audio":
            self._picture(participant_id, person, time, kind, fields)

    def _spoke(self, participant_id: str, person: _Person, time: float) -> None:
        person.spoke_at = time
        self.speaker = participant_id
        self._expected = None
        self._heed(time, "speaker", {"participant_id": participant_id})

    def _picture(self, participant_id: str, person: _Person, time: float, kind: str, fields: Mapping[str, Any]) -> None:
        match kind, fields.get("source"):
            case "published" | "unpublished", "camera":
                person.camera, person.hidden_by = kind == "published", frozenset()
            case "muted" | "blocked", "camera":
                person.hidden_by = person.hidden_by | {kind} if fields.get(kind) else person.hidden_by - {kind}
            case "published", "screen":
                self._screens[participant_id] = time
            case "unpublished", "screen":
                self._screens.pop(participant_id, None)

    def _compose(self) -> Scene:
        screen = self._screen()
        speaker = self._speaker()
        main = screen or (Shown(speaker, "camera") if speaker is not None else None)
        if main is None:
            self._column = ()
            return Scene()
        room = self._tiles - 1
        wanted = [Shown(each, "camera") for each in self._candidates()]
        first = [Shown(speaker, "camera")] if screen is not None and speaker is not None else []
        wanted = first + [each for each in wanted if each not in (main, *first)]
        chosen = wanted[:room]
        kept = [each for each in self._column if each in chosen]
        if first:
            kept = [*chosen[:1], *(each for each in kept if each not in first)]
        self._column = tuple(kept + [each for each in chosen if each not in kept])
        shown = (main, *self._column)
        return Scene(main, self._column, frozenset(each for each in shown if self._has_picture(each)))

    def _screen(self) -> Shown | None:
        chosen = self._spotlight
        if chosen is not None and chosen.source == "screen" and chosen.participant_id in self._screens:
            return chosen
        if not self._screens:
            return None
        return Shown(max(self._screens, key=lambda each: self._screens[each]), "screen")

    def _speaker(self) -> str | None:
        """Also somebody who does not speak now."""
        if self._spotlight is not None and self._spotlight.participant_id in self._people:
            return self._spotlight.participant_id
        people = self._people
        return max(
            people,
            key=lambda each: (
                people[each].spoke_at,
                people[each].instructor,
                self._has_camera(each),
                -people[each].order,
            ),
            default=None,
        )

    def _candidates(self) -> list[str]:
        """Those worth showing: who has a picture, then who has spoken, lately before long ago."""
        people = self._people
        worth = [each for each in people if self._has_camera(each) or people[each].spoke_at >= 0]
        return sorted(worth, key=lambda each: (not self._has_camera(each), -people[each].spoke_at, people[each].order))

    def _has_camera(self, participant_id: str) -> bool:
        person = self._people[participant_id]
        return person.camera and not person.hidden_by

    def _has_picture(self, shown: Shown) -> bool:
        return shown.source == "screen" or self._has_camera(shown.participant_id)


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
