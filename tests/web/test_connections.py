# SPDX-License-Identifier: Apache-2.0
"""The number of connections has a limit, and all of them end politely."""

from typing import Any

import trio
import trio.testing

from podium.core.operations import open_services
from podium.hosts.web.connections import Connections


class Wire:
    """A socket whose peer says nothing."""

    def __init__(self) -> None:
        self.closed: int | None = None

    async def receive(self) -> str:
        await trio.sleep_forever()
        raise AssertionError

    async def send(self, data: str) -> None:
        raise AssertionError

    async def close(self, code: int, reason: str = "") -> None:
        self.closed = code


async def test_more_than_the_limit_are_turned_away(nursery: trio.Nursery) -> None:
    rooms: Any = None
    connections, first, second = Connections(rooms, open_services(rooms), limit=1), Wire(), Wire()
    nursery.start_soon(connections.serve, first)
    await trio.testing.wait_all_tasks_blocked()
    await connections.serve(second)
    assert (first.closed, second.closed) == (None, 1013)
    assert connections.statistics().refused == 1
    nursery.cancel_scope.cancel()


async def test_closing_ends_all_and_lets_nobody_in(nursery: trio.Nursery) -> None:
    rooms: Any = None
    connections, wires = Connections(rooms, open_services(rooms)), [Wire() for _ in range(3)]
    for wire in wires:
        nursery.start_soon(connections.serve, wire)
    await trio.testing.wait_all_tasks_blocked()
    await connections.close()
    late = Wire()
    await connections.serve(late)
    assert {wire.closed for wire in [*wires, late]} == {1012}
    assert connections.statistics().open == 0
