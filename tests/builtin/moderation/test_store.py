# SPDX-License-Identifier: Apache-2.0
"""The tables: made by the migration as declared, written whole, read back the same, and emptied in time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from podium.core import PluginTables
from podium.core.data import check, upgrade
from podium.core.data.engine import Limits, make_engine, parse_url
from podium.plugins.moderation import plugin, store
from podium.plugins.moderation.people import Ban, Person, Settings
from podium.plugins.moderation.tables import BANS, METADATA, PEOPLE, ROOMS

TABLES = PluginTables("moderation", METADATA, str(plugin.migrations), frozenset())
NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
ANN = Person(
    participant_id="ann",
    display_name="Ann 🙂",
    role="observer",
    entered=True,
    admitted=True,
    promoted=True,
    refused=True,
    reason="because",
    muted=frozenset({"microphone", "screen"}),
    waiting_since=NOW,
    hand_at=NOW + timedelta(microseconds=1),
)
BEN = Person(participant_id="ben", display_name="Ben", role="student", kicked=True)
SETTINGS = Settings(locked=True, waiting_room=False, spotlight_id="ann", spotlight_source="screen", series_id="algebra")


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    upgrade(database_url, [TABLES])
    assert check(database_url, [TABLES]) == []
    engine: Engine = make_engine(parse_url(database_url), Limits(connections=2))
    with Session(engine) as session, session.begin():
        yield session
    engine.dispose()


def test_what_is_written_is_read(session: Session) -> None:
    store.keep(session, "algebra-1", Settings(), [ANN, replace(BEN, kicked=False)], NOW)
    store.keep(session, "algebra-1", SETTINGS, [BEN], NOW)
    store.keep_waiting_room(session, "algebra", False, NOW)
    store.keep_waiting_room(session, "algebra", True, NOW)
    kept = store.load(session, "algebra-1", "algebra", NOW)
    assert kept.settings == SETTINGS
    assert kept.series.waiting_room is True
    assert {each.participant_id: each for each in kept.people} == {"ann": ANN, "ben": BEN}
    assert store.load(session, "other", None, NOW) == store.Kept(
        Settings(series_id="other"), Settings(), people=(), bans=()
    )


def test_a_ban_counts_in_all_classes_of_its_session_until_it_is_lifted(session: Session) -> None:
    ban = Ban(participant_id="ben", display_name="Ben", reason="again")
    store.ban(session, "algebra-1", SETTINGS, BEN, "algebra", ban, NOW)
    store.ban(session, "algebra-1", SETTINGS, BEN, "algebra", ban, NOW)
    assert store.load(session, "algebra-2", "algebra", NOW).bans == (ban,)
    # The plugin that keeps sessions may be off by then: whose class this is has been kept.
    assert store.load(session, "algebra-1", None, NOW).bans == (ban,)
    store.readmit(session, "algebra-2", Settings(series_id="algebra"), [], "ben", NOW)
    assert store.load(session, "algebra-1", "algebra", NOW).bans == ()


def test_a_class_that_is_over_leaves_only_bans(session: Session) -> None:
    ban = Ban(participant_id="ben", display_name="Ben")
    store.ban(session, "chess", SETTINGS, BEN, "chess", ban, NOW)
    store.keep(session, "other", SETTINGS, [BEN], NOW)
    store.forget_room(session, "chess")
    assert count(session) == (1, 1, 1)
    assert store.load(session, "chess", None, NOW).bans == (ban,)


def test_what_nobody_uses_is_deleted_in_time(session: Session) -> None:
    ban = Ban(participant_id="ben", display_name="Ben")
    store.keep(session, "old", SETTINGS, [ANN, BEN], NOW)
    store.ban(session, "used", SETTINGS, BEN, "used", ban, NOW)
    store.keep(session, "running", SETTINGS, [BEN], NOW)
    later = NOW + timedelta(days=31)
    assert not store.load(session, "used", None, NOW + timedelta(hours=23)).stale
    assert store.load(session, "used", None, later).stale
    store.touch(session, "used", "used", later)
    assert not store.load(session, "used", None, later).stale
    before = later - timedelta(days=30)
    assert not store.prune(session, before, before, {"running"}, 10)
    assert count(session) == (2, 2, 1)
    assert store.prune(session, later + timedelta(days=1), later + timedelta(days=1), (), 2)
    assert count(session) == (0, 0, 0)


def test_people_are_forgotten_one_by_one(session: Session) -> None:
    store.keep(session, "algebra", SETTINGS, [ANN, BEN], NOW)
    store.forget_people(session, "algebra", ["ann"])
    assert [each.participant_id for each in store.load(session, "algebra", None, NOW).people] == ["ben"]


def count(session: Session) -> tuple[int, ...]:
    """Classes, people, bans."""
    return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (ROOMS, PEOPLE, BANS))
