# SPDX-License-Identifier: Apache-2.0
"""An open room as the plugin knows it: what session it belongs to, and whether it should record itself.

Whoever begins or ends a recording of a room does so under the lock of its stage.
"""

from datetime import datetime
from typing import final

import trio

from podium.core import LEADING, ParticipantView, SessionView
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.requests import Problem
from podium.plugins.recording.take import Take


@final
class Stage:
    """Made when a room opens, forgotten when it closes."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.lock = trio.Lock()
        self.take: Take | None = None
        """What goes on now."""
        self.problem: Problem | None = None
        """Why nothing goes on although it should."""
        self.known = False
        """Whether it was read what is kept of the class."""
        self.session: SessionView | None = None
        self.goes_on = False
        """A recording was under way when its host stopped, or its disk was full: it has to go on."""
        self.stopped = False
        """Somebody has ended it by hand: it does not begin again by itself."""
        self.retry_at = 0.0
        """When beginning is tried next, by trio's clock."""

    @property
    def series_id(self) -> str:
        """The session that the room is a class of."""
        return self.session_id if self.session is None else self.session.session_id

    @property
    def title(self) -> str:
        return self.session_id if self.session is None else self.session.title

    def wanted(self, config: RecordingConfig, now: datetime, present: tuple[ParticipantView, ...]) -> bool:
        """Whether the room should be recorded without anybody asking for it.

        A class is from when somebody who leads is in, or its time has come: not while students wait for it.
        """
        if self.goes_on:
            return True
        if self.stopped or not present:
            return False
        if self.session is None:
            return config.ad_hoc
        if not (config.automatic and self.session.recording and self.session.state == "live"):
            return False
        return now >= self.session.occurrence.starts_at or any(each.role in LEADING for each in present)
