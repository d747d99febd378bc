# SPDX-License-Identifier: Apache-2.0
"""The trail of a running host, on both databases: what is in it, who may read it, how it ends."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from podium.core import ROLES, Caller, Event, Health, ParticipantView, PodiumError, RoomView
from podium.core.data import check
from podium.core.identity import CALLER_ROLES
from podium.core.operations.validation import from_text_untrusted, read_untrusted
from podium.core.plugins.storage import tables_of
from podium.plugins.events import plugin, store
from podium.plugins.events.entries import Entry, Stamps, microseconds
from podium.plugins.events.reading import ListEvents
from podium.plugins.events.trail import Trail
from tests.builtin.calendar.samples import session_at
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost

TIMEOUT = 20


class Kicked(Event, frozen=True, kw_only=True):
    session_id: str
    actor_id: str
    participant_id: str
    reason: str
    token: str = "secret"


def teacher(session_id: str, role: Literal["instructor", "student"] = "instructor") -> Caller:
    return Caller(role=role, subject="ann", session_id=session_id)


async def written(host: BuiltinHost, **filters: Any) -> list[Any]:
    """The entries that fit, the oldest first, once everything recorded so far is in the database."""
    trail: Trail = host.context("events").state
    with trio.fail_after(TIMEOUT):
        await trail.finish()
    answer = await host.call("ListEvents", limit=500, **filters)
    return list(reversed(answer.events))


async def until_recorded(host: BuiltinHost, kind: str, count: int = 1) -> list[Any]:
    """The same, as soon as there are so many entries of this kind: plugins are told in their own time."""
    with trio.fail_after(TIMEOUT):
        while len(entries := await written(host, kind=kind)) < count:
            await trio.sleep(0.01)
    return entries


async def test_a_class_from_the_first_to_the_last(start_host: StartHost) -> None:
    async with start_host() as host:
        ann = await host.rooms.join("algebra", "ann", "Ann", "instructor")
        await host.rooms.join("algebra", "ben", "Ben")
        ann.set_muted("microphone", True)
        host.rooms.remove("algebra", "ben", "removed")
        ann.leave()
        await until_recorded(host, "room_closed")
        entries = await written(host, session_id="algebra")
        assert [(entry.kind, entry.actor_id, entry.actor_role, entry.details) for entry in entries] == [
            ("room_opened", None, None, {}),
            ("participant_joined", "ann", "instructor", {}),
            ("participant_joined", "ben", "student", {}),
            ("track_muted", "ann", "instructor", {"source": "microphone", "muted": True}),
            ("participant_left", "ben", "student", {"reason": "removed"}),
            ("participant_left", "ann", "instructor", {"reason": "left"}),
            ("room_closed", None, None, {"reason": "empty"}),
        ]
        assert {entry.result for entry in entries} == {"ok"}
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert datetime.now(UTC) - entries[-1].at < timedelta(minutes=1)


async def test_a_refused_join_is_in_the_trail(host: BuiltinHost) -> None:
    host.rooms.ad_hoc = False
    with pytest.raises(PodiumError):
        await host.rooms.join("algebra", "eve", "Eve")
    (entry,) = await until_recorded(host, "join_refused")
    assert (entry.actor_id, entry.actor_name, entry.result) == ("eve", "Eve", "refused")
    assert entry.details["code"] == "room_unknown"


async def test_the_end_of_a_session_is_in_the_trail(host: BuiltinHost) -> None:
    host.context("events").rooms.end_session("algebra", reason="over")
    (entry,) = await until_recorded(host, "session_ended")
    assert (entry.session_id, entry.details) == ("algebra", {"reason": "over"})


async def test_a_change_of_a_scheduled_session_is_in_the_trail_without_who_is_invited(host: BuiltinHost) -> None:
    view = session_at("2026-11-23T09:00", version=3, state="open")
    for change in ("updated", "opened"):
        host.plugins.hooks.session_changed(session=view, change=change)
    entries = await until_recorded(host, "session_changed", 2)
    assert [entry.details for entry in entries] == [
        {"change": change, "version": 3, "state": "open"} for change in ("updated", "opened")
    ]
    assert {(entry.session_id, entry.actor_id, entry.result) for entry in entries} == {("algebra", None, "ok")}
    for person in (view.instructor, *view.participants):
        assert person.email not in repr(entries)
        assert person.name not in repr(entries)


async def test_media_that_does_not_get_through_is_in_the_trail(host: BuiltinHost) -> None:
    ann = ParticipantView(participant_id="ann", display_name="Ann", role="student")
    host.plugins.hooks.connection_changed(room=RoomView(session_id="algebra"), participant=ann, state="failed")
    (entry,) = await until_recorded(host, "connection_changed")
    assert (entry.result, entry.details) == ("failed", {"state": "failed"})


async def test_moderation_by_another_plugin_says_who_did_what_to_whom(host: BuiltinHost) -> None:
    await host.rooms.join("algebra", "ann", "Ann", "instructor")
    event = Kicked(session_id="algebra", actor_id="ann", participant_id="ben", reason="noise")
    host.plugins.hooks.event_emitted(plugin="moderation", event=event)
    (entry,) = await until_recorded(host, "Kicked")
    assert (entry.plugin, entry.actor_id, entry.actor_name, entry.subject_id) == ("moderation", "ann", "Ann", "ben")
    assert entry.details == {"reason": "noise", "token": "[hidden]"}
    for participant_id in ("ann", "ben"):
        assert entry in await written(host, participant_id=participant_id)


async def test_text_that_databases_refuse_does_not_stop_the_trail(host: BuiltinHost) -> None:
    event = Kicked(session_id="a\0b", actor_id="\ud800", participant_id="x" * 500, reason="a\0b")
    host.plugins.hooks.event_emitted(plugin="moderation", event=event)
    (entry,) = await until_recorded(host, "Kicked")
    assert (entry.session_id, entry.actor_id, len(entry.subject_id)) == ("ab", "?", 64)
    assert host.context("events").state.statistics().lost == 0


async def test_what_happens_while_the_host_stops_is_there_when_it_runs_again(start_host: StartHost) -> None:
    async with start_host() as host:
        await host.rooms.join("algebra", "ann", "Ann")
    async with start_host() as host:
        kinds = [entry.kind for entry in await written(host)]
    assert kinds == ["room_opened", "participant_joined", "participant_left", "room_closed"]


async def test_entries_come_by_themselves_within_a_moment(host: BuiltinHost) -> None:
    await host.rooms.join("algebra", "ann", "Ann")
    with trio.fail_after(TIMEOUT):
        while not (await host.call("ListEvents", kind="participant_joined")).events:
            await trio.sleep(0.05)


# Reading


async def test_pages_go_on_where_the_last_one_ended_though_more_is_written(host: BuiltinHost) -> None:
    trail: Trail = host.context("events").state
    for number in range(25):
        trail.record("count", session_id="algebra" if number % 2 else "botany", details={"number": number})
    seen: list[int] = []
    await trail.finish()
    cursor: dict[str, Any] = {}
    while True:
        answer = await host.call("ListEvents", kind="count", limit=10, **cursor)
        seen += [entry.details["number"] for entry in answer.events]
        trail.record("count", details={"number": -1})
        await trail.finish()
        if answer.next is None:
            break
        cursor = {"cursor": answer.next}
    assert seen == list(range(24, -1, -1))
    algebra = await host.call("ListEvents", session_id="algebra")
    assert [entry.details["number"] for entry in algebra.events] == list(range(23, 0, -2))


async def test_entries_are_found_by_time(host: BuiltinHost) -> None:
    now = microseconds()
    stamps = Stamps(iter([now + 1_000_000 * second for second in range(5)]).__next__)
    entries = [entry_at(stamps, number) for number in range(5)]
    await host.context("events").database.run(store.add, entries)
    since, until = entries[1].at.isoformat(), entries[3].at.isoformat()
    answer = await host.call("ListEvents", since=since, until=until)
    assert [entry.details["number"] for entry in answer.events] == [2, 1]
    with pytest.raises(PodiumError, match="since"):
        await host.call("ListEvents", since="2026-01-01T00:00:00")


def entry_at(stamps: Stamps, number: int) -> Entry:
    entry_id, at = stamps.next()
    nothing = dict.fromkeys(("session_id", "plugin", "actor_id", "actor_name", "actor_role", "subject_id"))
    return Entry(id=entry_id, at=at, kind="count", result="ok", details={"number": number}, **nothing)


async def test_instructors_read_their_own_session_and_operators_everything(host: BuiltinHost) -> None:
    allowed = dict.fromkeys(CALLER_ROLES, ("forbidden",) * 3) | {
        "anonymous": ("unauthenticated",) * 3,
        "instructor": ("ok", "forbidden", "forbidden"),
        "service": ("ok",) * 3,
        "administrator": ("ok",) * 3,
    }
    outcomes = {}
    for role in CALLER_ROLES:
        caller = Caller(role=role, session_id="algebra" if role in ROLES else None)
        own = await outcome(host, caller, session_id="algebra")
        other = await outcome(host, caller, session_id="botany")
        outcomes[role] = (own, other, await outcome(host, caller))
    assert outcomes == allowed


async def outcome(host: BuiltinHost, caller: Caller, **fields: str) -> str:
    try:
        await host.call("ListEvents", caller, **fields)
    except PodiumError as error:
        return error.code
    return "ok"


async def test_an_instructor_reads_over_rest(host: BuiltinHost) -> None:
    await host.rooms.join("algebra", "ann", "Ann")
    await until_recorded(host, "participant_joined")
    token = host.services.identities.tokens.issue("algebra", "instructor", lifetime=60)
    query = "session_id=algebra&kind=participant_joined&limit=5&since=2020-01-01T00:00:00Z"
    answer = await trio.to_thread.run_sync(fetch, f"http://127.0.0.1:{host.port}/api/events?{query}", token)
    assert [(entry["kind"], entry["actor_name"]) for entry in answer["events"]] == [("participant_joined", "Ann")]
    assert answer["next"] is None


def fetch(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)


def test_what_stands_in_a_query_is_understood() -> None:
    texts = {"since": "2030-05-01T12:00:00Z", "limit": "5", "kind": "12", "session_id": "algebra"}
    values = {name: from_text_untrusted(name, [value], ListEvents) for name, value in texts.items()}
    request = read_untrusted(values, ListEvents)
    assert (request.since, request.limit, request.kind) == (datetime(2030, 5, 1, 12, tzinfo=UTC), 5, "12")


@pytest.mark.parametrize("fields", [{"limit": 501}, {"cursor": "1 OR 1=1"}, {"session_id": "no such id!"}])
def test_a_request_out_of_bounds_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(PodiumError) as caught:
        read_untrusted(fields, ListEvents)
    assert caught.value.field == next(iter(fields))


# Keeping


async def test_writing_an_entry_twice_leaves_one(host: BuiltinHost) -> None:
    entry = entry_at(Stamps(), 1)
    for _ in range(2):
        await host.context("events").database.run(store.add, [entry])
    assert await written(host, kind="count") == [entry]


async def test_old_entries_go_a_batch_at_a_time_and_young_ones_stay(host: BuiltinHost) -> None:
    database = host.context("events").database
    week = timedelta(days=7)
    old = Stamps(lambda: microseconds() - week // timedelta(microseconds=1))
    await database.run(store.add, [entry_at(old, number) for number in range(13)] + [entry_at(Stamps(), -1)])
    before = datetime.now(UTC) - timedelta(days=6)
    assert [await database.run(store.prune, before, 10) for _ in range(3)] == [10, 3, 0]
    assert [entry.details["number"] for entry in await written(host, kind="count")] == [-1]


async def test_a_host_that_starts_prunes_by_itself(start_host: StartHost) -> None:
    async with start_host() as host:
        entries = [entry_at(Stamps(lambda: 1_000_000), number) for number in range(3)]
        await host.context("events").database.run(store.add, entries)
    async with start_host() as host:
        with trio.fail_after(TIMEOUT):
            while (await host.call("ListEvents", kind="count")).events:
                await trio.sleep(0.01)


async def test_the_plugin_says_how_it_is(host: BuiltinHost) -> None:
    await host.rooms.join("algebra", "ann", "Ann")
    await until_recorded(host, "participant_joined")
    assert (await host.plugins.hooks.health_check())["events"] == Health()
    page, _ = host.plugins.metrics.page()
    figures = {"podium_events_written_total 2.0", "podium_events_lost_total 0.0", "podium_events_waiting 0.0"}
    assert figures <= set(page.decode().splitlines())


async def test_while_the_table_is_away_entries_wait_and_the_plugin_says_so(host: BuiltinHost) -> None:
    database, trail = host.context("events").database, host.context("events").state
    await database.run(rename, "webrtc_events", "somewhere_else")
    await host.rooms.join("algebra", "ann", "Ann")
    with trio.fail_after(TIMEOUT):
        while trail.health().status == "ok":
            await trio.sleep(0.01)
    assert "webrtc_events" in trail.health().detail
    assert "2 entries wait" in trail.health().detail
    await database.run(rename, "somewhere_else", "webrtc_events")
    with trio.fail_after(TIMEOUT):
        while trail.health() != Health():
            await trio.sleep(0.01)
    assert [entry.kind for entry in await written(host)] == ["room_opened", "participant_joined"]


def rename(session: Session, old: str, new: str) -> None:
    session.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


async def test_one_page_of_many_entries_is_read_from_an_index(host: BuiltinHost) -> None:
    database = host.context("events").database
    await database.run(store.add, [entry_at(Stamps(), number) for number in range(1000)])
    for session_id in ("algebra", None):
        query = store.Query(
            session_id=session_id, kind=None, participant_id=None, since=None, until=None, before="f" * 24, limit=10
        )
        plan = await database.read(explain, query)
        assert f"ix_webrtc_events_{'session_id_at_id' if session_id else 'at_id'}" in plan
        assert "sort" not in plan.lower()
        assert "temp b-tree" not in plan.lower()


def explain(session: Session, query: store.Query) -> str:
    """The database's own words on how it would read."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))  # a small table is read as a whole otherwise
    statement = store.selected(query).compile(session.connection(), compile_kwargs={"literal_binds": True})
    explained = session.execute(sa.text(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}"))
    return "\n".join(str(line) for line in explained)


async def test_the_table_is_as_the_models_say(host: BuiltinHost) -> None:
    tables = tables_of(plugin)
    assert tables is not None
    assert await trio.to_thread.run_sync(partial(check, host.config.database.url, [tables])) == []
