# SPDX-License-Identifier: Apache-2.0
"""Who may do what to whom, in all combinations."""

from typing import Any

import msgspec
import pytest

from podium.core import Caller, OperationError
from podium.core.identity import CALLER_ROLES
from podium.plugins.moderation._config import ModerationConfig
from podium.plugins.moderation.rules import (
    ACTIONS,
    BOUND,
    LEADING,
    REMOVING,
    STAFF,
    Action,
    check_may,
    check_reach,
    grant_of,
    may,
)

ALLOWED = ModerationConfig().allowed
FOR_INSTRUCTORS = {"ban", "promote", "end"}


def caller_of(role: str, *grants: str) -> Caller:
    held: Any = role
    return Caller(role=held, subject="me", session_id="algebra", grants=frozenset(grants))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", CALLER_ROLES)
def test_an_action_is_the_roles_or_the_grants(role: str, action: Action) -> None:
    expected = role in ("instructor", *STAFF) or (role == "assistant" and action not in FOR_INSTRUCTORS)
    assert may(caller_of(role), action, ALLOWED) is expected
    assert may(caller_of(role, grant_of(action)), action, ALLOWED)
    other: Action = "mute" if action != "mute" else "list"
    assert may(caller_of(role, grant_of(other)), action, ALLOWED) is expected


@pytest.mark.parametrize("action", ACTIONS)
def test_a_refusal_names_the_grant_that_is_missing(action: Action) -> None:
    for role in ("assistant", "student"):
        with pytest.raises(OperationError, match=grant_of(action)) as refused:
            check_may(caller_of(role), action, {})
        assert (refused.value.kind, refused.value.code) == ("forbidden", "forbidden")


def test_settings_give_and_take_actions() -> None:
    strict = msgspec.convert({"instructors_may": ["mute"], "assistants_may": []}, ModerationConfig).allowed
    assert may(caller_of("instructor"), "mute", strict)
    assert not may(caller_of("instructor"), "kick", strict)
    assert not may(caller_of("assistant"), "mute", strict)
    assert may(caller_of("administrator"), "kick", strict)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"assistants_may": ["fly"]}, ModerationConfig)


def reach(role: str, action: Action, participant_id: str, target: str) -> str:
    try:
        check_reach(caller_of(role), action, participant_id, target)
    except OperationError as error:
        return f"{error.kind}: {error.code}" if error.field == "participant_id" else "?"
    return "ok"


@pytest.mark.parametrize("target", ["instructor", "assistant", "student", "observer"])
@pytest.mark.parametrize("action", ACTIONS)
def test_whom_an_action_reaches(action: Action, target: str) -> None:
    removed = "forbidden: target_instructs" if action in REMOVING and target == "instructor" else "ok"
    for role in ("instructor", *STAFF):
        assert reach(role, action, "ann", target) == removed
    bound = "forbidden: target_leads" if action in BOUND and target in LEADING else "ok"
    for role in ("assistant", "student"):  # a student has a grant, or would not be here
        assert reach(role, action, "ann", target) == (removed if removed != "ok" else bound)


def test_nobody_removes_themselves() -> None:
    for action in ("kick", "ban", "promote"):
        for role in ("instructor", "assistant"):
            assert reach(role, action, "me", role) == "forbidden: not_oneself"
    assert reach("instructor", "mute", "me", "instructor") == "ok"
    assert reach("assistant", "unmute", "me", "assistant") == "forbidden: target_leads"
