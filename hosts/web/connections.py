# SPDX-License-Identifier: Apache-2.0
"""All signaling connections of one host: a limit on their number, and a polite end for all of them on shutdown."""

from dataclasses import dataclass
from typing import final

import trio

from podium.core.operations import Services
from podium.hosts.web.conversation import CLOSE_RESTART, CLOSE_TRY_LATER, Close
from podium.hosts.web.entrance import Entrance
from podium.hosts.web.signalling import Signalling
from podium.hosts.web.websocket import Socket

MAX_CONNECTIONS = 5000
GOODBYE_WITHIN = 3.0


@dataclass(frozen=True)
class ConnectionsStatistics:
    """`open`: sockets now; `refused`: turned away since the start because there were too many."""

    open: int
    refused: int


@final
class Connections:
    """Serves sockets, each in the task that brings it."""

    def __init__(self, rooms: Entrance, services: Services, *, limit: int = MAX_CONNECTIONS) -> None:
        self._rooms = rooms
        self._services = services
        self._limit = limit
        self._open: set[Signalling] = set()
        self._refused = 0
        self._closing = False
        self._empty = trio.Event()

    def statistics(self) -> ConnectionsStatistics:
        return ConnectionsStatistics(open=len(self._open), refused=self._refused)

    async def serve(self, socket: Socket) -> None:
        """Until this socket is done with. Returns, and raises nothing, whatever the peer does."""
        if self._closing or len(self._open) >= self._limit:
            self._refused += 1
            await socket.close(CLOSE_RESTART if self._closing else CLOSE_TRY_LATER, "too many connections")
            return
        signalling = Signalling(self._rooms, self._services, socket)
        self._open.add(signalling)
        try:
            await signalling.run()
        finally:
            self._open.discard(signalling)
            if not self._open:
                self._empty.set()

    async def close(self) -> None:
        """Tell every peer that the host restarts (1012), and wait a moment for them to be told."""
        self._closing = True
        self._empty = trio.Event()
        for signalling in self._open:
            signalling.end(Close(CLOSE_RESTART, "the host restarts"))
        if self._open:
            with trio.move_on_after(GOODBYE_WITHIN):
                await self._empty.wait()
