# SPDX-License-Identifier: Apache-2.0
"""One open room: its rules, who is allowed in person, who asks, and whose share runs.

The only state that matters lives here and in the database. Who writes it holds `lock` from the reading to the end.
"""

from dataclasses import dataclass, field
from typing import final

import trio

from podium.plugins.screenshare.rules import Rules, may_share
from podium.plugins.screenshare.share import Share


@final
@dataclass(slots=True, eq=False)
class Board:
    """Made when a room opens or is first asked about; `series_id` is None for what is no class of a series."""

    room_id: str
    series_id: str | None
    rules: Rules
    own_rules: bool = False
    """Whether they are this room's, rather than those of its series or of the configuration."""
    allowed: dict[str, str] = field(default_factory=dict)
    """Names by participant id, as in `requests`."""
    requests: dict[str, str] = field(default_factory=dict)
    running: dict[str, Share] = field(default_factory=dict)
    """By participant id; everybody else's screen is blocked."""
    lost: dict[str, Share] = field(default_factory=dict)
    """Shares from before a restart, whose presenters may come back until `lost_until`, a time of trio's clock."""
    lost_until: float = 0.0
    starting: str | None = None
    """Whose share is being written; None as soon as they leave meanwhile."""
    leaving: dict[str, trio.Event] = field(default_factory=dict)
    """Presenters who join anew while the end of their earlier presence has not been told yet."""
    lock: trio.Lock = field(default_factory=trio.Lock)

    @property
    def names(self) -> tuple[str, ...]:
        """Under which its rules are looked for, its own first."""
        return (self.room_id,) if self.series_id is None else (self.room_id, self.series_id)

    def follows(self, session_id: str) -> bool:
        """Whether new rules of this session hold here."""
        return session_id == self.room_id or (session_id == self.series_id and not self.own_rules)

    def admits(self, participant_id: str, role: str) -> bool:
        """Whether somebody may share, as far as nobody else does."""
        return may_share(self.rules, role, allowed=participant_id in self.allowed)

    def others(self, participant_id: str) -> tuple[Share, ...]:
        """The shares of everybody else; those that may yet come back keep their place."""
        return tuple(share for share in self.all() if share.participant_id != participant_id)

    def all(self) -> tuple[Share, ...]:
        """In the order of starting."""
        return tuple(sorted((*self.running.values(), *self.lost.values()), key=lambda share: share.started_at))

    def share_of(self, participant_id: str) -> Share | None:
        return self.running.get(participant_id) or self.lost.get(participant_id)

    def forget(self, share: Share) -> bool:
        """Take a share away, whichever it is; False when it was gone already."""
        for shares in (self.running, self.lost):
            if shares.get(share.participant_id) is share:
                del shares[share.participant_id]
                return True
        return False

    def settled(self, participant_id: str) -> None:
        """What was told of somebody's earlier presence has arrived."""
        if (event := self.leaving.pop(participant_id, None)) is not None:
            event.set()
