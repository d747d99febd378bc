# SPDX-License-Identifier: Apache-2.0
"""The tables: made by the migration as declared, listed by index whatever their size, numbered as they commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from podium.core import PluginTables
from podium.core.data import check, upgrade
from podium.core.data.engine import READING, Limits, make_engine, parse_url
from podium.plugins.scheduling import plugin
from podium.plugins.scheduling.lifecycle import Rules
from podium.plugins.scheduling.listing import changes, page, page_query
from podium.plugins.scheduling.progress import due, due_query, next_due
from podium.plugins.scheduling.reading import find
from podium.plugins.scheduling.requests import ListSessionChanges, ListSessions
from podium.plugins.scheduling.tables import CLAIMS, CLASSES, METADATA, PEOPLE, SESSIONS
from podium.plugins.scheduling.writing import cancel, take_number

TABLES = PluginTables("scheduling", METADATA, str(plugin.migrations), frozenset(CLAIMS))
START = datetime(2027, 1, 11, 8, tzinfo=UTC)
COUNT = 10_000
STATES = ("scheduled", "open", "live", "ended", "cancelled")


def test_the_migration_makes_what_is_declared(database_url: str) -> None:
    upgrade(database_url, [TABLES])
    assert check(database_url, [TABLES]) == []


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    upgrade(database_url, [TABLES])
    engine = make_engine(parse_url(database_url), Limits(connections=4))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Ten thousand classes, most of them over, of a hundred instructors; only read."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('crowd')}/podium.db"
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgresql_server").new_database())
        upgrade(url, [TABLES])
        engine = make_engine(parse_url(url), Limits(connections=4))
        stack.callback(engine.dispose)
        with Session(engine) as session, session.begin():
            fill(session, COUNT)
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        yield engine


def fill(session: Session, count: int) -> None:
    numbers = range(count)
    ids = [f"s{number:05}" for number in numbers]
    at = [START + timedelta(minutes=15 * number) for number in numbers]
    states = ["ended" if number < count * 0.9 else STATES[number % 5] for number in numbers]
    emails = [f"teacher{number % 100}@example.org" for number in numbers]
    session.execute(
        insert(SESSIONS),
        [
            {
                "id": ids[n],
                "title": "Algebra",
                "description": "",
                "instructor_email": emails[n],
                "local_start": "2027-01-11T09:00",
                "starts_at": at[n],
                "duration": 60,
                "time_zone": "Europe/Berlin",
                "capacity": 50,
                "recurrence": None,
                "recording": True,
                "cancelled": False,
                "version": 1,
                "change_number": n + 1,
                "created_at": START,
                "updated_at": START,
            }
            for n in numbers
        ],
    )
    session.execute(
        insert(PEOPLE),
        [
            {
                "session_id": ids[n],
                "participant_id": f"p{k}",
                "position": k,
                "name": "Ada",
                "email": email,
                "email_key": email,
                "role": "student" if k else "instructor",
                "salt": "",
            }
            for n in numbers
            for k, email in enumerate((emails[n], f"student{n % 1000}@example.org"))
        ],
    )
    session.execute(
        insert(CLASSES),
        [
            {
                "id": ids[n],
                "session_id": ids[n],
                "original_starts_at": at[n],
                "starts_at": at[n],
                "ends_at": at[n] + timedelta(hours=1),
                "state": states[n],
                "warned": False,
                "exception": False,
                "instructor_email": emails[n],
            }
            for n in numbers
        ],
    )
    session.execute(text("UPDATE scheduling_installation SET change_number = :number"), {"number": count})


MIDDLE = START + timedelta(minutes=15 * 5000)
LISTS = {
    "all": {},
    "time": {"starts_from": MIDDLE, "starts_before": MIDDLE + timedelta(days=1)},
    "instructor": {"instructor": "Teacher7@example.org"},
    "instructor in time": {"instructor": "teacher7@example.org", "starts_from": MIDDLE},
    "state": {"state": "live"},
    "instructor and state": {"instructor": "teacher7@example.org", "state": "ended"},
    "state in time": {"state": "ended", "starts_from": MIDDLE},
    "one session": {"session_id": "s05000"},
    "participant": {"participant": "student7@example.org"},
}


def counted(engine: Engine, function: Callable[[Session], Any]) -> tuple[int, Any]:
    """How many statements a function takes, and what it answers."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with Session(engine.execution_options(**READING)) as session, session.begin():
            answer = function(session)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len([each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]), answer


def plan_of(session: Session, query: Any) -> str:
    """How the database goes about it."""
    compiled = query.compile(session.connection(), compile_kwargs={"render_postcompile": True})
    explain = "EXPLAIN QUERY PLAN" if session.connection().dialect.name == "sqlite" else "EXPLAIN"
    raw = session.connection().exec_driver_sql(f"{explain} {compiled}", processed(compiled))
    return "\n".join(str(row[-1]) for row in raw)


def processed(compiled: Any) -> Any:
    """Parameters as the driver gets them."""
    processors = compiled._bind_processors
    values = {key: processors[key](value) if key in processors else value for key, value in compiled.params.items()}
    return tuple(values[key] for key in compiled.positiontup) if compiled.positional else values


class TestTenThousandSessions:
    def test_a_page_takes_three_statements_whatever_is_asked(self, crowd: Engine) -> None:
        for values in LISTS.values():
            count, answer = counted(crowd, lambda session, v=values: page(session, ListSessions(**v)))  # type: ignore[misc]
            assert count == 3
            assert 1 <= len(answer.sessions) <= 50
        count, answer = counted(crowd, lambda session: changes(session, ListSessionChanges(after=5000)))
        assert (count, len(answer.sessions), answer.more) == (4, 100, True)

    def test_pages_are_read_by_index(self, crowd: Engine) -> None:
        with Session(crowd) as session, session.begin():
            for name, values in LISTS.items():
                later = page(session, ListSessions(**values, limit=2)).next_cursor  # type: ignore[arg-type]
                for cursor in {None, later}:
                    query = page_query(ListSessions(**values, cursor=cursor))  # type: ignore[arg-type]
                    plan = plan_of(session, query)
                    assert_indexed(plan, name)

    def test_all_pages_together_are_all_classes_in_order(self, crowd: Engine) -> None:
        seen: list[str] = []
        cursor: str | None = None
        with Session(crowd) as session, session.begin():
            while True:
                answer = page(session, ListSessions(state="ended", limit=200, cursor=cursor))
                seen += [each.occurrence.room_id for each in answer.sessions]
                if (cursor := answer.next_cursor) is None:
                    break
        assert len(seen) == COUNT * 0.92
        assert seen == sorted(set(seen))

    def test_changes_are_read_in_their_order_until_there_are_no_more(self, crowd: Engine) -> None:
        with Session(crowd) as session, session.begin():
            answer = changes(session, ListSessionChanges(after=COUNT - 150))
            assert [each.change_number for each in answer.sessions] == list(range(COUNT - 149, COUNT - 49))
            answer = changes(session, ListSessionChanges(after=answer.last))
            assert (len(answer.sessions), answer.last, answer.more) == (50, COUNT, False)
            assert changes(session, ListSessionChanges(after=COUNT)).last == COUNT

    def test_the_next_look_takes_few_statements(self, crowd: Engine) -> None:
        far = START - timedelta(days=1)
        count, ids = counted(crowd, lambda session: due(session, far, set(), Rules()))
        assert (count, ids) == (1, [])
        with Session(crowd) as session, session.begin():
            assert_indexed(plan_of(session, due_query(far, {"s00001"}, Rules())), "one session")
        count, _ = counted(crowd, lambda session: next_due(session, Rules()))
        assert count == 4
        count, _ = counted(crowd, lambda session: find(session, "s05000"))
        assert count == 2


def assert_indexed(plan: str, name: str) -> None:
    """The classes are found by an index, in the order wanted where it is more than a few."""
    lines = [line for line in plan.splitlines() if "scheduling_classes" in line]
    assert lines, plan
    assert not any(line.startswith("SCAN") and "INDEX" not in line for line in lines), f"{name}:\n{plan}"
    assert "Seq Scan on scheduling_classes" not in plan, f"{name}:\n{plan}"
    if name not in ("participant", "one session"):
        assert "TEMP B-TREE" not in plan, f"{name}:\n{plan}"


def test_a_number_that_can_be_seen_is_never_followed_by_a_lower_one(engine: Engine) -> None:
    """Two writers at once: the one that came second waits, so the first cannot appear behind it."""
    with Session(engine) as session, session.begin():
        fill(session, 2)
    numbered, first_may_commit = threading.Event(), threading.Event()

    def first() -> None:
        with Session(engine) as session, session.begin():
            take_number(session)
            numbered.set()
            assert first_may_commit.wait(30)
            cancel(session, "s00000", None, START)

    def second() -> None:
        assert numbered.wait(30)
        with Session(engine) as session, session.begin():
            cancel(session, "s00001", None, START)

    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE scheduling_classes SET state = 'scheduled'"))
    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    assert numbered.wait(30)
    seen: list[int] = []
    for _ in range(20):
        with Session(engine.execution_options(**READING)) as session, session.begin():
            seen += [each.change_number for each in changes(session, ListSessionChanges(after=2)).sessions]
    assert seen == []  # neither is visible while the first holds its turn
    first_may_commit.set()
    for thread in threads:
        thread.join(60)
    with Session(engine.execution_options(**READING)) as session, session.begin():
        answer = changes(session, ListSessionChanges(after=2))
    assert [each.session_id for each in answer.sessions] == ["s00000", "s00001"]


def test_many_writers_and_a_reader_with_a_cursor_miss_nothing(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        fill(session, 40)
        session.execute(text("UPDATE scheduling_classes SET state = 'scheduled'"))
    over = threading.Event()

    def write(numbers: range) -> None:
        for number in numbers:
            with Session(engine) as session, session.begin():
                cancel(session, f"s{number:05}", None, START)

    found: list[str] = []

    def read() -> None:
        cursor = 40
        while True:
            last_round = over.is_set()
            with Session(engine.execution_options(**READING)) as session, session.begin():
                answer = changes(session, ListSessionChanges(after=cursor, limit=3))
            found.extend(each.session_id for each in answer.sessions)
            cursor = answer.last
            if last_round and not answer.more:
                return

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(range(start, 40, 2),)) for start in (0, 1)]
    for thread in (reader, *writers):
        thread.start()
    for writer in writers:
        writer.join(60)
    over.set()
    reader.join(60)
    assert sorted(found) == [f"s{number:05}" for number in range(40)]
