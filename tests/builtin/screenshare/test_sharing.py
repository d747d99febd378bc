# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping on a running host, on both databases: who may, who is replaced, what is kept and told."""

from collections import Counter
from functools import partial

import pytest
import trio

from podium.core import Event, PluginContext, PodiumError
from podium.core.data import check
from podium.core.plugins.storage import tables_of
from podium.plugins.screenshare import plugin
from tests.builtin.host import BuiltinHost
from tests.builtin.screenshare.lesson import SERVICE, Lesson


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What is emitted for the audit trail, of all plugins."""
    events: list[Event] = []
    emit = PluginContext.emit

    def recorded(context: PluginContext, event: Event) -> None:
        events.append(event)
        emit(context, event)

    monkeypatch.setattr(PluginContext, "emit", recorded)
    return events


async def test_leaders_share_one_at_a_time_and_replace_one_another(host: BuiltinHost, emitted: list[Event]) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("amy", role="assistant")
    await lesson.join("ben")
    assert lesson.blocked() == {"ada", "amy", "ben"}
    assert await lesson.sharing() == []
    assert await lesson.refusal("StartScreenShare", "ben") == "share_forbidden"
    assert await lesson.refusal("RequestScreenShare", "ben") == "share_forbidden"

    first = await lesson.start("ada", audio=True)
    assert first.changed
    started = await lesson.told("ben", "ScreenShareStarted")
    assert (started.share_id, started.participant_id, started.audio) == (first.share.share_id, "ada", True)
    again = await lesson.start("ada")
    assert (again.changed, again.share) == (False, first.share)
    assert await lesson.sharing() == ["ada"]

    with pytest.raises(PodiumError, match="Ada") as active:
        await lesson.start("amy")
    assert active.value.code == "share_active"
    second = await lesson.start("amy", takeover=True)
    over = await lesson.told("ben", "ScreenShareStopped")
    assert (over.share_id, over.reason, over.stopped_by) == (first.share.share_id, "taken_over", "Amy")
    assert await lesson.sharing() == ["amy"]

    assert await lesson.refusal("StopScreenShare", "ben", participant_id="amy") == "forbidden"
    assert await lesson.refusal("StopScreenShare", SERVICE) == "field_missing"
    assert not (await lesson.call("StopScreenShare", "ben")).changed
    stopped = await lesson.call("StopScreenShare", "ada", participant_id="amy")
    assert (stopped.changed, stopped.share_id) == (True, second.share.share_id)
    assert not (await lesson.call("StopScreenShare", "ada", participant_id="amy")).changed
    assert await lesson.sharing() == []

    await lesson.start("amy")
    assert (await lesson.call("StopScreenShare", SERVICE, participant_id="amy")).changed
    by_service = await lesson.told("ben", "ScreenShareStopped", actor_id=None)
    assert (by_service.reason, by_service.stopped_by) == ("stopped", None)
    assert await lesson.ends() == [
        ("ada", "taken_over", "amy"),
        ("amy", "stopped", "ada"),
        ("amy", "stopped", "school"),
    ]
    assert [row.audio for row in await lesson.rows()] == [True, False, False]
    assert lesson.metric("screen_shares_started_total") == 3
    assert lesson.metric("screen_shares_stopped_total") == 3
    assert lesson.metric("screen_shares_active") == 0
    kinds = Counter(type(event).__name__ for event in emitted)
    assert (kinds["ScreenShareStarted"], kinds["ScreenShareStopped"]) == (3, 3)
    assert [event.actor_id for event in emitted if "Stopped" in type(event).__name__] == ["amy", "ada", "school"]  # type: ignore[attr-defined]
    tables = tables_of(plugin)
    assert tables is not None
    assert check(host.config.database.url, [tables]) == []


async def test_students_ask_and_are_allowed_in_person(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("amy", role="assistant")
    await lesson.join("ben", "cleo")
    assert (await lesson.call("UpdateScreenShareRules", "ada", who="request")).changed
    assert (await lesson.told("ben", "ScreenShareRulesChanged")).who == "request"
    assert not (await lesson.call("UpdateScreenShareRules", "ada", who="request")).changed
    assert await lesson.refusal("StartScreenShare", "ben") == "share_not_allowed"

    for changed in (True, False):
        assert (await lesson.call("RequestScreenShare", "ben")).changed is changed
    await lesson.call("RequestScreenShare", "cleo")
    asked = await lesson.told("ada", "ScreenShareRequested")
    assert (asked.participant_id, asked.display_name) == ("ben", "Ben")
    rules = await lesson.call("GetScreenShareRules", "ada")
    assert [each.participant_id for each in rules.requests] == ["ben", "cleo"]
    assert (await lesson.call("GetScreenShareRules", "ben")).requests == ()
    assert await lesson.refusal("AllowScreenShare", "ben", participant_id="ben", allowed=True) == "forbidden"
    assert await lesson.refusal("AllowScreenShare", "ada", participant_id="zoe", allowed=True) == "participant_unknown"

    for changed in (True, False):
        answer = await lesson.call("AllowScreenShare", "ada", participant_id="ben", allowed=True)
        assert (answer.allowed, answer.changed) == (True, changed)
    assert (await lesson.told("ben", "ScreenShareAllowed")).allowed
    for changed in (True, False):
        answer = await lesson.call("AllowScreenShare", "ada", participant_id="cleo", allowed=False)
        assert (answer.allowed, answer.changed) == (False, changed)
    assert not (await lesson.told("cleo", "ScreenShareAllowed")).allowed
    assert [(await lesson.told("amy", "ScreenShareAllowed")).participant_id for _ in range(2)] == ["ben", "cleo"]
    assert not (await lesson.call("RequestScreenShare", "ben")).requested

    await lesson.start("ben")
    assert await lesson.refusal("StartScreenShare", "ada") == "share_active"
    await lesson.call("AllowScreenShare", "ada", participant_id="ben", allowed=False)
    assert (await lesson.told("ben", "ScreenShareStopped")).reason == "not_allowed"
    assert await lesson.sharing() == []

    await lesson.call("AllowScreenShare", "ada", participant_id="cleo", allowed=True)
    await lesson.start("cleo")
    await lesson.call("UpdateScreenShareRules", "ada", who="leaders")
    assert (await lesson.told("cleo", "ScreenShareStopped", participant_id="cleo")).reason == "rules_changed"
    assert (await lesson.call("GetScreenShareRules", "ada")).allowed == ()
    await lesson.call("AllowScreenShare", "ada", participant_id="cleo", allowed=True)
    assert (await lesson.call("GetScreenShareRules", "cleo")).may_share
    assert await lesson.ends() == [("ben", "not_allowed", "ada"), ("cleo", "rules_changed", "ada")]


async def test_everybody_shares_at_the_same_time_until_the_rules_say_otherwise(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    await lesson.join("ben", "cleo", "dan", "eve", "fay")
    await lesson.call("UpdateScreenShareRules", "ada", who="everybody", mode="several")
    for name in ("ben", "cleo", "dan", "ada"):
        await lesson.start(name)
    assert await lesson.refusal("StartScreenShare", "eve", takeover=True) == "shares_full"
    assert await lesson.sharing() == ["ben", "cleo", "dan", "ada"]
    assert lesson.metric("screen_shares_active") == 4
    await lesson.call("UpdateScreenShareRules", "ada", mode="one")
    assert await lesson.sharing() == ["ada"]
    assert await lesson.refusal("StartScreenShare", "ben", takeover=True) == "share_active"
    await lesson.call("UpdateScreenShareRules", "ada", takeover="everybody")
    assert await lesson.refusal("StartScreenShare", "ben") == "share_active"
    await lesson.start("ben", takeover=True)
    assert await lesson.sharing() == ["ben"]
    await lesson.call("UpdateScreenShareRules", SERVICE, who="leaders")
    assert await lesson.sharing() == []


async def test_of_many_who_start_at_once_one_shares(host: BuiltinHost) -> None:
    lesson = Lesson(host)
    await lesson.join("ada", role="instructor")
    names = [f"student-{number}" for number in range(8)]
    await lesson.join(*names)
    await lesson.call("UpdateScreenShareRules", "ada", who="everybody", takeover="everybody")
    outcomes: Counter[str] = Counter()

    async def start(name: str, takeover: bool) -> None:
        try:
            await lesson.start(name, takeover=takeover)
            outcomes["started"] += 1
        except PodiumError as error:
            outcomes[error.code] += 1

    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(start, name, False)
    assert outcomes == {"started": 1, "share_active": 7}
    async with trio.open_nursery() as nursery:
        for name in (*names, "ada"):
            nursery.start_soon(start, name, True)
        nursery.start_soon(partial(lesson.call, "StopScreenShare", "ada", participant_id="student-3"))
    assert len(await lesson.sharing()) <= 1
    running = [row for row in await lesson.rows() if row.ended_at is None]
    assert [row.participant_id for row in running] == await lesson.sharing()
