# SPDX-License-Identifier: Apache-2.0
"""Whose sources are not forwarded, and who wants that: the host, or plugins in their own names.

A block belongs to a participant id and a source, not to a presence: it can be there before the participant is, and
holds when the same participant comes back. Two owners do not undo each other; a source flows again when the last of
its blocks is lifted. Blocks are forgotten when the room of their session closes; who is about to join keeps theirs,
because whoever set them may have done so for the room that opens then.
"""

from collections.abc import Collection

from podium.core.events import TRACK_SOURCES, TrackSource
from podium.core.rooms.identity import RoomError

HOST = ""
"""Owner of the blocks that are no plugin's."""


class Blocks:
    """All blocks of one session."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, TrackSource], set[str]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, block: tuple[str, TrackSource]) -> bool:
        return block in self._owners

    def change(self, participant_id: str, source: TrackSource, blocked: bool, owner: str) -> None:
        """Raises RoomError `source_invalid`."""
        if source not in TRACK_SOURCES:
            raise RoomError("source_invalid", f"source must be one of {', '.join(TRACK_SOURCES)}", "source")
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

    def keep(self, participant_ids: Collection[str]) -> None:
        """Forget the blocks of everybody else."""
        self._owners = {block: owners for block, owners in self._owners.items() if block[0] in participant_ids}

    def of(self, participant_id: str) -> set[TrackSource]:
        """What is blocked of one participant, here or not."""
        return {source for each, source in self._owners if each == participant_id}


class EarlyBlocks:
    """Blocks in sessions whose rooms are not open. An open room has its own."""

    def __init__(self) -> None:
        self._sessions: dict[str, Blocks] = {}

    def change(self, session_id: str, participant_id: str, source: TrackSource, blocked: bool, owner: str) -> None:
        """Raises RoomError `source_invalid`."""
        blocks = self.take(session_id)
        try:
            blocks.change(participant_id, source, blocked, owner)
        finally:
            self.put(session_id, blocks)

    def take(self, session_id: str) -> Blocks:
        """The room opens: these are its blocks from now on."""
        return self._sessions.pop(session_id, None) or Blocks()

    def put(self, session_id: str, blocks: Blocks) -> None:
        """What is blocked for the next time that the room opens."""
        if blocks:
            self._sessions[session_id] = blocks

    def lift(self, owner: str) -> None:
        """Undo all blocks of one owner."""
        for session_id in list(self._sessions):
            blocks = self.take(session_id)
            blocks.lift(owner)
            self.put(session_id, blocks)
