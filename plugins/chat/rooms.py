# SPDX-License-Identifier: Apache-2.0
"""What is known of rooms while they are open: the rules that hold, how often people wrote, and a lock.

Whoever writes into the chat of a room (a message, a deletion, rules) and tells of it does both under the room's lock,
so everybody is told in the order in which it is kept. A reader passes through the lock before reading: whoever was in
the room too late to be told of a message finds it then.
"""

from collections.abc import Callable
from typing import final

import trio

from podium.core import PluginContext
from podium.plugins.chat.limits import Buckets
from podium.plugins.chat.requests import ChatRules
from podium.plugins.chat.rules import rules_for


@final
class ChatRoom:
    """The chat of one class."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.lock = trio.Lock()
        self.buckets = Buckets()
        self.series_id = session_id
        """The session that this class belongs to; its own id when it is alone."""
        self._rules: ChatRules | None = None

    async def rules(self, context: PluginContext) -> ChatRules:
        """The rules that hold now."""
        if self._rules is None:
            async with self.lock:
                await self.load(context)
        assert self._rules is not None
        return self._rules

    async def load(self, context: PluginContext) -> ChatRules:
        """Read the rules, unless that was done; the caller has the lock."""
        if self._rules is None:
            session = await context.sessions.get(self.session_id)
            if session is not None:
                self.series_id = session.session_id
            self._rules = await rules_for(context, self.session_id, session)
        return self._rules

    def set_rules(self, rules: ChatRules) -> None:
        """They have changed; the caller has the lock."""
        self._rules = rules

    async def settle(self) -> None:
        """Return when what is being written at this moment has been."""
        async with self.lock:
            pass


@final
class ChatRooms:
    """The rooms by their ids. Only those that are open are kept."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._rooms: dict[str, ChatRoom] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, session_id: str) -> ChatRoom:
        """The chat of a class; of one that is not open, an object for this moment."""
        room = self._rooms.get(session_id)
        if room is None:
            room = ChatRoom(session_id)
            if self._is_open(session_id):
                self._rooms[session_id] = room
        return room

    def of_series(self, session_id: str) -> list[ChatRoom]:
        """The open classes of a series whose rules are known, the class of this id itself left out."""
        return [room for room in self._rooms.values() if session_id == room.series_id != room.session_id]

    def closed(self, session_id: str) -> None:
        """Forget a room, unless it is open again."""
        if not self._is_open(session_id):
            self._rooms.pop(session_id, None)
