# SPDX-License-Identifier: Apache-2.0
"""Operations of plugins: on offer while their plugin runs, and gone with it; and how plugins call operations."""

import logging
from collections.abc import Mapping
from typing import Any, TypeVar, final, overload

import msgspec

from podium.core.identity.caller import Caller
from podium.core.operations.declaration import DeclarationError
from podium.core.operations.dispatcher import Dispatcher
from podium.core.plugins.context import PluginContext
from podium.core.plugins.plugin import Plugin

Request = msgspec.Struct | Mapping[str, object]
Response = TypeVar("Response", bound=msgspec.Struct)

logger = logging.getLogger(__name__)


@final
class OperationsAccess:
    """Operations as a plugin calls them: in its own name, with the rights of a service."""

    def __init__(self, dispatcher: Dispatcher, plugin: str) -> None:
        self._dispatcher = dispatcher
        self._caller = Caller(role="service", subject=f"plugin:{plugin}")

    @overload
    async def call(self, name: str, request: Request) -> msgspec.Struct: ...
    @overload
    async def call(self, name: str, request: Request, response: type[Response]) -> Response: ...
    async def call(self, name: str, request: Request, response: type[Any] = msgspec.Struct) -> Any:
        """The response to a request, which is the operation's own struct or a mapping with its fields.

        `response` says which struct is expected, for type checkers. Raises PodiumError.
        """
        answer = await self._dispatcher.call(name, request, self._caller)
        if not isinstance(answer, response):
            raise TypeError(f"{name} answers with {type(answer).__name__}, not with {response.__name__}")
        return answer


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
