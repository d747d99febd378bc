# SPDX-License-Identifier: Apache-2.0
"""What a participant may ask to see, checked as a whole before any of it is applied."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from podium.core.events import TrackSource
from podium.core.rooms.identity import RoomError
from podium.core.rooms.model import Slot

MAX_HEIGHT = 4320


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What one video slot shall show: a participant's camera or screen, at most so tall, or nothing."""

    mid: str
    participant_id: str | None = None
    source: TrackSource = "camera"
    max_height: int | None = None


def check_shown(shown: Sequence[Shown], viewer: str, slots: Mapping[str, Slot], people: Collection[str]) -> None:
    """Raise RoomError naming the first entry that cannot be."""
    named: set[str] = set()
    for index, entry in enumerate(shown):
        _check_slot(entry, f"slots[{index}]", slots)
        if entry.mid in named:
            raise RoomError("slot_repeated", f"slot {entry.mid!r} is named twice", f"slots[{index}].mid")
        named.add(entry.mid)
        _check_content(entry, f"slots[{index}]", viewer, people)


def _check_slot(entry: Shown, place: str, slots: Mapping[str, Slot]) -> None:
    slot = slots.get(entry.mid)
    if slot is None:
        raise RoomError("slot_unknown", f"no slot with mid {entry.mid!r} was negotiated", f"{place}.mid")
    if slot.kind != "video":
        raise RoomError(
            "slot_not_video", f"slot {entry.mid!r} is an audio slot, filled with who is loudest", f"{place}.mid"
        )


def _check_content(entry: Shown, place: str, viewer: str, people: Collection[str]) -> None:
    if entry.max_height is not None and not 1 <= entry.max_height <= MAX_HEIGHT:
        raise RoomError("height_invalid", f"max_height must be 1 to {MAX_HEIGHT}", f"{place}.max_height")
    if entry.source not in ("camera", "screen"):
        raise RoomError("source_not_video", "source must be camera or screen", f"{place}.source")
    if entry.participant_id is None:
        return
    if entry.participant_id == viewer:
        raise RoomError("own_track", "a slot never shows its own participant", f"{place}.participant_id")
    if entry.participant_id not in people:
        raise RoomError(
            "participant_unknown", f"nobody with id {entry.participant_id!r} is here", f"{place}.participant_id"
        )
