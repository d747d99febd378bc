# SPDX-License-Identifier: Apache-2.0
"""Operations of plugins: on offer while their plugin runs, and gone with it."""

import logging
from collections.abc import Mapping
from typing import final

import msgspec

from podium.core.identity.caller import Caller
from podium.core.operations.declaration import DeclarationError
from podium.core.operations.dispatcher import Dispatcher
from podium.core.plugins.context import PluginContext
from podium.core.plugins.plugin import Plugin

logger = logging.getLogger(__name__)


@final
class OperationsAccess:
    """Operations as a plugin calls them: in its own name, with the rights of a service."""

    def __init__(self, dispatcher: Dispatcher, plugin: str) -> None:
        self._dispatcher = dispatcher
        self._caller = Caller(role="service", subject=f"plugin:{plugin}")

    async def call(self, name: str, request: msgspec.Struct | Mapping[str, object]) -> msgspec.Struct:
        """The response to a request, given as its struct or, where that is another plugin's, as its fields.

        Raises PodiumError.
        """
        return await self._dispatcher.call(name, request, self._caller)


@final
class OperationOffer:
    """A PluginWatcher that keeps a dispatcher's registry in line with what runs."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def plugin_started(self, plugin: Plugin, context: PluginContext) -> None:
        context.operations = OperationsAccess(self._dispatcher, plugin.name)
        for operation in plugin.operations.values():
            try:
                self._dispatcher.registry.offer(plugin.name, operation, context)
            except DeclarationError as error:
                logger.error("operation cannot be offered", extra={"plugin": plugin.name, "problem": error.message})

    def plugin_stopped(self, name: str) -> None:
        self._dispatcher.withdraw(name)
