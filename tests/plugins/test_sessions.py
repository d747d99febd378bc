# SPDX-License-Identifier: Apache-2.0
"""Sessions among plugins: one tells, the others hear and ask, and the core keeps nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from podium.core import Occurrence, Person, Plugin, PluginContext, PluginError, SessionChange, SessionView
from tests.plugins.stand_ins import running

START = datetime(2027, 1, 11, 8, tzinfo=UTC)
ADA = Person(name="Ada", email="ada@example.org", role="instructor", participant_id="ada")
CLASS = Occurrence(
    room_id="algebra", starts_at=START, ends_at=START + timedelta(hours=1), original_starts_at=START, state="cancelled"
)
VIEW = SessionView(
    session_id="algebra",
    title="Algebra",
    description="",
    instructor=ADA,
    participants=(),
    starts_at=START,
    duration=60,
    time_zone="Europe/Berlin",
    capacity=50,
    state="cancelled",
    cancelled=True,
    version=2,
    recurrence=None,
    exceptions=(),
    occurrence=CLASS,
    recording=True,
    updated_at=START,
    change_number=7,
)


async def test_all_plugins_hear_what_one_says(tmp_path: Path) -> None:
    heard: list[tuple[SessionView, SessionChange]] = []
    keeper, listener = Plugin("keeper", version="1.0"), Plugin("listener", version="1.0")

    @listener.hook
    async def session_changed(session: SessionView, change: SessionChange) -> None:
        heard.append((session, change))

    async with running(tmp_path, keeper, listener) as manager:
        context = manager.running()["keeper"]
        context.sessions.changed(VIEW, "cancelled")
    assert heard == [(VIEW, "cancelled")]
    with pytest.raises(PluginError, match="is not running"):
        context.sessions.changed(VIEW, "ended")


def keeper(name: str = "keeper", *, answer: Callable[[], Awaitable[object]] | None = None) -> Plugin:
    """A plugin that knows the session `algebra`, unless it answers in a way of its own."""
    plugin = Plugin(name, version="1.0")

    @plugin.hook
    async def session_wanted(session_id: str) -> SessionView | None:
        if answer is not None:
            return await answer()  # type: ignore[return-value]  # a wrong answer is one of those to be tried
        return VIEW if session_id == "algebra" else None

    return plugin


async def test_every_plugin_may_ask_for_a_session(tmp_path: Path) -> None:
    stranger = keeper("stranger")
    stranger.hooks.clear()
    async with running(tmp_path, stranger, keeper()) as manager:
        for context in manager.running().values():
            assert await context.sessions.get("algebra") == VIEW
            assert await context.sessions.get("break-room") is None
    with pytest.raises(PluginError, match="is not running"):
        await context.sessions.get("algebra")


async def test_where_nobody_keeps_sessions_there_are_none(tmp_path: Path) -> None:
    async with running(tmp_path, Plugin("alone", version="1.0")) as manager:
        assert await manager.running()["alone"].sessions.get("algebra") is None


async def raises() -> None:
    raise OSError("the database is away")


async def blocks() -> None:
    await trio.sleep_forever()


async def answers_nonsense() -> str:
    return "nonsense"


@pytest.mark.parametrize("answer", [raises, blocks, answers_nonsense])
async def test_an_answer_that_cannot_be_had_is_not_taken_for_none(
    answer: Callable[[], Awaitable[object]], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running(tmp_path, keeper("bad", answer=answer), Plugin("asks", version="1.0")) as manager:
        with trio.fail_after(2.1), pytest.raises(PluginError, match="plugin 'bad'") as caught:
            await manager.running()["asks"].sessions.get("algebra")
        assert (caught.value.code, caught.value.field) == ("session_unanswered", "session_id")


async def test_one_answer_is_enough(tmp_path: Path) -> None:
    async with running(tmp_path, keeper("bad", answer=raises), keeper()) as manager:
        assert await manager.running()["keeper"].sessions.get("algebra") == VIEW
        with pytest.raises(PluginError, match="the database is away"):
            await manager.running()["keeper"].sessions.get("botany")


async def test_a_plugin_that_has_failed_does_not_turn_sessions_into_rooms_of_nobody(tmp_path: Path) -> None:
    plugin = keeper()
    async with running(tmp_path, plugin, Plugin("asks", version="1.0")) as manager:
        sessions = manager.running()["asks"].sessions
        manager.caller.mark_broken("keeper", plugin.hooks)
        with pytest.raises(PluginError, match="plugin 'keeper' has failed"):
            await sessions.get("algebra")
        await manager.disable("keeper")
        assert await sessions.get("algebra") is None


async def test_whoever_answers_may_ask_elsewhere_but_not_in_the_answer(tmp_path: Path) -> None:
    plugin = Plugin("keeper", version="1.0")

    @plugin.hook
    async def session_wanted(context: PluginContext, session_id: str) -> SessionView | None:
        return await context.sessions.get(session_id)

    async with running(tmp_path, plugin) as manager, running(tmp_path, keeper()) as other:
        with pytest.raises(PluginError, match="cannot be answered by asking it"):
            await manager.running()["keeper"].sessions.get("algebra")
        own = other.running()["keeper"].sessions
        assert await own.get("algebra") == await own.get("algebra") == VIEW


def test_a_session_survives_its_way_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(VIEW), type=SessionView) == VIEW


def test_what_follows_from_a_view_can_be_asked() -> None:
    assert VIEW.ends_at == START + timedelta(hours=1)
    assert VIEW.occurrence.cancelled
