# SPDX-License-Identifier: Apache-2.0
"""What other plugins learn of a session or class when they ask for it."""

from datetime import timedelta

import pytest

from podium.core import PluginError
from tests.builtin.scheduling.stage import EPOCH, Stage

WEEKLY = "FREQ=WEEKLY;COUNT=3"


async def test_a_session_is_known_by_its_id(stage: Stage) -> None:
    scheduled = await stage.schedule()
    sessions = stage.plugins.running()["listener"].sessions
    assert await sessions.get("algebra") == scheduled.session
    assert await sessions.get("break-room") is None
    assert await stage.desk._context.sessions.get("algebra") == scheduled.session  # the plugin itself may ask


async def test_a_class_of_a_series_is_known_by_the_id_of_its_room(stage: Stage) -> None:
    await stage.schedule(recurrence=WEEKLY)
    sessions = stage.plugins.running()["listener"].sessions
    whole = await sessions.get("algebra")
    assert whole is not None
    assert whole.occurrence.starts_at == EPOCH + timedelta(hours=1)
    second = await sessions.get("algebra-20270118T0900")
    assert second is not None
    assert (second.session_id, second.occurrence.room_id) == ("algebra", "algebra-20270118T0900")
    assert second.occurrence.starts_at == EPOCH + timedelta(days=7, hours=1)
    await stage.call("CancelSession", session_id="algebra-20270118T0900")
    second = await sessions.get("algebra-20270118T0900")
    assert second is not None
    assert (second.state, second.cancelled) == ("cancelled", False)


async def test_the_state_is_that_of_the_moment(stage: Stage) -> None:
    await stage.schedule()
    sessions = stage.plugins.running()["listener"].sessions
    stage.move_to(50)
    await stage.hear("opened")
    opened = await sessions.get("algebra")
    await stage.call("CancelSession", session_id="algebra")
    cancelled = await sessions.get("algebra")
    assert opened is not None
    assert cancelled is not None
    assert (opened.state, cancelled.state) == ("open", "cancelled")
    assert cancelled.change_number > opened.change_number


async def test_while_the_plugin_cannot_answer_nobody_takes_a_class_for_an_ad_hoc_room(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.schedule()

    async def away(*_: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(stage.desk.database, "read", away)
    with pytest.raises(PluginError, match=r"plugin 'scheduling'.*the database is away") as caught:
        await stage.plugins.running()["listener"].sessions.get("algebra")
    assert caught.value.code == "session_unanswered"
