# SPDX-License-Identifier: Apache-2.0
"""The chat as a plugin: its operations, events, panel and task."""

from typing import NamedTuple

from podium.core import LEADING, ROLES, Caller, Plugin, PluginContext, RoomView
from podium.plugins.chat import exporting, history, pruning, sending, settings
from podium.plugins.chat._config import ChatConfig
from podium.plugins.chat.counting import Counts
from podium.plugins.chat.events import ChatMessageDeleted, ChatRulesChanged
from podium.plugins.chat.requests import (
    ChatExport,
    ChatHistory,
    ChatRules,
    DeleteChatMessage,
    DeletedChatMessage,
    ExportChat,
    GetChatRules,
    ListChatMessages,
    SendChatMessage,
    SentChatMessage,
    UpdateChatRules,
    UpdatedChatRules,
)
from podium.plugins.chat.rooms import ChatRooms
from podium.plugins.chat.tables import metadata

ABOVE = ("service", "administrator")


class Chat(NamedTuple):
    """What the plugin keeps while it runs."""

    rooms: ChatRooms
    counts: Counts


plugin = Plugin(
    "chat",
    version="1.0",
    config=ChatConfig,
    tables=metadata,
    migrations="podium.plugins.chat.migrations",
    static="podium.plugins.chat",
)
plugin.panel("chat", title="Chat", module="panel.js", roles=ROLES, eager=True)
plugin.event(ChatMessageDeleted)
plugin.event(ChatRulesChanged)
plugin.task(pruning.prune)


@plugin.on_start
async def open_chat(context: PluginContext) -> None:
    """Made anew each time the plugin is enabled."""

    def is_open(session_id: str) -> bool:
        return any(room.session_id == session_id for room in context.rooms.list())

    context.state = Chat(ChatRooms(is_open), Counts(context))


@plugin.hook
async def room_closed(context: PluginContext, room: RoomView, reason: str) -> None:
    context.state.rooms.closed(room.session_id)


@plugin.operation(roles=ROLES, rest="POST /sessions/{session_id}/chat")
async def send_chat_message(context: PluginContext, caller: Caller, request: SendChatMessage) -> SentChatMessage:
    """Write to everybody in the class, or privately to its instructors and assistants.

    Other plugins may refuse a message, with codes of their own. `too_many_messages` says how long to wait.
    """
    chat: Chat = context.state
    with chat.counts.refusals():
        sent, is_new = await sending.send(context, chat.rooms.get(request.session_id), caller, request)
    if is_new:
        chat.counts.sent(private=request.private or request.to is not None)
    return sent


@plugin.operation(roles=(*ROLES, *ABOVE), rest="GET /sessions/{session_id}/chat")
async def list_chat_messages(context: PluginContext, caller: Caller, request: ListChatMessages) -> ChatHistory:
    """Read the chat, a page at a time: what was written to everybody, and what is private to the caller.

    Instructors and assistants read all private messages, services and administrators everything.
    """
    return await history.page(context, context.state.rooms.get(request.session_id), caller, request)


@plugin.operation(roles=(*ROLES, *ABOVE), rest="DELETE /sessions/{session_id}/chat/{message_id}")
async def delete_chat_message(context: PluginContext, caller: Caller, request: DeleteChatMessage) -> DeletedChatMessage:
    """Delete the text of a message for good: one's own, or as somebody who leads anybody's."""
    return await history.delete(context, context.state.rooms.get(request.session_id), caller, request)


@plugin.operation(roles=(*ROLES, *ABOVE), rest="GET /sessions/{session_id}/chat-rules")
async def get_chat_rules(context: PluginContext, caller: Caller, request: GetChatRules) -> ChatRules:
    """Who may write in a session."""
    return await settings.get(context, context.state.rooms, caller, request)


@plugin.operation(roles=(*LEADING, *ABOVE), rest="PATCH /sessions/{session_id}/chat-rules")
async def update_chat_rules(context: PluginContext, caller: Caller, request: UpdateChatRules) -> UpdatedChatRules:
    """Switch the chat of a session off or on, and say who may write in it."""
    return await settings.update(context, context.state.rooms, caller, request)


@plugin.operation(roles=(*LEADING, *ABOVE), rest="GET /sessions/{session_id}/chat/export")
async def export_chat(context: PluginContext, caller: Caller, request: ExportChat) -> ChatExport:
    """Read the whole chat of a class, a part at a time, during the class and afterwards.

    Messages that were deleted are in it without their text, private ones only when they are asked for.
    """
    return await exporting.export(context, context.state.rooms.get(request.session_id), caller, request)
