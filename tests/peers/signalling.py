# SPDX-License-Identifier: Apache-2.0
"""A synchronous client of Podium's signaling WebSocket: JSON messages out, everything that comes in kept for tests."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Message = dict[str, Any]


class SignallingError(Exception):
    """The server answered a request with `Error`, hung up, or did not answer in time."""


class Signalling:
    """One WebSocket; a thread of its own reads it."""

    def __init__(self, url: str) -> None:
        self._open = ExitStack()
        connecting = connect(url, compression=None, proxy=None, max_size=None, max_queue=None)
        self._socket: ClientConnection = self._open.enter_context(connecting)
        self._changed = threading.Condition()
        self.messages: list[Message] = []
        self.closed: tuple[int | None, str] | None = None
        self._thread = threading.Thread(target=self._read, name="signalling")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()
        self._thread.join()

    def send(self, type_: str, **fields: Any) -> None:
        self.send_raw(json.dumps({"type": type_, **fields}))

    def send_raw(self, text: str | bytes) -> None:
        self._socket.send(text)

    def request(self, type_: str, *, answers: str | Iterable[str], timeout: float = 10, **fields: Any) -> Message:
        """Send a message and return the next one of the wanted types; an `Error` raises."""
        wanted = {answers} if isinstance(answers, str) else set(answers)
        since = len(self.messages)
        self.send(type_, **fields)
        answer = self.wait_for(lambda message: message["type"] in wanted | {"Error"}, since=since, timeout=timeout)
        if answer["type"] == "Error" and "Error" not in wanted:
            raise SignallingError(f"{type_} was answered with {answer}")
        return answer

    def wait_for(self, accepts: Callable[[Message], bool], *, since: int = 0, timeout: float = 10) -> Message:
        """The first message from index `since` that `accepts` likes, now or within `timeout`."""
        deadline = time.monotonic() + timeout
        with self._changed:
            position = since
            while True:
                for message in self.messages[position:]:
                    if accepts(message):
                        return message
                position = max(position, len(self.messages))
                self._wait_for_more(deadline)

    def wait_for_type(self, type_: str, *, since: int = 0, timeout: float = 10, **fields: Any) -> Message:
        """The first message of a type whose fields have these values."""
        expected = {"type": type_, **fields}
        return self.wait_for(lambda message: expected.items() <= message.items(), since=since, timeout=timeout)

    def of_type(self, type_: str) -> list[Message]:
        with self._changed:
            return [message for message in self.messages if message["type"] == type_]

    def _wait_for_more(self, deadline: float) -> None:
        if self.closed is not None:
            raise SignallingError(f"the server closed with {self.closed}; it had sent {self.messages[-5:]}")
        if not self._changed.wait(deadline - time.monotonic()):
            raise SignallingError(f"not in time; the last messages were {self.messages[-5:]}")

    def _read(self) -> None:
        closed: tuple[int | None, str] = (None, "")
        try:
            for text in self._socket:
                self._take(json.loads(text))
        except ConnectionClosed as error:
            closed = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (None, str(error))
        with self._changed:
            self.closed = closed
            self._changed.notify_all()

    def _take(self, message: Message) -> None:
        if message["type"] == "Ping":
            self.send("Pong", id=message["id"])
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
