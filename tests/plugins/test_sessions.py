# SPDX-License-Identifier: Apache-2.0
"""Sessions among plugins: one tells, the others hear, and the core keeps nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from podium.core import Occurrence, Person, Plugin, PluginError, SessionChange, SessionView
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


def test_a_session_survives_its_way_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(VIEW), type=SessionView) == VIEW


def test_what_follows_from_a_view_can_be_asked() -> None:
    assert VIEW.ends_at == START + timedelta(hours=1)
    assert VIEW.occurrence.cancelled
