# SPDX-License-Identifier: Apache-2.0
"""What can be asked of screen sharing, and what it answers. `changed` is False for what was so already."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from podium.core import ParticipantId, SessionId
from podium.plugins.screenshare.rules import Mode, Takeover, Who


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""

    session_id: SessionId


class StartScreenShare(_Request, frozen=True, kw_only=True):
    """Be let to share one's own screen."""

    takeover: Annotated[bool, Meta(description="Replace whoever shares now, where there is one at a time.")] = False
    audio: Annotated[bool, Meta(description="Whether there is sound with it.")] = False


class StopScreenShare(_Request, frozen=True, kw_only=True):
    """Whose share to end."""

    participant_id: Annotated[ParticipantId | None, Meta(description="Whose; one's own when absent.")] = None


class ListScreenShares(_Request, frozen=True, kw_only=True):
    """In which session."""


class RequestScreenShare(_Request, frozen=True, kw_only=True):
    """Ask those who lead."""


class AllowScreenShare(_Request, frozen=True, kw_only=True):
    """Who may, or may not, share whatever the rules are. Answers a request, if there is one."""

    participant_id: ParticipantId
    allowed: bool


class UpdateScreenShareRules(_Request, frozen=True, kw_only=True):
    """What should change; what is absent stays. The rules of a series hold in its classes without any of their own."""

    who: Annotated[Who | None, Meta(description="`leaders` takes back what others were allowed in person.")] = None
    mode: Annotated[Mode | None, Meta(description="One screen at a time, or several.")] = None
    takeover: Annotated[Takeover | None, Meta(description="Who may replace another's screen in mode `one`.")] = None


class GetScreenShareRules(_Request, frozen=True, kw_only=True):
    """Of which session."""


class ScreenShareInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A share that is on; `interrupted` while its presenter has not come back after a restart of the host."""

    share_id: str
    participant_id: str
    display_name: str
    started_at: datetime
    audio: bool
    interrupted: bool = False


class ScreenShareStart(msgspec.Struct, frozen=True, kw_only=True):
    """One's own share."""

    share: ScreenShareInfo
    changed: bool


class ScreenShareStop(msgspec.Struct, frozen=True, kw_only=True):
    """Whose share is over; `share_id` is None when there was none."""

    participant_id: str
    share_id: str | None
    changed: bool


class ScreenShares(msgspec.Struct, frozen=True, kw_only=True):
    """Who shares now, in the order of starting."""

    shares: tuple[ScreenShareInfo, ...]


class SharingPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks to share, or was allowed to."""

    participant_id: str
    display_name: str


class ScreenSharePermission(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody may share; `requested` while their request waits for an answer."""

    participant_id: str
    allowed: bool
    requested: bool
    changed: bool


class ScreenShareRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that hold. `allowed` and `requests` are for those who lead and for services, otherwise empty."""

    session_id: str
    who: Who
    mode: Mode
    takeover: Takeover
    max_shares: int
    may_share: Annotated[bool, Meta(description="Whether the caller may, as far as nobody else shares.")]
    allowed: tuple[SharingPerson, ...] = ()
    requests: tuple[SharingPerson, ...] = ()
    changed: bool = False
