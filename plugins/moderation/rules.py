# SPDX-License-Identifier: Apache-2.0
"""Who may do what to whom. Pure: the caller, the settings and the role of the one concerned are given.

Two questions, asked in this order: is this kind of action the caller's at all (`check_may`), and may it be done to this
person (`check_reach`). Every refusal says why.
"""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from podium.core import Caller, OperationError

Action = Literal[
    "list", "mute", "unmute", "ask", "kick", "ban", "lock", "admit", "promote", "spotlight", "hands", "end"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
ASSISTANTS_MAY: tuple[Action, ...] = tuple(each for each in ACTIONS if each not in ("ban", "promote", "end"))
STAFF = ("service", "administrator")
LEADING = ("instructor", "assistant")
MODERATORS = (*LEADING, *STAFF)
"""Who may ask at all without a grant."""

REMOVING: frozenset[Action] = frozenset({"kick", "ban", "promote"})
"""What nobody does to an instructor or to themselves."""
BOUND: frozenset[Action] = frozenset({"mute", "unmute", "kick", "ban", "promote"})
"""What assistants do to students and observers only."""

Allowed = Mapping[str, Collection[str]]
"""The actions of instructors and assistants, by role."""


def grant_of(action: Action) -> str:
    """The grant that allows it to somebody whose role does not."""
    return f"moderation:{action}"


def may(caller: Caller, action: Action, allowed: Allowed) -> bool:
    """Whether an action is the caller's at all."""
    if caller.role in STAFF or grant_of(action) in caller.grants:
        return True
    return action in allowed.get(caller.role, ())


def check_may(caller: Caller, action: Action, allowed: Allowed) -> None:
    """Raise OperationError `forbidden`."""
    if may(caller, action, allowed):
        return
    who = f"{caller.role}s" if caller.role in LEADING else "you"
    what = (
        f"{who} may not {_GENERAL.get(action, _WORDS[action])}; it takes another role or the grant {grant_of(action)}"
    )
    raise OperationError("forbidden", "forbidden", what)


def check_reach(caller: Caller, action: Action, participant_id: str, role: str) -> None:
    """Raise OperationError `not_oneself`, `target_instructs` or `target_leads`; `role` is that of whom it concerns."""
    if action in REMOVING and participant_id == caller.subject and caller.role not in STAFF:
        raise _out_of_reach("not_oneself", f"nobody may {_WORDS[action]} themselves")
    if action in REMOVING and role == "instructor":
        raise _out_of_reach("target_instructs", f"nobody may {_WORDS[action]} an instructor of the room")
    if action in BOUND and role in LEADING and caller.role not in ("instructor", *STAFF):
        raise _out_of_reach("target_leads", f"only instructors may {_WORDS[action]} an assistant or instructor")


def _out_of_reach(code: str, message: str) -> OperationError:
    return OperationError("forbidden", code, message, "participant_id")


_WORDS: dict[Action, str] = {
    "list": "list people",
    "mute": "mute",
    "unmute": "unmute",
    "ask": "ask somebody to unmute",
    "kick": "remove",
    "ban": "ban",
    "lock": "lock the room or switch its waiting room",
    "admit": "admit or refuse people",
    "promote": "change the role of",
    "spotlight": "spotlight people",
    "hands": "lower hands of others",
    "end": "end the class for everybody",
}
_GENERAL: dict[Action, str] = {
    "mute": "mute others",
    "unmute": "unmute others",
    "kick": "remove people",
    "ban": "ban people",
    "promote": "change roles",
}
"""Where the sentence has no object."""
