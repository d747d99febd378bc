# SPDX-License-Identifier: Apache-2.0
"""All operations by all roles in all states of a session, written down by hand and compared with what happens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from podium.core import ROLES, Caller, PodiumError, SessionView
from podium.core.identity import CALLER_ROLES
from podium.plugins.screenshare import plugin
from tests.builtin.calendar.samples import session_at
from tests.builtin.host import BuiltinHost
from tests.builtin.screenshare.lesson import SERVICE, SESSION, Lesson

STAFF = {"service", "administrator"}
LEADERS = {"instructor", "assistant"}
PEOPLE = {*LEADERS, "student"}
ALLOWED: dict[str, set[str]] = {
    "StartScreenShare": PEOPLE,
    "StopScreenShare": {*LEADERS, *STAFF},
    "ListScreenShares": {*ROLES, *STAFF},
    "RequestScreenShare": PEOPLE,
    "AllowScreenShare": {*LEADERS, *STAFF},
    "UpdateScreenShareRules": {*LEADERS, *STAFF},
    "GetScreenShareRules": {*ROLES, *STAFF},
}
"""Of those in the room, with rules that let everybody share; stopping means somebody else's share."""
FIELDS: dict[str, dict[str, Any]] = {
    "StopScreenShare": {"participant_id": "other"},
    "AllowScreenShare": {"participant_id": "other", "allowed": True},
    "UpdateScreenShareRules": {"who": "everybody"},
}
SETTINGS = {"UpdateScreenShareRules", "GetScreenShareRules"}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What a role may do does not depend on the database."""
    return f"sqlite:///{tmp_path}/podium.db"


async def outcomes(host: BuiltinHost, subjects: Mapping[str, str], session_id: str = SESSION) -> dict[str, set[str]]:
    """What comes of each operation for each role, as codes; somebody's token is for SESSION."""
    found: dict[str, set[str]] = {}
    for name in ALLOWED:
        for role in CALLER_ROLES:
            own = SESSION if role in ROLES else None
            caller = Caller(role=role, subject=subjects.get(role, "somebody"), session_id=own)
            try:
                await host.call(name, caller, session_id=session_id, **FIELDS.get(name, {}))
            except PodiumError as error:
                found.setdefault(f"{name} {error.code}", set()).add(role)
            else:
                found.setdefault(f"{name} ok", set()).add(role)
    return found


def roles_with(found: Mapping[str, set[str]], name: str, code: str) -> set[str]:
    return found.get(f"{name} {code}", set())


def test_every_operation_is_in_the_table() -> None:
    assert set(plugin.operations) == set(ALLOWED)


async def test_roles_of_those_in_the_room(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    for role in ROLES:
        await lesson.join(f"own-{role}", role=role)
    await lesson.join("other")
    await lesson.call("UpdateScreenShareRules", SERVICE, who="everybody", mode="several")
    found = await outcomes(host, {role: f"own-{role}" for role in ROLES})
    for name, roles in ALLOWED.items():
        assert roles_with(found, name, "ok") == roles, name
        assert roles_with(found, name, "unauthenticated") == {"anonymous"}, name
        refused = roles_with(found, name, "forbidden")
        assert refused == {*CALLER_ROLES} - roles - {"anonymous"}, name


async def test_the_role_is_that_of_the_moment_and_not_of_a_token(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("ben", role="student")
    demoted = Caller(role="instructor", subject="ben", session_id=SESSION)
    for name in ("UpdateScreenShareRules", "AllowScreenShare"):
        assert await lesson.refusal(name, demoted, **FIELDS[name]) == "forbidden"
    assert await lesson.refusal("StopScreenShare", demoted, participant_id="ada") == "forbidden"
    assert await lesson.refusal("StartScreenShare", demoted) == "share_forbidden"


async def test_who_is_not_in_the_room_gets_nothing_of_it(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("other")
    found = await outcomes(host, {})
    for name, roles in ALLOWED.items():
        ruling = {"instructor"} if name in SETTINGS else set()
        assert roles_with(found, name, "not_in_room") >= roles - STAFF - ruling, name
        assert roles_with(found, name, "ok") >= ruling, name
    found = await outcomes(host, {}, "botany")
    for name in ALLOWED:
        assert roles_with(found, name, "forbidden") >= set(ROLES), name


async def test_without_an_open_room_there_is_nothing_but_rules(host: BuiltinHost) -> None:
    found = await outcomes(host, {})
    for name, roles in ALLOWED.items():
        code = "ok" if name in SETTINGS else "room_unknown"
        assert roles_with(found, name, "room_unknown") >= roles - STAFF, name
        assert roles_with(found, name, code) >= roles & STAFF, name


class Sessions:
    """A series of which `algebra` is a class."""

    def __init__(self) -> None:
        self.state: Any = "scheduled"

    async def get(self, session_id: str) -> SessionView | None:
        if session_id not in ("algebra", "mathematics"):
            return None
        return session_at("2027-01-11T09:00", session_id="mathematics", state=self.state)


RULING = {*STAFF, "instructor"}
"""Who may set rules from outside of the room."""


async def test_rules_of_a_session_change_until_it_is_over(host: BuiltinHost, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()
    monkeypatch.setattr(host.context("screenshare"), "sessions", sessions)
    for state in ("scheduled", "open", "live", "ended", "cancelled"):
        sessions.state = state
        found = await outcomes(host, {})
        over = state in ("ended", "cancelled")
        assert roles_with(found, "UpdateScreenShareRules", "session_over" if over else "ok") == RULING
        assert roles_with(found, "GetScreenShareRules", "ok") == RULING


async def test_a_class_has_the_rules_of_its_series_until_it_has_its_own(
    host: BuiltinHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host.context("screenshare"), "sessions", Sessions())
    lesson = Lesson(host)

    async def update(session_id: str, **fields: Any) -> Any:
        return await host.call("UpdateScreenShareRules", SERVICE, session_id=session_id, **fields)

    async def who(session_id: str = SESSION) -> str:
        rules = await host.call("GetScreenShareRules", SERVICE, session_id=session_id)
        return str(rules.who)

    assert (await update("mathematics", who="everybody")).changed
    assert await who() == "everybody"
    await lesson.join("ada", role="instructor")
    await lesson.join("ben")
    await lesson.start("ben")
    await update("mathematics", who="request")
    assert (await lesson.told("ben", "ScreenShareStopped")).reason == "rules_changed"
    assert await who() == "request"
    await lesson.call("UpdateScreenShareRules", "ada", who="leaders")
    await update("mathematics", who="everybody")
    assert (await who(), await who("mathematics")) == ("leaders", "everybody")
    host.rooms.close_room(SESSION)
    assert await who() == "leaders"
