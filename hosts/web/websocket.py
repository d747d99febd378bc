# SPDX-License-Identifier: Apache-2.0
"""WebSockets with bounds in both directions.

Reading: from Quart 0.23 on, received messages wait in an unbounded queue, which undoes TCP's back-pressure;
`BoundedWebsocket` gives them a bounded one (older versions have one of ten and ignore `buffer_class`). Writing: an
`Outbox` per peer takes a fixed number of messages and never waits; a peer that lets it run over is too slow and is
dropped.
"""

from collections import deque
from contextlib import suppress
from typing import Protocol, final

import quart.wrappers.base
import trio
from quart_trio.wrappers import TrioWebsocket

# Raised by Quart 0.23 and newer when the peer hung up; older versions cancel the handler and have no such class.
ClientDisconnectedError: type[Exception] = getattr(quart.wrappers.base, "ClientDisconnectedError", EOFError)

HUNG_UP = (trio.BusyResourceError, trio.BrokenResourceError, trio.ClosedResourceError)
"""What closing raises when the peer closes at the same moment: hypercorn is already ending the connection."""

RECEIVE_LIMIT = 8
OUTBOX_LIMIT = 256


class Socket(Protocol):
    """As much of a WebSocket as signalling needs."""

    async def receive(self) -> str | bytes: ...
    async def send(self, data: str) -> None: ...
    async def close(self, code: int, reason: str = "") -> None: ...


class BoundedBuffer:
    """Received messages waiting for the application; when full, reading from the network waits."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[str | bytes](RECEIVE_LIMIT)

    async def put(self, data: str | bytes) -> None:
        await self._send.send(data)

    async def get(self) -> str | bytes:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise ClientDisconnectedError from None

    def disconnect(self) -> None:
        self._send.close()


class BoundedWebsocket(TrioWebsocket):
    """Quart's WebSocket with a bounded receive buffer."""

    buffer_class = BoundedBuffer


@final
class Outbox:
    """Messages on their way to one peer. One task runs `drain`; anybody may `put`."""

    def __init__(self, limit: int = OUTBOX_LIMIT) -> None:
        self._limit = limit
        self._messages: deque[str] = deque()
        self._wakeup = trio.Event()
        self._ending: tuple[int, str] | None = None

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def ending(self) -> bool:
        return self._ending is not None

    def put(self, message: str) -> bool:
        """False when the peer has not kept up: the message was not taken, and the peer should be dropped."""
        if self.ending:
            return True
        if len(self._messages) >= self._limit:
            return False
        self._messages.append(message)
        self._wakeup.set()
        return True

    def discard(self) -> None:
        """Forget what is waiting."""
        self._messages.clear()

    def finish(self, code: int, reason: str) -> None:
        """Close the socket once what is waiting was sent. The first call counts."""
        if self._ending is None:
            self._ending = (code, reason)
            self._wakeup.set()

    async def drain(self, socket: Socket) -> None:
        """Send until finished, then close the socket."""
        while True:
            while self._messages:
                await socket.send(self._messages.popleft())
            if self._ending is not None:
                with suppress(*HUNG_UP):
                    await socket.close(*self._ending)
                return
            self._wakeup = trio.Event()
            await self._wakeup.wait()
