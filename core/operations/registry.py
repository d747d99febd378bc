# SPDX-License-Identifier: Apache-2.0
"""Which operations are on offer, by whom, and by which routes.

Hosts look here at every request and keep nothing, so that an owner who withdraws leaves nothing behind.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, final

from podium.core.operations.declaration import DeclarationError, Operation


class Offered(NamedTuple):
    """An operation with its owner and what its function gets as `context`."""

    owner: str
    operation: Operation
    context: Any


class Match(NamedTuple):
    """What a path leads to: an operation and the fields in the path, or the methods that the path does know."""

    offered: Offered | None
    fields: dict[str, str]
    methods: tuple[str, ...]


@final
class Registry:
    """`version` changes with every change, for what is derived from all operations."""

    def __init__(self) -> None:
        self.version = 0
        self._offered: dict[str, Offered] = {}

    def __iter__(self) -> Iterator[Offered]:
        """In the order in which they were offered."""
        return iter(tuple(self._offered.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._offered

    def names(self) -> Collection[str]:
        """The names of all operations at this moment."""
        return self._offered.keys()

    def get(self, name: str) -> Offered | None:
        return self._offered.get(name)

    def offer(self, owner: str, operation: Operation, context: Any = None) -> None:
        """Serve it from now on. Raises DeclarationError when the name or the route is taken."""
        for other in self:
            if other.operation.name == operation.name:
                raise DeclarationError(
                    "operation_exists", f"operation {operation.name} of {owner} is there already, from {other.owner}"
                )
            route, taken = operation.route, other.operation.route
            if (route.method, route.shape) == (taken.method, taken.shape):
                raise DeclarationError(
                    "operation_exists",
                    f"operation {operation.name} of {owner}: {route.method} {route.path} already leads to "
                    f"{other.operation.name} of {other.owner}",
                )
        self._offered[operation.name] = Offered(owner, operation, context)
        self.version += 1

    def withdraw(self, owner: str) -> None:
        """Forget all operations of one owner."""
        self._offered = {name: offered for name, offered in self._offered.items() if offered.owner != owner}
        self.version += 1

    def match(self, method: str, path: str) -> Match:
        """Where a path such as `/rooms/algebra` leads; of several routes, the one with the first literal segment."""
        segments = tuple(path.split("/")[1:])
        matches = [
            (offered.operation.route, offered, fields)
            for offered in self._offered.values()
            if (fields := offered.operation.route.match(segments)) is not None
        ]
        fitting = [match for match in matches if match[0].method == method]
        if not fitting:
            return Match(None, {}, tuple(sorted({route.method for route, _, _ in matches})))
        _, offered, fields = min(fitting, key=lambda match: [segment == "{}" for segment in match[0].shape])
        return Match(offered, fields, (method,))
