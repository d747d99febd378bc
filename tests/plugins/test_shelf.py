# SPDX-License-Identifier: Apache-2.0
"""A plugin with a table and two operations, as an author would write it: stored on both databases, gone with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import MetaData, func, insert, select
from sqlalchemy.orm import Session

from podium.core import Caller, Plugin, PluginContext, PluginState, PodiumError
from podium.core.operations.dispatcher import Dispatcher
from podium.core.operations.registry import Registry
from podium.core.plugins.manager import Plugins
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.storage import open_storage
from tests.data.histories import MAKE_BOOKS, MAKE_LOANS, Histories, library
from tests.plugins.stand_ins import running

SERVICE = Caller(role="service", subject="test")


class AddBook(msgspec.Struct, frozen=True, kw_only=True):
    title: str


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    books: int


def shelf(migrations: str | None, metadata: MetaData | None = None) -> Plugin:
    metadata = metadata or library()
    books = metadata.tables["library_books"]
    plugin = Plugin("library", version="1.0", tables=metadata, migrations=migrations)

    def store(session: Session, title: str) -> int:
        session.execute(insert(books).values(title=title))
        return session.scalar(select(func.count()).select_from(books)) or 0

    @plugin.operation(roles=("service",), any_session=True)
    async def add_book(context: PluginContext, caller: Caller, request: AddBook) -> Shelf:
        """Put one more book on the shelf."""
        return Shelf(books=await context.database.run(store, request.title))

    @plugin.operation(roles=("service",), any_session=True)
    async def add_twice(context: PluginContext, caller: Caller, request: AddBook) -> Shelf:
        """By way of the other operation."""
        await context.operations.call("AddBook", request)
        return await context.operations.call("AddBook", {"title": request.title}, Shelf)

    @plugin.operation(roles=("service",), any_session=True)
    async def add_wrongly(context: PluginContext, caller: Caller, request: AddBook) -> AddBook:
        """Expects another answer than there is."""
        return await context.operations.call("AddBook", request, AddBook)

    return plugin


@asynccontextmanager
async def host(tmp_path: Path, url: str, *plugins: Plugin) -> AsyncIterator[tuple[Plugins, Dispatcher]]:
    dispatcher = Dispatcher(Registry())
    async with open_storage(url) as prepare, running(tmp_path, *plugins, prepare=prepare) as manager:
        manager.watch(OperationOffer(dispatcher))
        yield manager, dispatcher


@pytest.fixture
def histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Histories:
    folder = tmp_path / "packages"
    folder.mkdir()
    return Histories(folder, monkeypatch)


async def test_what_an_operation_stores_is_there_after_a_restart(
    tmp_path: Path, histories: Histories, database_url: str
) -> None:
    migrations = histories.write(MAKE_BOOKS, MAKE_LOANS)
    async with host(tmp_path, database_url, shelf(migrations)) as (_, dispatcher):
        assert await dispatcher.call("AddBook", {"title": "Trio"}, SERVICE) == Shelf(books=1)
    async with host(tmp_path, database_url, shelf(migrations)) as (_, dispatcher):
        assert await dispatcher.call("AddTwice", {"title": "Pluggy"}, SERVICE) == Shelf(books=3)


async def test_an_answer_of_another_type_than_expected_is_a_fault(
    tmp_path: Path, histories: Histories, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path}/podium.db"
    async with host(tmp_path, url, shelf(histories.write(MAKE_BOOKS, MAKE_LOANS))) as (_, dispatcher):
        with pytest.raises(PodiumError, match="AddWrongly failed"):
            await dispatcher.call("AddWrongly", {"title": "Trio"}, SERVICE)
    assert "AddBook answers with Shelf, not with AddBook" in caplog.text


async def test_operations_go_with_their_plugin(tmp_path: Path, histories: Histories) -> None:
    url = f"sqlite:///{tmp_path}/podium.db"
    async with host(tmp_path, url, shelf(histories.write(MAKE_BOOKS, MAKE_LOANS))) as (manager, dispatcher):
        await manager.disable("library")
        assert list(dispatcher.registry) == []
        with pytest.raises(PodiumError, match="no operation"):
            await dispatcher.call("AddBook", {"title": "Trio"}, SERVICE)
        await manager.enable("library")
        assert await dispatcher.call("AddBook", {"title": "Trio"}, SERVICE) == Shelf(books=1)


@pytest.mark.parametrize(
    ("bodies", "reason"), [(None, "no package of migrations"), (("op.execute('no such statement')",), "migration")]
)
async def test_a_plugin_whose_tables_cannot_be_made_fails_alone(
    tmp_path: Path, histories: Histories, bodies: tuple[str, ...] | None, reason: str
) -> None:
    broken = shelf(histories.write(*bodies) if bodies else None)
    other = Plugin("other", version="1.0")
    async with host(tmp_path, f"sqlite:///{tmp_path}/podium.db", broken, other) as (manager, dispatcher):
        states = {report.name: report for report in manager.reports()}
        assert states["library"].state is PluginState.FAILED
        assert any(reason in problem for problem in [*states["library"].problems, str(states["library"])])
        assert states["other"].state is PluginState.RUNNING
        assert list(dispatcher.registry) == []


async def test_a_host_without_tables_opens_no_database(tmp_path: Path) -> None:
    async with host(tmp_path, f"sqlite:///{tmp_path}/podium.db", Plugin("plain", version="1.0")):
        pass
    assert not (tmp_path / "podium.db").exists()
