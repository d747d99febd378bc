# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the chat, and what it answers. Times are UTC."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podium.core import MessageSender, ParticipantId, SessionId

LONGEST_TEXT = 4000
"""Characters; no message of the core's has more."""
LONGEST_PAGE = 100
LONGEST_EXPORT = 1000

MessageId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
Writers = Literal["everybody", "leaders"]


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is asked."""


class SendChatMessage(_Request, frozen=True, kw_only=True):
    """What to write, and to whom: everybody, unless it is private."""

    session_id: SessionId
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT, description="Plain text; lines end in `\\n`.")]
    private: Annotated[bool, Meta(description="To instructors and assistants only.")] = False
    to: Annotated[
        ParticipantId | None,
        Meta(description="A participant to whom an instructor or assistant writes privately; those who lead read it."),
    ] = None
    message_id: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,64}$")] | None,
        Meta(description="A random id of your own, so that sending twice makes one message; made up when absent."),
    ] = None


class SentChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """It was kept, and told to those who are here."""

    message_id: str
    at: datetime


class ListChatMessages(_Request, frozen=True, kw_only=True):
    """Which messages: the last ones, or those before or after one that is known."""

    session_id: SessionId
    before: Annotated[MessageId | None, Meta(description="The message that follows the page.")] = None
    after: Annotated[MessageId | None, Meta(description="The message that the page follows.")] = None
    limit: Annotated[int, Meta(ge=1, le=LONGEST_PAGE)] = 50


class ChatDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Who has deleted a message; `participant_id` and `display_name` are null when it was no participant."""

    participant_id: str | None
    display_name: str | None
    at: datetime


class ChatAddressee(msgspec.Struct, frozen=True, kw_only=True):
    """The one to whom somebody who leads wrote privately."""

    participant_id: str
    display_name: str


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is kept. `text` is null and `deleted` says by whom when it was deleted.

    A private one is for instructors and assistants, and for `to`, if that is not null.
    """

    message_id: str
    at: datetime
    sender: MessageSender
    text: str | None
    private: bool
    to: ChatAddressee | None
    deleted: ChatDeletion | None


class ChatHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Messages in the order in which they were told; `more`: there are others further in the direction of the page."""

    messages: tuple[ChatMessage, ...]
    more: bool


class DeleteChatMessage(_Request, frozen=True, kw_only=True):
    """Which message to delete."""

    session_id: SessionId
    message_id: MessageId


class DeletedChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The message has no text any more; `changed` is false when that was so before."""

    message_id: str
    changed: bool


class GetChatRules(_Request, frozen=True, kw_only=True):
    """Of which session: a class, or a series."""

    session_id: SessionId


class ChatRules(msgspec.Struct, frozen=True, kw_only=True):
    """Who may write in a session.

    `enabled` is the switch of the whole chat. `public`: who may write to everybody. `private`: whether students may
    write to instructors and assistants alone. Observers only read.
    """

    enabled: bool
    public: Writers
    private: bool


class UpdateChatRules(_Request, frozen=True, kw_only=True):
    """What should change for a class, or for all classes of a series that have no rules of their own."""

    session_id: SessionId
    enabled: bool | None = None
    public: Writers | None = None
    private: bool | None = None


class UpdatedChatRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules as they are now; `changed` is false when they were so before."""

    rules: ChatRules
    changed: bool


class ExportChat(_Request, frozen=True, kw_only=True):
    """Everything of a class, a part at a time."""

    session_id: Annotated[SessionId, Meta(description="The class, which is its room.")]
    private: Annotated[bool, Meta(description="With private messages.")] = False
    format: Annotated[Literal["json", "text"], Meta(description="In `messages`, or as lines in `text`.")] = "json"
    after: Annotated[MessageId | None, Meta(description="`next` of the part before.")] = None
    limit: Annotated[int, Meta(ge=1, le=LONGEST_EXPORT)] = 500


class ChatExport(msgspec.Struct, frozen=True, kw_only=True):
    """A part in the form that was asked for, the other one empty; `next` is null in the last part."""

    session_id: str
    messages: tuple[ChatMessage, ...]
    text: str
    next: str | None
