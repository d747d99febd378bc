# SPDX-License-Identifier: Apache-2.0
"""Each plugin's tables go their own way: upgraded whole or not at all, never touching those of others."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, inspect, text

from podium.core.data import (
    DatabaseError,
    Migrated,
    MigrationError,
    PluginTables,
    Revision,
    TableError,
    check,
    current,
    open_database,
    upgrade,
)
from tests.data.histories import MAKE_BOOKS, MAKE_LOANS, Histories, engine_of, library


def table_names(url: str) -> set[str]:
    engine = engine_of(url)
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    engine.dispose()
    return names


def execute(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def make_table(name: str) -> str:
    return f"op.create_table({name!r}, sa.Column('id', sa.Integer, primary_key=True))"


def one_table(name: str) -> MetaData:
    metadata = MetaData()
    Table(name, metadata, Column("id", Integer, primary_key=True))
    return metadata


class TestUpgrade:
    def test_it_makes_the_tables_and_remembers_the_revision(self, database_url: str, histories: Histories) -> None:
        plugin = histories.library()
        assert upgrade(database_url, [plugin]) == [Migrated("library", None, "0002")]
        assert table_names(database_url) == {"library_books", "library_loans", "alembic_version_library"}
        assert check(database_url, [plugin]) == []

    def test_again_it_does_nothing(self, database_url: str, histories: Histories) -> None:
        plugin = histories.library()
        upgrade(database_url, [plugin])
        assert upgrade(database_url, [plugin]) == [Migrated("library", "0002", "0002")]

    def test_it_goes_on_from_where_the_tables_are(self, database_url: str, histories: Histories) -> None:
        package = histories.write(MAKE_BOOKS)
        plugin = PluginTables("library", library(), package)
        upgrade(database_url, [plugin])
        execute(database_url, "INSERT INTO library_books (id, title) VALUES (1, 'Dune')")
        histories.append(package, MAKE_LOANS)
        assert upgrade(database_url, [plugin]) == [Migrated("library", "0001", "0002")]
        execute(database_url, "INSERT INTO library_loans (id, book_id, at) VALUES (1, 1, '2026-01-01 00:00:00')")

    def test_plugins_have_histories_of_their_own(self, database_url: str, histories: Histories) -> None:
        first, second = histories.library(), histories.plugin("shop", make_table("shop_items"))
        upgrade(database_url, [first, second])
        assert upgrade(database_url, [second]) == [Migrated("shop", "0001", "0001")]  # the other one was uninstalled
        assert [one.current for one in current(database_url, [first, second])] == ["0002", "0001"]

    def test_a_failing_revision_leaves_nothing_of_its_plugin(self, database_url: str, histories: Histories) -> None:
        good = histories.library()
        bad = histories.plugin("shop", make_table("shop_items"), "raise ZeroDivisionError('no')")
        with pytest.raises(MigrationError, match="plugin shop: a migration failed: ZeroDivisionError: no") as caught:
            upgrade(database_url, [good, bad])
        assert caught.value.plugin == "shop"
        assert table_names(database_url) == {"library_books", "library_loans", "alembic_version_library"}

    def test_a_statement_that_the_database_refuses_is_said(self, database_url: str, histories: Histories) -> None:
        plugin = histories.plugin("shop", "op.execute('SELECT * FROM nowhere')")
        with pytest.raises(MigrationError, match=r"plugin shop: a migration failed: .*nowhere"):
            upgrade(database_url, [plugin])

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (make_table("items"), "table items, which belongs to nobody; it has to begin with shop_"),
            (make_table("library_items"), "table library_items, which belongs to plugin library"),
            ("op.drop_table('library_loans')", "table library_loans, which belongs to plugin library"),
        ],
    )
    @pytest.mark.parametrize("is_enabled", [True, False])
    def test_a_migration_cannot_make_or_drop_what_is_not_its_own(
        self, database_url: str, histories: Histories, body: str, message: str, is_enabled: bool
    ) -> None:
        others = [histories.library()]
        upgrade(database_url, others)
        before = table_names(database_url)
        with pytest.raises(MigrationError, match=message):
            upgrade(database_url, [*(others if is_enabled else []), histories.plugin("shop", body)])
        assert table_names(database_url) == before

    def test_a_claimed_name_may_be_made(self, database_url: str, histories: Histories) -> None:
        plugin = histories.plugin(
            "scheduling", make_table("video_sessions"), metadata=one_table("video_sessions"), claims=("video_sessions",)
        )
        upgrade(database_url, [plugin])
        assert check(database_url, [plugin]) == []

    def test_wrong_tables_stop_it_before_anything_is_done(self, database_url: str, histories: Histories) -> None:
        wrong = histories.plugin("shop", make_table("items"), metadata=one_table("items"))
        with pytest.raises(TableError):
            upgrade(database_url, [histories.library(), wrong])
        assert table_names(database_url) == set()

    def test_tables_newer_than_the_plugin_are_said(self, database_url: str, histories: Histories) -> None:
        upgrade(database_url, [histories.library()])
        older = histories.plugin("library", MAKE_BOOKS, metadata=library())
        with pytest.raises(MigrationError, match="at revision 0002, which the installed version does not know"):
            upgrade(database_url, [older])

    def test_two_newest_revisions_are_said(self, database_url: str, histories: Histories, tmp_path: Path) -> None:
        plugin = histories.library()
        folder = tmp_path / "plugins" / plugin.migrations
        (folder / "other.py").write_text((folder / "0002_step.py").read_text().replace("'0002'", "'other'"))
        with pytest.raises(MigrationError, match=r"plugin library: .*multiple heads"):
            upgrade(database_url, [plugin])

    def test_a_missing_package_is_said(self, database_url: str) -> None:
        plugin = PluginTables("shop", MetaData(), "no_such_package.migrations")
        with pytest.raises(MigrationError, match=r"there is no package no_such_package\.migrations"):
            upgrade(database_url, [plugin])

    def test_a_module_is_no_package(self, database_url: str) -> None:
        with pytest.raises(MigrationError, match="package statistics"):
            upgrade(database_url, [PluginTables("shop", MetaData(), "statistics")])

    def test_rows_survive_a_change_of_their_table(self, database_url: str, histories: Histories) -> None:
        """On SQLite this copies and drops the table, to which other rows refer with ON DELETE CASCADE."""
        plugin = histories.library()
        upgrade(database_url, [plugin])
        execute(
            database_url,
            "INSERT INTO library_books (id, title) VALUES (1, 'Dune')",
            "INSERT INTO library_loans (id, book_id, at) VALUES (7, 1, '2026-01-01 00:00:00')",
        )
        longer = (
            "with op.batch_alter_table('library_books') as table:\n        table.alter_column('title', type_=sa.Text())"
        )
        histories.append(plugin.migrations, longer)
        upgrade(database_url, [plugin])
        engine = engine_of(database_url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT id, book_id FROM library_loans")).all() == [(7, 1)]
        engine.dispose()

    def test_rows_left_without_what_they_refer_to_undo_it(self, database_url: str, histories: Histories) -> None:
        plugin = histories.library()
        upgrade(database_url, [plugin])
        execute(
            database_url,
            "INSERT INTO library_books (id, title) VALUES (1, 'Dune')",
            "INSERT INTO library_loans (id, book_id, at) VALUES (7, 1, '2026-01-01 00:00:00')",
        )
        histories.append(plugin.migrations, "op.execute('UPDATE library_loans SET book_id = 2')")
        with pytest.raises(MigrationError):
            upgrade(database_url, [plugin])
        assert current(database_url, [plugin])[0].current == "0002"

    def test_processes_that_start_at_once_take_turns(
        self, database_url: str, histories: Histories, tmp_path: Path
    ) -> None:
        package = histories.write(MAKE_BOOKS, MAKE_LOANS)
        code = (
            "import sys; from sqlalchemy import MetaData; from podium.core.data import PluginTables, upgrade\n"
            f"plugin = PluginTables('library', MetaData(), {package!r})\n"
            "import alembic.runtime.environment\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            f"print(upgrade({database_url!r}, [plugin])[0].after)"
        )
        command = [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"import sys; sys.path[:0] = [{str(tmp_path / 'plugins')!r}]\n{code}",
        ]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.communicate(timeout=60) for process in processes] == [("0002\n", "")] * 3


async def test_it_can_run_while_the_database_is_open(database_url: str, histories: Histories) -> None:
    async with open_database(database_url):
        upgrade(database_url, [histories.library()])


class TestCurrent:
    def test_it_says_what_is_pending(self, database_url: str, histories: Histories) -> None:
        package = histories.write(MAKE_BOOKS)
        plugin = PluginTables("library", library(), package)
        execute(database_url, "CREATE TABLE something (id integer)")
        assert current(database_url, [plugin]) == [Revision("library", None, "0001", ("0001",))]
        upgrade(database_url, [plugin])
        histories.append(package, MAKE_LOANS, "pass")
        assert current(database_url, [plugin]) == [Revision("library", "0001", "0003", ("0002", "0003"))]

    def test_a_plugin_without_revisions_is_nowhere(self, database_url: str, histories: Histories) -> None:
        execute(database_url, "CREATE TABLE something (id integer)")
        assert current(database_url, [histories.plugin("shop")]) == [Revision("shop", None, None, ())]

    @pytest.mark.parametrize("look", [current, check])
    def test_looking_makes_no_file(self, look: object, tmp_path: Path) -> None:
        assert callable(look)
        with pytest.raises(DatabaseError, match="`podium db upgrade` makes it") as caught:
            look(f"sqlite:///{tmp_path}/var/podium.db", [])
        assert caught.value.code == "database_missing"
        assert list(tmp_path.iterdir()) == []


class TestCheck:
    def test_pending_revisions_are_said(self, database_url: str, histories: Histories) -> None:
        execute(database_url, "CREATE TABLE something (id integer)")
        assert check(database_url, [histories.library()]) == ["library: not yet upgraded to 0001, 0002"]

    def test_each_difference_is_a_sentence(self, database_url: str, histories: Histories) -> None:
        plugin = histories.library()
        upgrade(database_url, [plugin])
        books = plugin.metadata.tables["library_books"]
        books.append_column(Column("author", String(50)))
        books.c.title.nullable = True
        Table("library_shelves", plugin.metadata, Column("id", Integer, primary_key=True))
        execute(
            database_url,
            "ALTER TABLE library_loans ADD COLUMN returned integer",
            "DROP INDEX ix_library_loans_at",
            "CREATE TABLE library_old (id integer)",
            "CREATE TABLE shop_items (id integer)",
        )
        assert sorted(check(database_url, [plugin])) == [
            "library: column library_books.author is in the models and not in the database",
            "library: column library_loans.returned is in the database and not in the models",
            "library: index ix_library_loans_at on library_loans(at) is in the models and not in the database",
            "library: nullable of column library_books.title is False in the database, True in the models",
            "library: table library_old is in the database and not in the models",
            "library: table library_shelves is in the models and not in the database",
        ]

    def test_a_longer_name_that_begins_the_same_is_another_plugin(
        self, database_url: str, histories: Histories
    ) -> None:
        plugin = histories.library()
        other = histories.plugin(
            "library-cards", make_table("library_cards_issued"), metadata=one_table("library_cards_issued")
        )
        upgrade(database_url, [plugin, other])
        assert check(database_url, [plugin, other]) == []
        assert check(database_url, [plugin]) == []


def test_asking_for_the_database_does_not_import_alembic() -> None:
    code = "import sys; from podium.core import Database, PluginTables; print('alembic' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
