# SPDX-License-Identifier: Apache-2.0
"""People in a room of a host, as the tests of the chat need them: what they ask and what they have been told."""

from typing import Any

import msgspec

from podium.core import Caller, Event, MessageReceived, PodiumError
from podium.core.identity import CallerRole
from podium.core.rooms.presence import LocalParticipant
from podium.plugins.chat.events import ChatMessageDeleted, ChatRulesChanged
from tests.builtin.host import BuiltinHost

SESSION = "algebra"


class Member:
    """Somebody in the room (or not any more), with a credential of a role."""

    def __init__(self, host: BuiltinHost, caller: Caller, presence: LocalParticipant | None = None) -> None:
        self.host = host
        self.caller = caller
        self.presence = presence

    async def call(self, operation: str, **fields: Any) -> Any:
        fields.setdefault("session_id", SESSION)
        return await self.host.call(operation, self.caller, **fields)

    async def send(self, text: str, **fields: Any) -> str:
        sent = await self.call("SendChatMessage", text=text, **fields)
        message_id: str = sent.message_id
        return message_id

    async def read(self, **fields: Any) -> list[str | None]:
        history = await self.call("ListChatMessages", **fields)
        return [each.text for each in history.messages]

    async def code(self, operation: str, **fields: Any) -> str:
        """The code with which an operation is refused, `ok` when it is not."""
        try:
            await self.call(operation, **fields)
        except PodiumError as error:
            return error.code
        return "ok"

    def told(self) -> list[Event]:
        """What was told since this was last asked, as far as it is about the chat."""
        assert self.presence is not None
        found: list[Event] = []
        while self.presence.events.statistics().current_buffer_used:
            found.append(self.presence.events.receive_nowait())
        return [each for each in found if isinstance(each, MessageReceived | ChatMessageDeleted | ChatRulesChanged)]

    def heard(self) -> list[str]:
        """The texts of messages since this was last asked."""
        return [each.text for each in self.told() if isinstance(each, MessageReceived)]


async def join(host: BuiltinHost, name: str, role: CallerRole = "student", session_id: str = SESSION) -> Member:
    presence = await host.rooms.join(session_id, name.lower(), name, role)
    return Member(host, Caller(role=role, subject=name.lower(), session_id=session_id), presence)


def outside(host: BuiltinHost, role: CallerRole, subject: str = "eve") -> Member:
    """Somebody with a credential who is not in the room."""
    caller = Caller(role=role, subject=subject)
    return Member(host, msgspec.structs.replace(caller, session_id=SESSION) if caller.in_room else caller)
