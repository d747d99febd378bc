# SPDX-License-Identifier: Apache-2.0
"""What all hosts of one process share besides the rooms: who is calling, and what can be asked for."""

from dataclasses import dataclass

from podium.core.config import AuthConfig
from podium.core.identity import Identities, open_identities
from podium.core.operations.builtin import OPERATIONS, OWNER, Context, OpenRooms
from podium.core.operations.dispatcher import Dispatcher
from podium.core.operations.registry import Registry


@dataclass(frozen=True, slots=True)
class Services:
    """Identities and operations. Plugins add theirs to both."""

    identities: Identities
    dispatcher: Dispatcher

    @property
    def registry(self) -> Registry:
        return self.dispatcher.registry


def open_services(rooms: OpenRooms, config: AuthConfig | None = None) -> Services:
    """Services that offer the core's own operations over these rooms."""
    config = config or AuthConfig()
    identities, registry = open_identities(config), Registry()
    for operation in OPERATIONS:
        registry.offer(OWNER, operation, Context(rooms, identities.tokens, config.token_lifetime))
    return Services(identities, Dispatcher(registry))
