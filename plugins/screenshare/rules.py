# SPDX-License-Identifier: Apache-2.0
"""Who may share a screen, and what becomes of the screens that are shared already. No clock, no database, no rooms.

Those who lead may always share, and so may whoever they have allowed to; the rest is up to the rules of the session.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from podium.core import LEADING
from podium.plugins.screenshare.share import Share

Who = Literal["leaders", "request", "everybody"]
Mode = Literal["one", "several"]
Takeover = Literal["leaders", "everybody"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a session."""

    who: Who = "leaders"
    mode: Mode = "one"
    takeover: Takeover = "leaders"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not share: `forbidden` by the rules, or a `conflict` with others who do."""

    kind: Literal["forbidden", "conflict"]
    code: str
    message: str


def may_share(rules: Rules, role: str, *, allowed: bool) -> bool:
    """Whether somebody may share if nobody else does; `allowed` by those who lead, in person."""
    return role in LEADING or (role != "observer" and (allowed or rules.who == "everybody"))


def may_take_over(rules: Rules, role: str) -> bool:
    """Whether somebody who may share may also end another's share by it, where there is one at a time."""
    return role in LEADING or rules.takeover == "everybody"


def replaced_by(
    rules: Rules, most: int, role: str, *, allowed: bool, others: Sequence[Share], takeover: bool
) -> tuple[Share, ...] | Refusal:
    """Which shares of `others` end for a new one, or why there is none. `most` counts in mode `several`."""
    if not may_share(rules, role, allowed=allowed):
        return not_permitted(rules)
    if rules.mode == "several":
        if len(others) < most:
            return ()
        return Refusal("conflict", "shares_full", f"{most} screens are shared already, by {_names(others)}")
    if not others:
        return ()
    if not takeover:
        return Refusal("conflict", "share_active", f"{_names(others)} is sharing a screen")
    if not may_take_over(rules, role):
        return Refusal("conflict", "share_active", f"{_names(others)} is sharing a screen, which only leaders replace")
    return tuple(others)


def over_the_limit(rules: Rules, most: int, shares: Sequence[Share]) -> tuple[Share, ...]:
    """Which shares end when rules begin to hold: the latest ones stay."""
    kept = 1 if rules.mode == "one" else most
    by_start = sorted(shares, key=lambda share: share.started_at)
    return tuple(by_start[: max(0, len(by_start) - kept)])


def not_permitted(rules: Rules) -> Refusal:
    """What somebody is told who may not share."""
    if rules.who == "request":
        return Refusal("forbidden", "share_not_allowed", "ask the instructor before you share your screen")
    return Refusal("forbidden", "share_forbidden", "only instructors and assistants share their screens here")


def _names(shares: Sequence[Share]) -> str:
    return ", ".join(share.display_name for share in shares)
