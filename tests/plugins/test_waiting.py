# SPDX-License-Identifier: Apache-2.0
"""A waiting room made by a plugin, with rooms as a host has them: what plugins decide, are told and may do."""

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core.events import Waiting
from podium.core.plugins.context import PluginContext
from podium.core.plugins.plugin import Plugin
from podium.core.rooms.identity import RoomError
from podium.core.rooms.observer import ParticipantView, RoomView, Veto, Wait, WaitingOutcome
from podium.core.rooms.rooms import Rooms
from tests.plugins.test_rooms import host, native

__all__ = ["native"]  # the stand-in for media, which pytest finds here


def doorman(admitted: set[str]) -> Plugin:
    """A plugin that lets students wait until it knows them."""
    plugin = Plugin("doorman", version="1.0")

    @plugin.hook
    async def participant_joining(participant: ParticipantView) -> Wait | None:
        known = participant.role != "student" or participant.participant_id in admitted
        return None if known else Wait("the instructor will let you in")

    return plugin


def scribe(log: list[str]) -> Plugin:
    """A plugin that writes down what it is told."""
    plugin = Plugin("scribe", version="1.0")

    @plugin.hook
    async def participant_waiting(room: RoomView, participant: ParticipantView) -> None:
        log.append(f"{participant.participant_id} waits for {room.session_id}")

    @plugin.hook
    async def participant_waited(room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None:
        log.append(f"{participant.participant_id}: {outcome}")

    @plugin.hook
    async def participant_joined(participant: ParticipantView) -> None:
        log.append(f"{participant.participant_id} joined")

    @plugin.hook
    async def join_refused(participant: ParticipantView, code: str) -> None:
        log.append(f"{participant.participant_id}: {code}")

    return plugin


async def join(rooms: Rooms, name: str, told: list[Waiting], refused: list[str]) -> None:
    try:
        await rooms.join("math", name, name, on_wait=told.append)
    except RoomError as error:
        refused.append(f"{name}: {error.code}, {error.message}")


async def test_a_plugin_admits_one_and_turns_another_away(tmp_path: Path, nursery: trio.Nursery) -> None:
    log: list[str] = []
    told: list[Waiting] = []
    refused: list[str] = []
    admitted: set[str] = set()
    async with host(tmp_path, doorman(admitted), scribe(log)) as (plugins, rooms):
        context: PluginContext = plugins.running()["doorman"]
        for name in ("ann", "bob", "carl"):
            nursery.start_soon(join, rooms, name, told, refused)
            await wait_all_tasks_blocked()
        assert [each.display_name for each in context.rooms.waiting("math")] == ["ann", "bob", "carl"]
        assert context.rooms.waiting("art") == ()
        admitted.add("ann")
        assert context.rooms.admit("math", "ann")
        assert context.rooms.admit("math", "carl")  # is told to wait again
        assert context.rooms.turn_away("math", "bob", "not today", code="not_today")
        assert not context.rooms.admit("math", "bob")
        assert not context.rooms.turn_away("math", "eve", "not today")
        await wait_all_tasks_blocked()
        assert [each.participant_id for each in context.rooms.waiting("math")] == ["carl"]
        assert [each.participant_id for each in context.rooms.participants("math")] == ["ann"]
    assert [each.participant_id for each in told] == ["ann", "bob", "carl"]
    assert refused[0] == "bob: not_today, not today"
    assert [each for each in log if "ann" in each] == ["ann waits for math", "ann joined", "ann: admitted"]
    assert [each for each in log if "bob" in each] == ["bob waits for math", "bob: refused", "bob: not_today"]
    assert [each for each in log if "carl" in each] == ["carl waits for math", "carl: gone"]  # the host has stopped


async def test_another_plugin_may_still_refuse_whoever_waits(tmp_path: Path, nursery: trio.Nursery) -> None:
    log: list[str] = []
    refused: list[str] = []
    strict = Plugin("strict", version="1.0")
    banned: set[str] = set()

    @strict.hook
    async def participant_joining(participant: ParticipantView) -> Veto | None:
        return Veto("you are banned", "banned") if participant.participant_id in banned else None

    async with host(tmp_path, doorman(set()), strict, scribe(log)) as (plugins, rooms):
        nursery.start_soon(join, rooms, "ann", [], refused)
        await wait_all_tasks_blocked()
        banned.add("ann")
        plugins.running()["strict"].rooms.admit("math", "ann")
        await wait_all_tasks_blocked()
    assert refused == ["ann: banned, you are banned"]
    assert log == ["ann waits for math", "ann: banned", "ann: refused"]


async def test_without_the_plugin_nobody_goes_on_waiting(tmp_path: Path, nursery: trio.Nursery) -> None:
    log: list[str] = []
    async with host(tmp_path, doorman(set()), scribe(log)) as (plugins, rooms):
        nursery.start_soon(join, rooms, "ann", [], [])
        await wait_all_tasks_blocked()
        await plugins.disable("doorman")
        await wait_all_tasks_blocked()
        assert log == ["ann waits for math", "ann joined", "ann: admitted"]


async def test_while_the_plugin_has_failed_those_who_wait_do_not_slip_in(tmp_path: Path, nursery: trio.Nursery) -> None:
    refused: list[str] = []
    plugin = doorman(set())
    async with host(tmp_path, plugin) as (plugins, rooms):
        nursery.start_soon(join, rooms, "ann", [], refused)
        await wait_all_tasks_blocked()
        plugins.caller.mark_broken("doorman", plugin.hooks)
        await wait_all_tasks_blocked()
        assert rooms.rooms == {}
    assert [each.partition(",")[0] for each in refused] == ["ann: undecided"]


async def test_a_bot_cannot_wait(tmp_path: Path) -> None:
    async with host(tmp_path, doorman(set())) as (_, rooms):
        with pytest.raises(RoomError, match="the instructor will let you in") as caught:
            await rooms.join("math", "bot", "Bot")
        assert caught.value.code == "waiting"
