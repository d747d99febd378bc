# SPDX-License-Identifier: Apache-2.0
"""A person in a room without camera and microphone: the real signaling socket, and no media.

A thread reads what the host tells and answers its pings; the test asks and waits, with a deadline each time. Media has
its own tests in Podium; a plugin's logic is the same with and without.
"""

import itertools
import json
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any, final

try:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import ClientConnection, connect
except ImportError as error:
    raise ImportError('podium.hosts.testing needs more than Podium itself: pip install "podium[testing]"') from error

from podium.hosts.testing._client import CallError

ANSWER_WITHIN = 30.0
"""Seconds for an answer of the host."""
UNTOLD = frozenset({"Ping", "Pong"})
"""Messages that are no events."""

Message = dict[str, Any]


@final
class FakeParticipant:
    """Made by `Room.join`."""

    def __init__(self, url: str, token: str, session_id: str, display_name: str, role: str) -> None:
        self.session_id = session_id
        self.display_name = display_name
        self.role = role
        self.closed: str | None = None
        """Why the socket is closed, None while it is open."""
        self._messages: list[Message] = []
        self._untaken: list[Message] = []
        self._answers: dict[str, Message] = {}
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        self._socket: ClientConnection = self._open.enter_context(_connecting(url))
        self._reader = threading.Thread(target=self._read, name=f"fake participant {display_name}", daemon=True)
        self._reader.start()
        try:
            self._send("Join", session_id=session_id, display_name=display_name, token=token)
            self.joined = self._welcome()
            """The `Joined` message: the room as it was found."""
        except BaseException:
            self.close()
            raise
        self.participant_id: str = self.joined["participant_id"]

    def __repr__(self) -> str:
        return f"FakeParticipant({self.display_name!r}, role={self.role!r})"

    @property
    def events(self) -> list[Message]:
        """Everything told so far, in order, each as the browser gets it; answers of operations are not among them."""
        with self._changed:
            return list(self._messages)

    def call(self, operation: str, /, **fields: Any) -> Message:
        """Ask for an operation as this person; the response. Raises CallError."""
        request_id = str(next(self._numbers))
        self._send(operation, request_id=request_id, **fields)
        with self._changed:
            if not self._changed.wait_for(lambda: request_id in self._answers or self.closed, ANSWER_WITHIN):
                raise AssertionError(f"{operation} was not answered within {ANSWER_WITHIN:g} s")
            answer = self._answers.pop(request_id, None)
        if answer is None:
            raise CallError("socket_closed", f"{operation} was not answered: {self.closed}")
        if answer["type"] == "Error":
            raise CallError(answer["code"], answer["message"], answer.get("field"))
        return {name: value for name, value in answer.items() if name not in ("type", "request_id")}

    def wait_for(self, event: str, /, *, timeout: float = 10.0, **fields: Any) -> Message:
        """The next event of this type with these fields, one that was told already or comes within `timeout` seconds.

        Each event is given once, so that asking again waits for another one. Raises AssertionError.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while (found := self._take(event, fields)) is None:
                left = deadline - time.monotonic()
                if self.closed or not self._changed.wait(max(0.0, left)):
                    break
        if found is not None:
            return found
        wanted = f"{event}" + "".join(f" {name}={value!r}" for name, value in fields.items())
        why = f"before the end of the connection: {self.closed}" if self.closed else f"within {timeout:g} s"
        told = "".join(f"\n  {json.dumps(message)}" for message in self.events)
        raise AssertionError(f"{self.display_name} was not told {wanted} {why}; told was:{told or ' nothing'}")

    def leave(self) -> None:
        """Leave the room, and return when the host has said goodbye. Does nothing when the socket is closed already."""
        if self.closed is None:
            self._send("Leave")
            self._reader.join(ANSWER_WITHIN)
        self.close()

    def close(self) -> None:
        """Hang up, as a browser does whose page is closed."""
        self._open.close()
        self._reader.join(ANSWER_WITHIN)

    def _take(self, event: str, fields: Mapping[str, Any]) -> Message | None:
        for message in self._untaken:
            if message["type"] == event and all(message.get(name) == value for name, value in fields.items()):
                self._untaken.remove(message)
                return message
        return None

    def _welcome(self) -> Message:
        """The answer to Join."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._messages or self.closed, ANSWER_WITHIN):
                raise AssertionError(f"Join was not answered within {ANSWER_WITHIN:g} s")
            answer = self._messages[0] if self._messages else {"type": "Error", "code": "socket_closed"}
        if answer["type"] == "Error":
            raise CallError(answer["code"], answer.get("message", str(self.closed)), answer.get("field"))
        return answer

    def _send(self, type_: str, **fields: Any) -> None:
        try:
            self._socket.send(json.dumps({"type": type_, **fields}))
        except ConnectionClosed as error:
            raise CallError("socket_closed", f"{type_} cannot be sent: {error}") from error

    def _read(self) -> None:
        """Until the socket is closed, by whichever side."""
        why = "closed"
        try:
            while True:
                self._heard(json.loads(self._socket.recv()))
        except ConnectionClosed as error:
            why = str(error)
        finally:
            with self._changed:
                self.closed = why
                self._changed.notify_all()

    def _heard(self, message: Message) -> None:
        if message["type"] == "Ping":
            self._socket.send(json.dumps({"type": "Pong"}))
        with self._changed:
            if "request_id" in message:
                self._answers[message["request_id"]] = message
            elif message["type"] not in UNTOLD:
                self._messages.append(message)
                self._untaken.append(message)
            self._changed.notify_all()


def _connecting(url: str) -> AbstractContextManager[ClientConnection]:
    """No compression, which the host does not offer; no proxy between a test and its host; no pings beside ours."""
    address = url.replace("http", "ws", 1) + "/signal"
    return connect(
        address, compression=None, proxy=None, ping_interval=None, open_timeout=ANSWER_WITHIN, close_timeout=5
    )
