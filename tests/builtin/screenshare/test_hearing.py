# SPDX-License-Identifier: Apache-2.0
"""Shares end with what happens to their presenters and rooms, and outlast a restart of the host."""

from datetime import timedelta

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import DatabaseError, ParticipantView, PodiumError, RoomView
from podium.plugins.screenshare import hearing, store
from podium.plugins.screenshare.share import Share
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost
from tests.builtin.screenshare.lesson import SERVICE, SESSION, TIMEOUT, Lesson


async def test_a_share_ends_with_its_presenter(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("amy", role="assistant")
    await lesson.join("ben")

    await lesson.start("amy")
    lesson.people["amy"].set_muted("camera", True)
    lesson.people["amy"].set_muted("screen", True)
    assert (await lesson.told("ben", "ScreenShareStopped")).reason == "muted"
    lesson.people["amy"].set_muted("screen", False)
    assert lesson.blocked() == {"ada", "amy", "ben"}

    await lesson.start("amy")
    lesson.people["amy"].leave()
    assert (await lesson.told("ben", "ScreenShareStopped")).reason == "left"
    await lesson.join("amy", role="assistant")
    assert "amy" in lesson.blocked()

    before = await lesson.start("amy")
    await lesson.join("amy", role="assistant")  # in place of the presence that shares
    after = await lesson.start("amy")
    assert after.changed
    assert after.share.share_id != before.share.share_id
    await lesson.told("ben", "ScreenShareStopped", share_id=before.share.share_id)
    assert await lesson.sharing() == ["amy"]

    host.rooms.set_role(SESSION, "amy", "student")
    assert (await lesson.told("ben", "ScreenShareStopped")).reason == "not_allowed"
    assert await lesson.refusal("StartScreenShare", "amy") == "share_forbidden"
    host.rooms.set_role(SESSION, "ben", "assistant")
    await lesson.start("ben")
    host.rooms.remove(SESSION, "ben", "kicked")
    assert (await lesson.told("ada", "ScreenShareStopped", participant_id="ben")).reason == "left"

    await lesson.start("ada")
    host.rooms.close_room(SESSION)
    ends = [("amy", "muted"), ("amy", "left"), ("amy", "left"), ("amy", "not_allowed"), ("ben", "left")]
    assert [(name, reason) for name, reason, _ in await lesson.ends()] == [*ends, ("ada", "room_closed")]
    assert lesson.desk.statistics().rooms == 0
    assert lesson.metric("screen_shares_stopped_total") == 6


async def test_somebody_who_goes_while_their_share_is_written_does_not_share(
    host: BuiltinHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = Lesson(host)
    await lesson.join("ben")
    await lesson.join("ada", role="instructor")
    database = host.context("screenshare").database
    run = database.run

    class Slow:
        read = database.read

        async def run(self, function: object, *values: object) -> object:
            result = await run(function, *values)
            if getattr(function, "__name__", "") == "begin":
                host.rooms.remove(SESSION, "ada")
                await wait_all_tasks_blocked()
            return result

    monkeypatch.setattr(host.context("screenshare"), "database", Slow())
    assert await lesson.refusal("StartScreenShare", "ada") == "not_in_room"
    assert await lesson.sharing() == []
    assert await lesson.ends() == [("ada", "left", None)]


async def test_a_start_waits_for_the_end_of_the_same_persons_earlier_presence(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    before = await lesson.start("ada")
    room, ada = RoomView(session_id=SESSION), ParticipantView(participant_id="ada", display_name="Ada", role="")
    context, answers = host.context("screenshare"), []

    async def start() -> None:
        answers.append(await lesson.start("ada"))

    async with trio.open_nursery() as nursery:
        await hearing.participant_joining(context, room, ada)
        nursery.start_soon(start)
        await wait_all_tasks_blocked()
        assert answers == []  # what is told of the earlier presence would end the new share
        await hearing.participant_left(context, room, ada, "replaced")
    assert answers[0].changed
    assert answers[0].share.share_id != before.share.share_id
    await hearing.participant_joining(context, room, ada)
    await hearing.join_refused(context, room, ada)
    assert not (await lesson.start("ada")).changed


async def test_what_ended_while_the_database_was_away_is_written_later(
    host: BuiltinHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.plugins.screenshare.driver.RETRY", 0.01)
    lesson = Lesson(host)
    await lesson.join("ben")
    await lesson.join("ada", role="instructor")
    await lesson.start("ada")
    context = host.context("screenshare")
    database = context.database
    monkeypatch.setattr(context, "database", Away())
    lesson.people["ada"].leave()
    await lesson.told("ben", "ScreenShareStopped")
    with trio.fail_after(TIMEOUT):
        while lesson.desk.health().status != "degraded":
            await trio.sleep(0.01)
    monkeypatch.setattr(context, "database", database)
    assert await lesson.ends() == [("ada", "left", None)]
    assert lesson.desk.health().status == "ok"


class Away:
    """A database that cannot be reached."""

    async def run(self, *_: object) -> None:
        raise DatabaseError("database_unavailable", "the database is away")

    read = run


async def test_shares_permission_and_rules_outlast_a_restart(start_host: StartHost) -> None:
    async with start_host() as host:
        lesson = Lesson(host)
        await lesson.join("ada", role="instructor")
        await lesson.join("ben", "cleo")
        await lesson.call("UpdateScreenShareRules", "ada", who="request", mode="several")
        for name in ("ben", "cleo"):
            await lesson.call("AllowScreenShare", "ada", participant_id=name, allowed=True)
        before = {name: (await lesson.start(name)).share for name in ("ben", "cleo", "ada")}
    async with start_host() as host:
        lesson = Lesson(host)
        await lesson.join("ben", "cleo")
        assert await lesson.sharing() == []
        listed = (await lesson.call("ListScreenShares", SERVICE)).shares
        assert [(each.participant_id, each.interrupted) for each in listed] == [
            ("ben", True),
            ("cleo", True),
            ("ada", True),
        ]
        answer = await lesson.start("ben", audio=True)
        assert answer.changed
        assert (answer.share.share_id, answer.share.started_at) == (before["ben"].share_id, before["ben"].started_at)
        assert (await lesson.told("cleo", "ScreenShareStarted")).resumed
        assert await lesson.sharing() == ["ben"]
        await lesson.call("StopScreenShare", SERVICE, participant_id="cleo")
        board = lesson.desk.known(SESSION)
        assert board is not None
        board.lost_until = trio.current_time()
        lesson.desk.nudge()
        assert (await lesson.told("ben", "ScreenShareStopped", participant_id="ada")).reason == "lost"
        ends = {name: reason for name, reason, _ in await lesson.ends()}
        assert ends == {"ben": None, "cleo": "stopped", "ada": "lost"}
        rules = await lesson.call("GetScreenShareRules", SERVICE)
        assert (rules.who, rules.mode, rules.takeover) == ("request", "several", "leaders")
        assert [each.participant_id for each in rules.allowed] == ["ben", "cleo"]
        host.rooms.end_session(SESSION)
        assert {name: reason for name, reason, _ in await lesson.ends()}["ben"] == "session_ended"


async def test_a_lost_share_keeps_its_place_and_old_ones_end_by_themselves(start_host: StartHost) -> None:
    async with start_host() as host:
        lesson = Lesson(host)
        await lesson.join("ada", role="instructor")
        await lesson.start("ada")
    async with start_host(settings={"screenshare": 'who = "everybody"'}) as host:
        lesson = Lesson(host)
        await lesson.join("ben")
        assert await lesson.refusal("StartScreenShare", "ben") == "share_active"
        host.rooms.end_session(SESSION)
        assert [reason for _, reason, _ in await lesson.ends()] == ["room_closed"]


async def test_switched_off_and_on_in_the_middle_of_a_class(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("ben")
    await lesson.start("ada")
    await host.plugins.disable("screenshare")
    assert lesson.blocked() == set()
    await host.plugins.enable("screenshare")
    await wait_all_tasks_blocked()
    assert lesson.blocked() == {"ada", "ben"}
    assert await lesson.ends() == [("ada", "disabled", None)]
    await lesson.start("ada")
    assert await lesson.sharing() == ["ada"]


async def test_a_share_that_nobody_came_back_to_is_over_after_a_day(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    database = host.context("screenshare").database
    now = lesson.desk.now()
    for number, hours in enumerate((25, 23)):
        old = Share(f"old-{number}", "botany", "zoe", "Zoe", now - timedelta(hours=hours), audio=False)
        await database.run(store.begin, old, ())
    await lesson.desk.books.sweep(now, ["other"])
    assert [row.reason for row in await lesson.rows()] == ["lost", None]


async def test_nobody_shares_in_a_room_that_is_not_open(host: BuiltinHost) -> None:
    with pytest.raises(PodiumError) as refused:
        await host.call("ListScreenShares", SERVICE, session_id="nowhere")
    assert refused.value.code == "room_unknown"
