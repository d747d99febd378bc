# SPDX-License-Identifier: Apache-2.0
"""Who is in which video slot of one receiver, as a pure function of wishes and of what is published.

Until a receiver says what it wants to see, its slots are filled in order of priority, and whoever is in a slot stays
in that slot while among the first that fit: a class never jumps around because somebody joined. Once it has said so,
each slot holds what was wished for it, and stays empty while that is not published.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from podium.core.events import TrackKind, TrackSource


class TrackKey(NamedTuple):
    """Name of a track within a room."""

    participant_id: str
    source: TrackSource
    kind: TrackKind


DEFAULT_PRIORITIES: Mapping[TrackSource, float] = {"screen": 200.0, "camera": 100.0}

Assignment = dict[str, TrackKey | None]


def fill_automatically(current: Mapping[str, TrackKey | None], published: Sequence[TrackKey]) -> Assignment:
    """Put the first of `published` (best first) into the slots, moving nobody who may stay."""
    chosen = published[: len(current)]
    staying = {mid: track if track in chosen else None for mid, track in current.items()}
    newcomers = iter([track for track in chosen if track not in staying.values()])
    return {mid: track if track is not None else next(newcomers, None) for mid, track in staying.items()}


def fill_as_wished(wishes: Mapping[str, TrackKey | None], published: Collection[TrackKey]) -> Assignment:
    """Each slot holds its wish where that is published."""
    return {mid: track if track in published else None for mid, track in wishes.items()}


def by_priority(priorities: Mapping[TrackKey, float]) -> list[TrackKey]:
    """The highest first, otherwise in the order given (that of joining)."""
    return sorted(priorities, key=lambda track: -priorities[track])
