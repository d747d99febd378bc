# SPDX-License-Identifier: Apache-2.0
"""Operations: typed requests, declared once and served by every host.

`declare` makes an `Operation` of an async function, a `Registry` holds what is on offer, and the one `Dispatcher`
authorizes, validates, calls with a deadline and counts. Hosts only translate: podium.hosts.web to REST and signaling.
"""

from .declaration import DeclarationError, Operation, declare
from .dispatcher import Dispatcher, OperationStatistics
from .errors import Kind, OperationError, kind_of
from .registry import Match, Offered, Registry
from .routes import Route
from .services import Services, open_services

__all__ = [
    "DeclarationError",
    "Dispatcher",
    "Kind",
    "Match",
    "Offered",
    "Operation",
    "OperationError",
    "OperationStatistics",
    "Registry",
    "Route",
    "Services",
    "declare",
    "kind_of",
    "open_services",
]
