# SPDX-License-Identifier: Apache-2.0
"""Reading what was written, and deleting it: the text goes for good, that something was there stays."""

from datetime import UTC, datetime

from podium.core import Caller, OperationError, ParticipantView, PluginContext
from podium.plugins.chat import store
from podium.plugins.chat.events import ChatMessageDeleted, ChatMessageRemoved
from podium.plugins.chat.people import leads, member, present
from podium.plugins.chat.requests import (
    ChatDeletion,
    ChatHistory,
    ChatMessage,
    DeleteChatMessage,
    DeletedChatMessage,
    ListChatMessages,
)
from podium.plugins.chat.rooms import ChatRoom
from podium.plugins.chat.rules import check_reader


async def page(context: PluginContext, room: ChatRoom, caller: Caller, request: ListChatMessages) -> ChatHistory:
    """A page of what the caller may read. Raises PodiumError."""
    if request.before is not None and request.after is not None:
        raise OperationError("invalid", "page_invalid", "give `before` or `after`, not both", "after")
    reader = member(context, request.session_id, caller)
    check_reader(await room.rules(context), reader)
    await room.settle()
    query = store.Query(
        session_id=request.session_id,
        viewer=None if reader is None or leads(reader) else reader.participant_id,
        direction="after" if request.after is not None else "before",
        cursor=request.after or request.before,
        limit=request.limit,
    )
    found, more = await context.database.read(store.page, query)
    return ChatHistory(messages=tuple(found), more=more)


async def delete(
    context: PluginContext, room: ChatRoom, caller: Caller, request: DeleteChatMessage
) -> DeletedChatMessage:
    """Delete a message, as somebody who leads or its author. Raises PodiumError."""
    somebody = member(context, request.session_id, caller)
    check_reader(await room.rules(context), somebody)
    deletion = ChatDeletion(
        participant_id=None if somebody is None else somebody.participant_id,
        display_name=None if somebody is None else somebody.display_name,
        at=datetime.now(UTC),
    )
    async with room.lock:
        message: ChatMessage | None = await context.database.read(store.find, request.session_id, request.message_id)
        if message is None or not (somebody is None or may_read(message, somebody)):
            raise store.message_unknown(request.message_id)
        if somebody is not None and not leads(somebody) and message.sender.participant_id != somebody.participant_id:
            raise OperationError("forbidden", "forbidden", "you may delete your own messages", "message_id")
        changed: bool = await context.database.run(store.erase, request.session_id, request.message_id, deletion)
        if changed:
            _tell(context, room, message, deletion)
    if changed:
        context.emit(
            ChatMessageRemoved(
                session_id=room.session_id,
                actor_id=caller.subject,
                participant_id=message.sender.participant_id,
                message_id=message.message_id,
                private=message.private,
            )
        )
    return DeletedChatMessage(message_id=request.message_id, changed=changed)


def may_read(message: ChatMessage, reader: ParticipantView) -> bool:
    """Whether a message is for somebody in the room."""
    named = (message.sender.participant_id, message.to.participant_id if message.to is not None else None)
    return not message.private or leads(reader) or reader.participant_id in named


def _tell(context: PluginContext, room: ChatRoom, message: ChatMessage, deletion: ChatDeletion) -> None:
    event = ChatMessageDeleted(message_id=message.message_id, deleted_by=deletion)
    people = present(context, room.session_id)
    if not message.private and people:
        context.rooms.send(room.session_id, event)
        return
    for each in people:
        view = ParticipantView(participant_id=each.participant_id, display_name=each.display_name, role=each.role)
        if may_read(message, view):
            context.rooms.send(room.session_id, event, participant_id=each.participant_id)
