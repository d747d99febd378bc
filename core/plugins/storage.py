# SPDX-License-Identifier: Apache-2.0
"""The database as plugins get it: their tables checked, their migrations run, one pool for all of them.

It is opened for the first plugin that has tables, so a host without such plugins needs no database. What is wrong with
one plugin's tables or migrations fails that plugin alone.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import trio

from podium.core.data import Database, PluginTables, check_tables, open_database, upgrade
from podium.core.plugins.catalog import Catalog
from podium.core.plugins.errors import PluginError
from podium.core.plugins.manager import Prepare, Prepared
from podium.core.plugins.plugin import Plugin


class Storage:
    """Made by `open_storage`; the plugin manager calls `prepare` for one plugin at a time."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = url
        self._stack = stack
        self._database: Database | None = None
        self._tables: dict[str, PluginTables] = {}

    async def prepare(self, plugin: Plugin) -> Prepared:
        """The database, with this plugin's tables at their newest revision; nothing for a plugin without tables.

        Raises PluginError or DatabaseError.
        """
        tables = tables_of(plugin)
        if tables is None:
            return Prepared()
        others = [each for name, each in self._tables.items() if name != plugin.name]
        check_tables([*others, tables])
        (migrated,) = await trio.to_thread.run_sync(partial(upgrade, self._url, [tables]))
        self._tables[plugin.name] = tables
        if self._database is None:
            self._database = await self._stack.enter_async_context(open_database(self._url))
        return Prepared(self._database, migrated.after)


def tables_of(plugin: Plugin) -> PluginTables | None:
    """What the plugin keeps, None for nothing. Raises PluginError for tables without migrations."""
    if plugin.tables is None:
        return None
    if plugin.migrations is None:
        raise PluginError("plugin_tables", f"plugin {plugin.name!r} has tables but names no package of migrations")
    return PluginTables(plugin.name, plugin.tables, plugin.migrations, frozenset(plugin.claims))


def tables_in(catalog: Catalog) -> Sequence[PluginTables]:
    """Of all plugins that can run, in starting order."""
    plugins = [catalog.entries[name].plugin for name in catalog.runnable]
    found = [tables_of(plugin) for plugin in plugins if plugin is not None]
    return tuple(tables for tables in found if tables is not None)


@asynccontextmanager
async def open_storage(url: str) -> AsyncIterator[Prepare]:
    """What `open_plugins` wants as `prepare`; the database is closed at the end of the block, after the plugins."""
    async with AsyncExitStack() as stack:
        yield Storage(url, stack).prepare
