# SPDX-License-Identifier: Apache-2.0
"""What Prometheus is told of the chat: messages that were sent, and why others were not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from podium.core import PluginContext, PodiumError

KNOWN = frozenset(
    {
        "chat_full",
        "chat_leaders_only",
        "chat_off",
        "chat_private_off",
        "database_busy",
        "database_timeout",
        "database_unavailable",
        "forbidden",
        "message_exists",
        "not_in_room",
        "observers_read",
        "participant_unknown",
        "room_unknown",
        "text_invalid",
        "to_invalid",
        "too_many_messages",
        "undecided",
    }
)
"""Codes that are counted by name; those that other plugins refuse with are `other`, as there may be any number."""


@final
class Counts:
    """The counters."""

    def __init__(self, context: PluginContext) -> None:
        metrics = context.metrics
        self._sent = metrics.counter("podium_chat_messages", "Messages that were sent in chats.", ["kind"])
        self._refused = metrics.counter("podium_chat_refused", "Messages to chats that were refused.", ["code"])
        for kind in ("public", "private"):
            self._sent.labels(kind)

    def sent(self, *, private: bool) -> None:
        self._sent.labels("private" if private else "public").inc()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Count what is refused in the block."""
        try:
            yield
        except PodiumError as error:
            self._refused.labels(error.code if error.code in KNOWN else "other").inc()
            raise
