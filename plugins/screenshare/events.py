# SPDX-License-Identifier: Apache-2.0
"""What browsers are told of shared screens, and what is emitted for the audit trail: the same events.

`actor_id` is who did it, where that was somebody in the room; the trail also knows keys of services by it.
"""

from datetime import datetime

from podium.core import LEADING, Event, Plugin
from podium.plugins.screenshare.rules import Mode, Takeover, Who
from podium.plugins.screenshare.share import Reason


class ScreenShareStarted(Event, frozen=True, kw_only=True):
    """Somebody shares a screen; `resumed` after a restart of the host, which is the same share as before."""

    session_id: str
    actor_id: str | None
    participant_id: str
    share_id: str
    display_name: str
    audio: bool
    started_at: datetime
    resumed: bool = False


class ScreenShareStopped(Event, frozen=True, kw_only=True):
    """A share is over; `stopped_by` is the name of who ended it, None when nobody in the room did."""

    session_id: str
    actor_id: str | None
    participant_id: str
    share_id: str
    reason: Reason
    stopped_by: str | None


class ScreenShareRulesChanged(Event, frozen=True, kw_only=True):
    """Other rules hold from now on, for those who share already too."""

    session_id: str
    actor_id: str | None
    who: Who
    mode: Mode
    takeover: Takeover


class ScreenShareRequested(Event, frozen=True, kw_only=True):
    """Somebody asks to be allowed to share a screen."""

    session_id: str
    actor_id: str
    participant_id: str
    display_name: str


class ScreenShareAllowed(Event, frozen=True, kw_only=True):
    """Somebody may share a screen from now on, or not: permission was given, taken away, or refused."""

    session_id: str
    actor_id: str | None
    participant_id: str
    allowed: bool


def declare_events(plugin: Plugin) -> None:
    """`ScreenShareRequested` is for leaders; `ScreenShareAllowed` is sent to them and to the one it is about."""
    for event in (ScreenShareStarted, ScreenShareStopped, ScreenShareRulesChanged, ScreenShareAllowed):
        plugin.event(event)
    plugin.event(roles=LEADING)(ScreenShareRequested)
