# SPDX-License-Identifier: Apache-2.0
"""Outboxes and receive buffers are bounded and end in order."""

import pytest
import trio
import trio.testing

from podium.hosts.web.websocket import RECEIVE_LIMIT, BoundedBuffer, ClientDisconnectedError, Outbox


class Wire:
    """A socket that keeps what it was given; with `open` unset, sends wait."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.open = trio.Event()
        self.open.set()

    async def receive(self) -> str:
        raise AssertionError

    async def send(self, data: str) -> None:
        await self.open.wait()
        self.sent.append(data)

    async def close(self, code: int, reason: str = "") -> None:
        self.closed = (code, reason)


async def test_messages_leave_in_order_and_the_close_comes_last(nursery: trio.Nursery) -> None:
    outbox, wire = Outbox(), Wire()
    nursery.start_soon(outbox.drain, wire)
    outbox.put("a")
    await trio.testing.wait_all_tasks_blocked()
    outbox.put("b")
    outbox.finish(1000, "done")
    outbox.put("too late")
    await trio.testing.wait_all_tasks_blocked()
    assert wire.sent == ["a", "b"]
    assert wire.closed == (1000, "done")


async def test_a_peer_that_does_not_keep_up_is_told_from_others(nursery: trio.Nursery) -> None:
    outbox, wire = Outbox(limit=3), Wire()
    wire.open = trio.Event()
    nursery.start_soon(outbox.drain, wire)
    assert outbox.put("in flight")
    await trio.testing.wait_all_tasks_blocked()
    assert [outbox.put(str(n)) for n in range(4)] == [True, True, True, False]
    assert len(outbox) == 3
    nursery.cancel_scope.cancel()


async def test_what_is_discarded_is_not_sent() -> None:
    outbox, wire = Outbox(), Wire()
    outbox.put("a")
    outbox.discard()
    outbox.finish(1008, "slow")
    outbox.finish(1000, "a second reason does not count")
    await outbox.drain(wire)
    assert wire.sent == []
    assert wire.closed == (1008, "slow")


async def test_a_full_receive_buffer_makes_the_network_wait() -> None:
    buffer = BoundedBuffer()
    for n in range(RECEIVE_LIMIT):
        await buffer.put(str(n))
    with trio.move_on_after(0) as scope:
        await buffer.put("one more")
    assert scope.cancelled_caught
    assert await buffer.get() == "0"
    await buffer.put("now")


async def test_a_buffer_says_when_the_peer_is_gone() -> None:
    buffer = BoundedBuffer()
    await buffer.put("last words")
    buffer.disconnect()
    assert await buffer.get() == "last words"
    with pytest.raises(ClientDisconnectedError):
        await buffer.get()
