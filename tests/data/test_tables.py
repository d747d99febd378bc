# SPDX-License-Identifier: Apache-2.0
"""Whose table is whose, and which names and columns are refused."""

from datetime import datetime

import pytest
from sqlalchemy import Column, DateTime, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from podium.core.data import PluginTables, TableError, UtcDateTime, check_tables
from podium.core.data.tables import owner_of


def tables(plugin: str, *names: str, claims: tuple[str, ...] = ()) -> PluginTables:
    metadata = MetaData()
    for name in names:
        Table(name, metadata, Column("id", Integer, primary_key=True))
    return PluginTables(plugin, metadata, f"{plugin}.migrations", frozenset(claims))


@pytest.mark.parametrize(
    ("plugin", "table"),
    [
        ("events", "events_seen"),
        ("my-plugin", "my_plugin_items"),
        ("org.plugin", "org_plugin_items"),
        ("Shop", "shop_x"),
    ],
)
def test_a_name_that_begins_with_the_plugins_is_its_own(plugin: str, table: str) -> None:
    check_tables([tables(plugin, table)])


def test_an_exact_name_may_be_claimed() -> None:
    check_tables([tables("events", "webrtc_events", "events_seen", claims=("webrtc_events",))])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (tables("events", "webrtc_events"), "has to be named events_webrtc_events, or be claimed by its exact name"),
        (tables("events", "eventsseen"), "has to be named events_eventsseen"),
        (tables("events", "Events_seen"), "in lower case"),
        (tables("events", "events_" + "x" * 57), "at most 63"),
        (tables("events", "events_a-b"), "letters, digits and underscores"),
        (tables("alembic", "alembic_version_shop"), "has to be named"),
        (tables("events", claims=("alembic_version_shop",)), "cannot claim a table 'alembic_version_shop'"),
        (tables("events", claims=("Users",)), "cannot claim a table 'Users'"),
        (tables("x" * 50), "is no plain name"),
    ],
)
def test_another_name_is_refused(wrong: PluginTables, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        check_tables([tables("shop", "shop_items"), wrong])
    assert caught.value.plugin == wrong.name
    assert caught.value.code == "tables_invalid"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            tables("a", claims=("sessions",)),
            tables("b", claims=("sessions",)),
            "table sessions belongs to plugin a already",
        ),
        (tables("a", "a_b_items"), tables("a-b", "a_b_items"), "table a_b_items belongs to plugin a already"),
        (tables("a", "a_items"), tables("b", claims=("a_items",)), "table a_items belongs to plugin a already"),
        (tables("a-b"), tables("a.b"), "cannot be told from those of plugin a-b"),
    ],
)
def test_a_name_has_one_owner(first: PluginTables, second: PluginTables, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        check_tables([first, second])
    assert caught.value.plugin == second.name


def test_a_schema_is_refused() -> None:
    metadata = MetaData()
    Table("events_seen", metadata, Column("id", Integer, primary_key=True), schema="other")
    with pytest.raises(TableError, match="names a schema"):
        check_tables([PluginTables("events", metadata, "events.migrations")])


class Base(DeclarativeBase):
    pass


class Implied(Base):
    """`Mapped[datetime]` without a type is the easy mistake."""

    __tablename__ = "events_implied"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@pytest.mark.parametrize("column", [Implied.__table__.c.at, Column("at", DateTime(True)), Column("at", TIMESTAMP())])
def test_times_of_unknown_zone_are_refused(column: "Column[datetime]") -> None:
    metadata = MetaData()
    Table("events_seen", metadata, Column("at", column.type))
    with pytest.raises(
        TableError, match=r"column events_seen\.at holds times of unknown zone; use podium\.core\.UtcDateTime"
    ):
        check_tables([PluginTables("events", metadata, "events.migrations")])


def test_times_of_known_zone_pass() -> None:
    metadata = MetaData()
    Table("events_seen", metadata, Column("at", UtcDateTime()))
    check_tables([PluginTables("events", metadata, "events.migrations")])


@pytest.mark.parametrize(
    ("table", "owner"),
    [
        ("video_sessions", "scheduling"),
        ("video_clips", "video"),
        ("video_notes_pages", "video-notes"),
        ("audio_clips", "audio"),
        ("users", None),
    ],
)
def test_the_owner_is_who_declares_a_table_or_whose_prefix_fits_best(table: str, owner: str | None) -> None:
    plugins = [tables("video"), tables("scheduling", claims=("video_sessions",)), tables("video-notes")]
    assert owner_of(table, plugins, ["audio"]) == owner
