# SPDX-License-Identifier: Apache-2.0
"""Plugins void tokens, and say in what role people come; and no fault of theirs lets anybody have more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import AuthenticationError, Caller, Identities, Plugin, RoomView, Veto, open_identities
from podium.core.config import AuthConfig
from podium.core.plugins.context import PluginContext
from podium.core.plugins.standing import PluginStanding
from podium.core.rooms.observer import ParticipantView
from tests.plugins.stand_ins import problems, running
from tests.plugins.test_rooms import host, native

__all__ = ["native"]


@asynccontextmanager
async def identities(tmp_path: Path, *plugins: Plugin) -> AsyncIterator[Identities]:
    async with running(tmp_path, *plugins) as manager:
        found = open_identities(AuthConfig())
        found.ask(PluginStanding(manager.hooks))
        yield found


def token(found: Identities, name: str, role: str = "student") -> str:
    return found.tokens.issue("math", role, lifetime=60, participant_id=name, display_name=name.title())


def gate(log: list[Caller], answer: Any = None) -> Plugin:
    """A plugin that bans Eve, or does what the test says."""
    plugin = Plugin("gate", version="1.0")

    @plugin.hook
    async def token_shown(caller: Caller) -> Veto | None:
        log.append(caller)
        if isinstance(answer, Exception):
            raise answer
        if answer == "hang":
            await trio.sleep_forever()
        return Veto("you have been banned", "banned") if caller.subject == "eve" else None

    return plugin


def registrar(answer: Any) -> Plugin:
    """A plugin that knows everybody in one role, or does what the test says."""
    plugin = Plugin("registrar", version="1.0")

    @plugin.hook
    async def participant_role(role: str, room: RoomView, participant: ParticipantView) -> str:
        assert (role, room.session_id) == (participant.role, "math")
        if isinstance(answer, Exception):
            raise answer
        known: str = answer
        return known

    return plugin


async def test_a_token_that_a_plugin_voids_is_refused_with_its_code(tmp_path: Path) -> None:
    log: list[Caller] = []
    async with identities(tmp_path, gate(log), registrar("assistant")) as found:
        with pytest.raises(AuthenticationError, match="you have been banned") as caught:
            await found.authenticate(token(found, "eve"))
        assert caught.value.code == "banned"
        assert (await found.authenticate(token(found, "ann"))).role == "assistant"
        assert (await found.authenticate(found.tokens.issue("math", "observer", lifetime=60))).role == "observer"
    people = [(each.subject, each.role, each.session_id) for each in log]
    assert people == [("eve", "student", "math"), ("ann", "student", "math")]


@pytest.mark.parametrize("answer", [ValueError("my fault"), "hang"])
async def test_who_cannot_say_lets_no_token_count(tmp_path: Path, autojump_clock: MockClock, answer: Any) -> None:
    async with identities(tmp_path, gate([], answer)) as found:
        with pytest.raises(AuthenticationError) as caught:
            await found.authenticate(token(found, "ann"))
        assert caught.value.code == "undecided"


@pytest.mark.parametrize("answer", ["dean", "", None, ["student"], ValueError("my fault")])
async def test_what_is_no_role_leaves_the_role_as_it_was(
    tmp_path: Path, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with identities(tmp_path, registrar(answer)) as found:
        assert (await found.authenticate(token(found, "ann", "observer"))).role == "observer"
    assert "registrar" in {plugin for _, plugin in problems(caplog)}


async def test_who_joins_is_judged_in_the_role_that_plugins_gave(tmp_path: Path) -> None:
    doorman = Plugin("doorman", version="1.0")

    @doorman.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return Veto("no observers") if participant.role == "observer" else None

    async with host(tmp_path, doorman, registrar("assistant")) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann", "observer")
        assert ann.role == "assistant"


async def test_a_plugin_changes_roles_and_all_are_told_of_it(tmp_path: Path) -> None:
    log: list[str] = []
    head, clerk = Plugin("head", version="1.0"), Plugin("clerk", version="1.0")

    @head.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        context.rooms.set_role(room.session_id, participant.participant_id, "instructor")

    @clerk.hook
    async def role_changed(room: RoomView, participant: ParticipantView, previous: str) -> None:
        log.append(f"{participant.participant_id} in {room.session_id}: {previous} becomes {participant.role}")

    async with host(tmp_path, head, clerk) as (_, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        await wait_all_tasks_blocked()
        assert ann.role == "instructor"
    assert log == ["ann in math: student becomes instructor"]
