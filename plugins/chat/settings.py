# SPDX-License-Identifier: Apache-2.0
"""Reading and changing the rules of a session: kept first, then told to the open rooms that they hold in."""

from datetime import UTC, datetime

from podium.core import Caller, PluginContext
from podium.plugins.chat import store
from podium.plugins.chat.events import ChatRulesChanged, ChatRulesUpdated
from podium.plugins.chat.people import member, present, ruler
from podium.plugins.chat.requests import ChatRules, GetChatRules, UpdateChatRules, UpdatedChatRules
from podium.plugins.chat.rooms import ChatRoom, ChatRooms
from podium.plugins.chat.rules import changed, check_not_over, rules_for


async def get(context: PluginContext, rooms: ChatRooms, caller: Caller, request: GetChatRules) -> ChatRules:
    """The rules that hold in a session. Raises PodiumError."""
    if caller.role == "instructor":
        await ruler(context, request.session_id, caller)
    else:
        member(context, request.session_id, caller)
    return await rooms.get(request.session_id).rules(context)


async def update(
    context: PluginContext, rooms: ChatRooms, caller: Caller, request: UpdateChatRules
) -> UpdatedChatRules:
    """Change the rules of a class or a series. Raises PodiumError."""
    await ruler(context, request.session_id, caller)
    check_not_over(await context.sessions.get(request.session_id))
    room = rooms.get(request.session_id)
    async with room.lock:
        before = await room.load(context)
        rules = changed(before, request)
        if rules == before:
            return UpdatedChatRules(rules=rules, changed=False)
        await context.database.run(store.keep_rules, request.session_id, rules, datetime.now(UTC))
        _apply(context, room, rules)
    for other in rooms.of_series(request.session_id):
        await _follow(context, other)
    context.emit(
        ChatRulesUpdated(
            session_id=request.session_id,
            actor_id=caller.subject,
            enabled=rules.enabled,
            public=rules.public,
            private=rules.private,
        )
    )
    return UpdatedChatRules(rules=rules, changed=True)


async def _follow(context: PluginContext, room: ChatRoom) -> None:
    """The rules of a class's series have changed, which matters to it unless it has its own."""
    async with room.lock:
        before = await room.load(context)
        session = await context.sessions.get(room.session_id)
        rules = await rules_for(context, room.session_id, session)
        if rules != before:
            _apply(context, room, rules)


def _apply(context: PluginContext, room: ChatRoom, rules: ChatRules) -> None:
    room.set_rules(rules)
    if present(context, room.session_id):
        context.rooms.send(room.session_id, ChatRulesChanged(rules=rules))
