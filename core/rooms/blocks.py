# SPDX-License-Identifier: Apache-2.0
"""Whose sources are not forwarded, and who wants that: the host, or plugins in their own names.

A block belongs to a participant id and a source, not to a presence: it holds when the same participant comes back.
Two owners do not undo each other; a source flows again when the last of its blocks is lifted.
"""

from podium.core.events import TrackSource

HOST = ""
"""Owner of the blocks that are no plugin's."""


class Blocks:
    """All blocks of one room."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, TrackSource], set[str]] = {}

    def __contains__(self, block: tuple[str, TrackSource]) -> bool:
        return block in self._owners

    def change(self, participant_id: str, source: TrackSource, blocked: bool, owner: str) -> None:
        block = (participant_id, source)
        if blocked:
            self._owners.setdefault(block, set()).add(owner)
        elif block in self._owners:
            self._owners[block].discard(owner)
            if not self._owners[block]:
                del self._owners[block]

    def lift(self, owner: str) -> list[tuple[str, TrackSource]]:
        """Undo everything that one owner has blocked; what it was."""
        lifted = [block for block, owners in self._owners.items() if owner in owners]
        for participant_id, source in lifted:
            self.change(participant_id, source, False, owner)
        return lifted

    def of(self, participant_id: str) -> set[TrackSource]:
        """What is blocked of one participant, here or not."""
        return {source for each, source in self._owners if each == participant_id}
