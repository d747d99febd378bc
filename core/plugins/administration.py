# SPDX-License-Identifier: Apache-2.0
"""Plugins for administrators: what runs, with its counters, and the switch of each.

The facts are those of `podium plugins`, as they are in the running host.
"""

from typing import Protocol

import msgspec

from podium.core.identity.caller import Caller
from podium.core.operations.declaration import declare
from podium.core.operations.registry import Registry
from podium.core.plugins.report import PluginReport

OWNER = "core"
ADMINISTRATOR = ("administrator",)


class Switches(Protocol):
    """What these operations ask of podium.core.plugins.manager.Plugins."""

    def reports(self) -> tuple[PluginReport, ...]: ...
    def order(self) -> dict[str, tuple[str, ...]]: ...
    async def enable(self, name: str) -> None: ...
    async def disable(self, name: str) -> None: ...


class ListPlugins(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to say."""


class PluginList(msgspec.Struct, frozen=True, kw_only=True):
    """Every plugin installed or enabled, those that can run in starting order first; each hook's order of calls."""

    plugins: tuple[PluginReport, ...]
    hooks: dict[str, tuple[str, ...]]


class EnablePlugin(msgspec.Struct, frozen=True, kw_only=True):
    """Which plugin."""

    name: str


class DisablePlugin(msgspec.Struct, frozen=True, kw_only=True):
    """Which plugin."""

    name: str


async def list_plugins(context: Switches, caller: Caller, request: ListPlugins) -> PluginList:
    """What is installed and what runs, with versions, states, errors, hooks and their counters."""
    return PluginList(plugins=context.reports(), hooks=context.order())


async def enable_plugin(context: Switches, caller: Caller, request: EnablePlugin) -> PluginList:
    """Start an installed plugin now, until this host ends; the configuration stays as it is."""
    await context.enable(request.name)
    return PluginList(plugins=context.reports(), hooks=context.order())


async def disable_plugin(context: Switches, caller: Caller, request: DisablePlugin) -> PluginList:
    """Stop a plugin now, until this host ends; the configuration stays as it is."""
    await context.disable(request.name)
    return PluginList(plugins=context.reports(), hooks=context.order())


OPERATIONS = (
    declare(list_plugins, roles=ADMINISTRATOR, rest="GET /plugins", any_session=True),
    declare(enable_plugin, roles=ADMINISTRATOR, rest="POST /plugins/{name}/enable", any_session=True, deadline=60),
    declare(disable_plugin, roles=ADMINISTRATOR, rest="POST /plugins/{name}/disable", any_session=True, deadline=60),
)


def offer_administration(registry: Registry, plugins: Switches) -> None:
    """Put the operations above on offer."""
    for operation in OPERATIONS:
        registry.offer(OWNER, operation, plugins)
