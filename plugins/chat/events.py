# SPDX-License-Identifier: Apache-2.0
"""What the chat tells browsers, and what it tells other plugins, such as the audit trail.

A message itself is the core's event `MessageReceived`, of the topic `chat`. The audit never has a text.
"""

from podium.core import Event
from podium.plugins.chat.requests import ChatDeletion, ChatRules, Writers

# To browsers


class ChatMessageDeleted(Event, frozen=True, kw_only=True):
    """A message of the chat has no text any more. Told to those who could read it."""

    message_id: str
    deleted_by: ChatDeletion


class ChatRulesChanged(Event, frozen=True, kw_only=True):
    """Who may write in the chat has changed."""

    rules: ChatRules


# To plugins


class ChatMessageSent(Event, frozen=True, kw_only=True):
    """Somebody wrote `length` characters; `participant_id` is the one whom a private message was for, if any."""

    session_id: str
    actor_id: str
    participant_id: str | None
    message_id: str
    length: int
    private: bool


class ChatMessageRemoved(Event, frozen=True, kw_only=True):
    """Somebody deleted a message of `participant_id`."""

    session_id: str
    actor_id: str | None
    participant_id: str
    message_id: str
    private: bool


class ChatRulesUpdated(Event, frozen=True, kw_only=True):
    """Somebody changed who may write."""

    session_id: str
    actor_id: str | None
    enabled: bool
    public: Writers
    private: bool
