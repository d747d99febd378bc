# SPDX-License-Identifier: Apache-2.0
"""`podium db`: what each action prints and its exit status, for stand-ins of enabled plugins."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from podium.core.data import PluginTables
from podium.hosts.cli import _db, main

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("library_books", sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture(autouse=True)
def _configured(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PODIUM_CONFIG", raising=False)
    monkeypatch.setenv("PODIUM_DATABASE__URL", database_url)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PluginTables:
    package = tmp_path / f"history_of_{tmp_path.name}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "0001_books.py").write_text(REVISION)
    monkeypatch.syspath_prepend(tmp_path)
    metadata = MetaData()
    Table("library_books", metadata, Column("id", Integer, primary_key=True))
    plugin = PluginTables("library", metadata, package.name)
    monkeypatch.setattr(_db, "enabled_tables", lambda _config: [plugin])
    return plugin


@pytest.mark.parametrize("action", ["upgrade", "current", "check"])
def test_without_plugins_there_is_nothing_to_do(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", action]) == 0
    assert capsys.readouterr().out == "No enabled plugin has tables.\n"


def test_the_actions_follow_each_other(library: PluginTables, capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["db", action]) for action in ("upgrade", "upgrade", "current", "check")] == [0, 0, 0, 0]
    captured = capsys.readouterr()
    assert captured.out == (
        "library: no revision -> 0001\n"
        "library: 0001, nothing to do\n"
        "library: 0001\n"
        "The database is as the plugins need it.\n"
    )
    assert captured.err == ""


def test_a_difference_is_a_failure(library: PluginTables, capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "upgrade"])
    library.metadata.tables["library_books"].append_column(Column("pages", Integer))
    capsys.readouterr()
    assert main(["db", "check"]) == 1
    assert capsys.readouterr().out == "library: column library_books.pages is in the models and not in the database\n"


def test_what_is_pending_is_shown(library: PluginTables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "upgrade"])
    second = REVISION.replace('"0001"', '"0002"').replace("None", '"0001"', 1).replace("library_books", "library_loans")
    (tmp_path / library.migrations / "0002_loans.py").write_text(second)
    capsys.readouterr()
    assert main(["db", "current"]) == 0
    assert main(["db", "check"]) == 1
    assert capsys.readouterr().out == "library: 0001, pending: 0002\nlibrary: not yet upgraded to 0002\n"


@pytest.mark.parametrize("action", ["current", "check"])
def test_a_missing_file_is_said(
    action: str, library: PluginTables, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_DATABASE__URL", "sqlite:///nowhere.db")
    assert main(["db", action]) == 1
    assert capsys.readouterr().err == "podium: there is no database nowhere.db yet; `podium db upgrade` makes it\n"


def test_a_url_that_cannot_work_is_said(
    library: PluginTables, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_DATABASE__URL", "mysql://root@localhost/podium")
    assert main(["db", "upgrade"]) == 1
    assert "mysql is not supported" in capsys.readouterr().err


def test_a_wrong_configuration_ends_with_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_PARTICIPANTS", "many")
    assert main(["db", "check"]) == 2
