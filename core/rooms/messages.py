# SPDX-License-Identifier: Apache-2.0
"""Short texts between the people of a room, such as a chat: what a message is, and which are refused.

The core carries messages and keeps none. Who may write, and what, is for plugins to decide (`message_sending`).
"""

import secrets
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

import msgspec

from podium.core.events import MessageReceived, MessageSender
from podium.core.rooms.identity import RoomError, checked_identifier
from podium.core.rooms.observer import ParticipantView

MAX_TEXT = 4000
"""Characters."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`sender` is None for the host's own words; `to` holds participant ids, none for everybody. `at` is in UTC."""

    session_id: str
    text: str
    topic: str = "chat"
    sender: ParticipantView | None = None
    to: tuple[str, ...] = ()
    message_id: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(12))
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))


Keep = Callable[[Message], Awaitable[None]]
"""Writes a message down between the last plugin's consent and the first reader."""


def check_message(message: Message, present: Collection[str]) -> None:
    """Raises RoomError: `id_invalid`, `text_invalid`, `time_invalid` or `participant_unknown`."""
    checked_identifier(message.message_id, "message_id")
    checked_identifier(message.topic, "topic")
    if not message.text.strip() or len(message.text) > MAX_TEXT or not _is_unicode(message.text):
        what = f"text must be 1 to {MAX_TEXT} characters of Unicode, not all of them spaces"
        raise RoomError("text_invalid", what, "text")
    if message.at.tzinfo is None:
        raise RoomError("time_invalid", "at must have a time zone, UTC by preference", "at")
    for participant_id in message.to:
        if participant_id not in present:
            raise RoomError("participant_unknown", f"nobody with id {participant_id!r} is here", "to")


def received(message: Message) -> MessageReceived:
    """The message as browsers read it."""
    sender = message.sender
    return MessageReceived(
        message_id=message.message_id,
        topic=message.topic,
        text=message.text,
        sender=None
        if sender is None
        else MessageSender(participant_id=sender.participant_id, display_name=sender.display_name, role=sender.role),
        to=message.to,
        at=message.at.astimezone(UTC),
    )


def recipients(message: Message, present: Collection[str]) -> list[str]:
    """Who is told, of those who are here: everybody, or those named and the sender."""
    if not message.to:
        return list(present)
    named = {*message.to, message.sender.participant_id if message.sender is not None else ""}
    return [each for each in present if each in named]


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair is a str, but cannot be sent to anybody."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
