# SPDX-License-Identifier: Apache-2.0
"""Classes that open, begin and end by themselves, over restarts and without a database for a while."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from podium.core import DatabaseError
from podium.plugins.scheduling.events import SessionCancelled, SessionEnded, SessionEnding, SessionOpened
from podium.plugins.scheduling.writing import end
from tests.builtin.scheduling.stage import EPOCH, Stage, local, open_stage


async def test_a_class_opens_begins_warns_and_ends(stage: Stage) -> None:
    await stage.schedule()
    assert await stage.enter("algebra", "ann") is not None
    stage.move_to(31)
    assert await stage.enter("algebra", "ada", "instructor") is None
    stage.move_to(50)
    opened = await stage.hear("opened")
    assert (opened.session_id, opened.version, opened.occurrence.room_id) == ("algebra", 1, "algebra")
    assert (await stage.hear("live")).state == "live"
    stage.move_to(130)
    await told(stage, SessionEnding)
    stage.move_to(135)
    ended = await stage.hear("ended")
    assert ended.state == "ended"
    assert stage.rooms.told == [
        ("algebra", SessionOpened(session_id="algebra", starts_at=EPOCH + timedelta(minutes=60))),
        (
            "algebra",
            SessionEnding(session_id="algebra", closes_at=EPOCH + timedelta(minutes=135), closes_in=300),
        ),
        ("algebra", SessionEnded(session_id="algebra", reason="time_over")),
    ]
    assert stage.rooms.sent_away == [("algebra", "ada", "ended")]


async def told(stage: Stage, kind: type) -> None:
    """Until such an event has been told to a room."""
    while not any(isinstance(event, kind) for _, event in stage.rooms.told):
        await trio.lowlevel.checkpoint()


async def test_an_instructor_ends_a_class(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.enter("algebra", "ann")
    await stage.hear("opened")
    await stage.hear("live")
    session = await stage.call("EndSession", session_id="algebra")
    assert await stage.hear("ended") == session
    assert stage.rooms.told[-1] == ("algebra", SessionEnded(session_id="algebra", reason="ended"))
    assert stage.rooms.sent_away == [("algebra", "ann", "ended")]
    veto = await stage.enter("algebra", "ann")
    assert veto is not None
    assert veto.code == "session_over"


async def test_a_cancelled_class_sends_everybody_home(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.enter("algebra", "ann")
    await stage.hear("opened")
    await stage.hear("live")
    await stage.call("CancelSession", session_id="algebra")
    await stage.hear("cancelled")
    assert stage.rooms.told[-1] == ("algebra", SessionCancelled(session_id="algebra"))
    assert stage.rooms.sent_away == [("algebra", "ann", "cancelled")]


async def test_a_class_that_is_on_can_be_made_longer_and_not_moved(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.enter("algebra", "ann")
    await stage.hear("opened")
    await stage.hear("live")
    with pytest.raises(Exception, match="made longer or shorter, not moved"):
        await stage.call("UpdateSession", session_id="algebra", version=1, start=local(90))
    await stage.call("UpdateSession", session_id="algebra", version=1, duration=90)
    await stage.hear("updated")
    stage.move_to(160)
    await told(stage, SessionEnding)
    stage.move_to(165)
    assert (await stage.hear("ended")).state == "ended"


async def test_a_class_that_is_on_goes_on_after_a_restart(tmp_path: Path, database_url: str) -> None:
    async with open_stage(tmp_path, database_url) as stage:
        await stage.schedule()
        await stage.schedule(session_id="botany", start=local(400))
        stage.move_to(50)
        await stage.enter("algebra", "ann")
        await stage.hear("opened")
        await stage.hear("live")
    async with open_stage(tmp_path, database_url) as stage:
        stage.time.now = EPOCH + timedelta(minutes=80)
        assert (await stage.call("GetSession", session_id="algebra")).state == "live"
        assert await stage.enter("algebra", "ann") is None
        stage.move_to(135)
        assert (await stage.hear("ended")).session_id == "algebra"


async def test_a_plugin_that_is_enabled_again_begins_anew(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage:
        before = stage.desk
        before.places.keep("algebra", "ann", stage.time.now)
        await stage.plugins.disable("scheduling")
        await stage.plugins.enable("scheduling")
        assert stage.desk is not before
        assert stage.desk.places.taken("algebra", set(), stage.time.now) == set()
        await stage.schedule()


async def test_what_ended_while_the_host_was_down_has_ended_when_it_starts(tmp_path: Path, database_url: str) -> None:
    async with open_stage(tmp_path, database_url) as stage:
        await stage.schedule()
        await stage.schedule(session_id="botany", start=local(180))
        await stage.schedule(session_id="chemistry", start=local(300))
        stage.move_to(50)
        await stage.hear("opened")
    later = EPOCH + timedelta(minutes=295)
    async with open_stage(tmp_path, database_url, lambda: later) as stage:
        heard = [await stage.heard.receive() for _ in range(3)]
        assert [(change, session.session_id) for change, session in heard] == [
            ("ended", "algebra"),
            ("ended", "botany"),
            ("opened", "chemistry"),
        ]
        assert stage.rooms.told == []
        assert stage.rooms.ended == [("algebra", "ended"), ("botany", "ended")]


async def test_a_room_whose_class_another_host_has_ended_is_emptied(stage: Stage) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.enter("algebra", "ann")
    await stage.hear("opened")
    await stage.hear("live")
    await stage.desk.database.run(end, "algebra")  # as another process does it: nobody here is told
    stage.desk.nudge()
    await told(stage, SessionEnded)
    assert stage.rooms.sent_away == [("algebra", "ann", "ended")]


async def test_it_wakes_by_itself_when_the_next_class_is_due(
    tmp_path: Path, database_url: str, mock_clock: MockClock
) -> None:
    began = trio.current_time()

    def now() -> datetime:
        return EPOCH + timedelta(seconds=30 + trio.current_time() - began)

    async with open_stage(tmp_path, database_url, now) as stage:
        await stage.schedule(start=local(11))
        await asleep(stage)
        mock_clock.jump(29.5)
        await asleep(stage)
        assert (await stage.call("GetSession", session_id="algebra")).state == "scheduled"
        mock_clock.jump(0.5)
        assert (await stage.hear("opened")).session_id == "algebra"


async def asleep(stage: Stage) -> None:
    """Until the driver has looked and sleeps: all that is left are timers."""
    looks = stage.desk.database.statistics().transactions
    await trio.testing.wait_all_tasks_blocked(0.05)
    while looks != (looks := stage.desk.database.statistics().transactions):
        await trio.testing.wait_all_tasks_blocked(0.05)


async def test_a_clock_that_is_set_is_noticed_within_a_minute(
    tmp_path: Path, database_url: str, mock_clock: MockClock
) -> None:
    async with open_stage(tmp_path, database_url) as stage:
        await stage.schedule()
        await asleep(stage)
        stage.time.now = EPOCH + timedelta(minutes=55)
        mock_clock.jump(60)
        await stage.hear("opened")


async def test_a_database_that_is_away_is_asked_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.schedule()
    stage.move_to(50)
    await stage.hear("opened")
    await until_running(stage)
    failures = 0
    read = stage.desk.database.read

    async def away(*args: object) -> None:
        nonlocal failures
        failures += 1
        await trio.lowlevel.checkpoint()
        raise DatabaseError("database_unavailable", "the database is away")

    monkeypatch.setattr(stage.desk.database, "read", away)
    stage.desk.nudge()
    while not failures:
        await trio.lowlevel.checkpoint()
    assert await stage.enter("algebra", "ann") is None  # known to be on
    veto = await stage.enter("elsewhere", "ann")  # may be a class or not
    assert veto is not None
    assert veto.code == "undecided"
    monkeypatch.setattr(stage.desk.database, "read", read)
    stage.desk.nudge()
    assert (await stage.hear("live")).session_id == "algebra"
    assert {report.state for report in stage.plugins.reports()} == {"running"}


async def until_running(stage: Stage) -> None:
    while "algebra" not in stage.desk.running:
        await trio.lowlevel.checkpoint()
