# SPDX-License-Identifier: Apache-2.0
"""Who may write: the rules of a class, else those of its series, else the plugin's settings."""

import msgspec

from podium.core import OperationError, ParticipantView, PluginContext, SessionView
from podium.plugins.chat import store
from podium.plugins.chat._config import ChatConfig
from podium.plugins.chat.people import leads
from podium.plugins.chat.requests import ChatRules, UpdateChatRules

OVER = ("ended", "cancelled")


def default_rules(config: ChatConfig) -> ChatRules:
    """The rules of sessions for which nobody has set any."""
    return ChatRules(enabled=config.on_by_default, public=config.public, private=config.private)


async def rules_for(context: PluginContext, session_id: str, session: SessionView | None) -> ChatRules:
    """The rules that hold in a class or series, of which `session` is known."""
    series = (session.session_id,) if session is not None and session.session_id != session_id else ()
    found: ChatRules | None = await context.database.read(store.rules_of, (session_id, *series))
    return found or default_rules(context.config)


def changed(rules: ChatRules, request: UpdateChatRules) -> ChatRules:
    """The rules with what the request names."""
    named = {name: value for name in ChatRules.__struct_fields__ if (value := getattr(request, name)) is not None}
    return msgspec.structs.replace(rules, **named)


def check_writer(rules: ChatRules, sender: ParticipantView, *, private: bool) -> None:
    """Raises OperationError `observers_read`, `chat_off`, `chat_leaders_only` or `chat_private_off`."""
    if sender.role == "observer":
        raise OperationError("forbidden", "observers_read", "observers only read")
    check_reader(rules, sender)
    if leads(sender):
        if not rules.enabled:
            raise chat_off()
        return
    if not private and rules.public == "leaders":
        raise OperationError("forbidden", "chat_leaders_only", "only instructors write to everybody here")
    if private and not rules.private:
        raise OperationError("forbidden", "chat_private_off", "private messages are switched off")


def check_reader(rules: ChatRules, reader: ParticipantView | None) -> None:
    """Raises OperationError `chat_off`; those who lead read what there is."""
    if not rules.enabled and not leads(reader):
        raise chat_off()


def check_not_over(session: SessionView | None) -> None:
    """Raises OperationError `session_over`; a session that nobody keeps is an ad-hoc room's."""
    if session is not None and (session.cancelled or session.state in OVER):
        raise OperationError("conflict", "session_over", "the session is over", "session_id")


def chat_off() -> OperationError:
    """The refusal while the chat is switched off."""
    return OperationError("forbidden", "chat_off", "the chat is switched off")
