# SPDX-License-Identifier: Apache-2.0
"""A shared screen, from the moment its presenter was let to its end."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Reason = Literal[
    "stopped",
    "taken_over",
    "muted",
    "left",
    "rules_changed",
    "not_allowed",
    "room_closed",
    "session_ended",
    "lost",
    "disabled",
]
"""`stopped` by its presenter or somebody who leads; `taken_over` by another presenter; `muted` by the presenter's own
browser; `left`: the presenter is gone; `not_allowed`: permission or role was taken away; `lost`: the host restarted and
the presenter did not come back; `disabled`: this plugin was switched off."""


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody shows a screen to the others of a session, with or without its sound."""

    id: str
    session_id: str
    participant_id: str
    display_name: str
    started_at: datetime
    audio: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a share; `ended_by` is who ended it, None when nobody did so on purpose."""

    share: Share
    ended_at: datetime
    ended_by: str | None
    reason: Reason


def new_share_id() -> str:
    return secrets.token_hex(12)
