# SPDX-License-Identifier: Apache-2.0
"""A message on its way: checked, put before the other plugins, kept, told.

It is kept after the last plugin has let it go and before anybody is told (`keep` of `send_message`). So one that was
refused was never in the database, and one that somebody has read always is, whenever the host is killed: in between, a
message is kept that was allowed and that people find when they are back. When it cannot be kept, it is not told.
"""

import secrets
from datetime import UTC, datetime

import trio

from podium.core import (
    LEADING,
    Caller,
    Message,
    MessageReceived,
    MessageSender,
    OperationError,
    ParticipantView,
    PluginContext,
    RoomError,
)
from podium.plugins.chat import store
from podium.plugins.chat.events import ChatMessageSent
from podium.plugins.chat.limits import Limit
from podium.plugins.chat.people import leaders, member, presence_of
from podium.plugins.chat.requests import ChatAddressee, ChatMessage, SendChatMessage, SentChatMessage
from podium.plugins.chat.rooms import ChatRoom
from podium.plugins.chat.rules import check_writer
from podium.plugins.chat.texts import checked_text

TOPIC = "chat"


async def send(
    context: PluginContext, room: ChatRoom, caller: Caller, request: SendChatMessage
) -> tuple[SentChatMessage, bool]:
    """Send a message; whether it is a new one, and not asked for again. Raises PodiumError."""
    sender = member(context, request.session_id, caller)
    assert sender is not None  # only roles of a room may ask
    text, to = checked_text(request.text), _addressee(context, request, sender)
    private = request.private or to is not None
    check_writer(await room.rules(context), sender, private=private)
    if (earlier := await _earlier(context, request, sender)) is not None:
        return earlier, False
    _check_pace(context, room, sender)
    message = ChatMessage(
        message_id=request.message_id or secrets.token_urlsafe(15),
        at=datetime.now(UTC),
        sender=MessageSender(participant_id=sender.participant_id, display_name=sender.display_name, role=sender.role),
        text=text,
        private=private,
        to=to,
        deleted=None,
    )
    await _bring(context, room, message, sender)
    context.emit(
        ChatMessageSent(
            session_id=room.session_id,
            actor_id=sender.participant_id,
            participant_id=to.participant_id if to is not None else None,
            message_id=message.message_id,
            length=len(text),
            private=private,
        )
    )
    return SentChatMessage(message_id=message.message_id, at=message.at), True


async def _bring(context: PluginContext, room: ChatRoom, message: ChatMessage, sender: ParticipantView) -> None:
    """Put a message before the other plugins, keep it, tell it."""
    told = _readers(context, room, message)
    is_locked = False

    async def keep(_: Message) -> None:
        nonlocal is_locked
        await room.lock.acquire()
        is_locked = True
        check_writer(await room.load(context), sender, private=message.private)
        await context.database.run(store.add, room.session_id, message, context.config.max_messages)

    try:
        await context.rooms.send_message(_outgoing(room, message, sender, told), keep=keep)
        _tell_newcomers(context, room, message, told)
    finally:
        if is_locked:
            room.lock.release()


def _readers(context: PluginContext, room: ChatRoom, message: ChatMessage) -> tuple[str, ...]:
    """Who of those who are here reads a message: nobody named means everybody. A private one always names somebody."""
    if not message.private:
        return ()
    to = () if message.to is None else (message.to.participant_id,)
    return tuple(dict.fromkeys((message.sender.participant_id, *to, *leaders(context, room.session_id))))


def _outgoing(room: ChatRoom, message: ChatMessage, sender: ParticipantView, told: tuple[str, ...]) -> Message:
    return Message(
        session_id=room.session_id,
        topic=TOPIC,
        text=message.text or "",
        sender=sender,
        to=told,
        message_id=message.message_id,
        at=message.at,
    )


def _tell_newcomers(context: PluginContext, room: ChatRoom, message: ChatMessage, told: tuple[str, ...]) -> None:
    """A private message was put before the plugins when these did not lead yet, or were not here."""
    for each in leaders(context, room.session_id) if message.private else ():
        if each not in told:
            event = MessageReceived(
                message_id=message.message_id,
                topic=TOPIC,
                text=message.text or "",
                sender=message.sender,
                to=told,
                at=message.at,
            )
            context.rooms.send(room.session_id, event, participant_id=each)


def _addressee(context: PluginContext, request: SendChatMessage, sender: ParticipantView) -> ChatAddressee | None:
    if request.to is None:
        return None
    if sender.role not in LEADING:
        raise OperationError("forbidden", "forbidden", "students write privately to the instructors only", "to")
    if request.to == sender.participant_id:
        raise OperationError("invalid", "to_invalid", "this is yourself", "to")
    found = presence_of(context, request.session_id, request.to)
    if found is None:
        raise RoomError("participant_unknown", f"nobody with id {request.to!r} is here", "to")
    return ChatAddressee(participant_id=found.participant_id, display_name=found.display_name)


async def _earlier(context: PluginContext, request: SendChatMessage, sender: ParticipantView) -> SentChatMessage | None:
    """The message of this id, if its sender asks again because the first answer did not arrive."""
    if request.message_id is None:
        return None
    found: ChatMessage | None = await context.database.read(store.find, request.session_id, request.message_id)
    if found is None or found.sender.participant_id != sender.participant_id:
        return None
    return SentChatMessage(message_id=found.message_id, at=found.at)


def _check_pace(context: PluginContext, room: ChatRoom, sender: ParticipantView) -> None:
    config = context.config
    limit = Limit(config.burst, config.pace)
    if sender.role in LEADING:
        limit = Limit(config.leader_burst, config.leader_pace)
    wait = room.buckets.take(sender.participant_id, limit, trio.current_time())
    if wait:
        what = f"you are writing too fast; wait {wait:.1f} seconds"
        raise OperationError("exhausted", "too_many_messages", what)
