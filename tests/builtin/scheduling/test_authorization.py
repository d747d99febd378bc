# SPDX-License-Identifier: Apache-2.0
"""All operations of scheduling by all roles, written down by hand and compared with what happens."""

from typing import Any

import pytest

from podium.core import Caller, PodiumError
from podium.core.identity import CALLER_ROLES
from podium.plugins.scheduling import plugin
from tests.builtin.scheduling.stage import Stage, algebra, local

STAFF = {"service", "administrator"}
ROOM = {"instructor", "assistant", "student", "observer"}

ALLOWED: dict[str, set[str]] = {
    "ScheduleSession": STAFF,
    "ListSessions": STAFF,
    "ListSessionChanges": STAFF,
    "GetSession": {"instructor", "assistant", *STAFF},
    "UpdateSession": {"instructor", *STAFF},
    "CancelSession": {"instructor", *STAFF},
    "EndSession": {"instructor", *STAFF},
    "GetInvitation": STAFF,
    "LeaveSession": ROOM,
    "GetSessionStatus": ROOM | STAFF,
    "WatchSession": ROOM | STAFF,
    "JoinSession": STAFF,
}
"""Without an invitation; those of rooms in their own session."""

GRANTED: dict[str, set[str]] = {
    "sessions:write": {"ScheduleSession", "ListSessions", "GetSession", "UpdateSession", "CancelSession", "EndSession"}
    | {"GetInvitation"},
    "sessions:read": {"ListSessions", "GetSession"},
}
REFUSALS = {"forbidden", "unauthenticated", "session_unknown"}


def request_to(name: str, session_id: str, participant_id: str) -> dict[str, Any]:
    """One that nothing is wrong with, to a class that is open."""
    extra: dict[str, dict[str, Any]] = {
        "ScheduleSession": algebra(session_id=f"{session_id}-2", start=local(400), participants=[], force=True),
        "ListSessions": {},
        "ListSessionChanges": {},
        "UpdateSession": {"session_id": session_id, "version": 1, "title": "Groups"},
        "GetInvitation": {"session_id": session_id, "participant_id": participant_id},
        "WatchSession": {"session_id": session_id, "version": 0, "state": "ended", "occurrence": ""},
    }
    return extra.get(name, {"session_id": session_id})


async def outcomes(stage: Stage, role: str, own: str | None = None, *grants: str) -> dict[str, str]:
    """What comes of each operation, on a class of its own; the caller's role is for that class or for `own`."""
    stage.move_to(50)
    found = {}
    for name in ALLOWED:
        session = (await stage.schedule(session_id=name, force=True)).session
        await stage.hear("opened")
        values = request_to(name, name, session.participants[0].participant_id)
        if name == "JoinSession" and role in STAFF:
            values |= {"participant_id": session.participants[0].participant_id}
        try:
            await stage.call(name, caller(role, own or name, *grants), **values)
        except PodiumError as error:
            found[name] = error.code
        else:
            found[name] = "ok"
            await stage.quiet()
    return found


def disagreements(found: dict[str, str], allowed: set[str]) -> dict[str, str]:
    """What came out otherwise than it should."""
    return {name: code for name, code in found.items() if not (code == "ok" if name in allowed else code in REFUSALS)}


def caller(role: Any, session_id: str = "algebra", *grants: str) -> Caller:
    return Caller(role=role, subject="x", session_id=session_id if role in ROOM else None, grants=frozenset(grants))


def test_every_operation_is_in_the_table() -> None:
    assert set(plugin.operations) == set(ALLOWED)


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    """What a role may do does not depend on the database."""
    return f"sqlite:///{tmp_path}/podium.db"


@pytest.mark.parametrize("role", CALLER_ROLES)
async def test_a_role_may_call_what_the_table_says(stage: Stage, role: str) -> None:
    allowed = {name for name, roles in ALLOWED.items() if role in roles}
    assert disagreements(await outcomes(stage, role), allowed) == {}


@pytest.mark.parametrize("role", ["instructor", "student"])
async def test_a_role_of_a_room_is_worth_nothing_in_another_session(stage: Stage, role: str) -> None:
    assert disagreements(await outcomes(stage, role, "botany"), set()) == {}


@pytest.mark.parametrize("grant", GRANTED)
async def test_a_grant_counts_in_all_sessions(stage: Stage, grant: str) -> None:
    assert disagreements(await outcomes(stage, "student", "botany", grant), GRANTED[grant]) == {}
