# SPDX-License-Identifier: Apache-2.0
"""What a message may contain, and how messages are written down as plain text.

A text is refused rather than mended, so that what was written is what is read and kept; only surrounding blank space
goes, and line ends become `\\n`. Control characters (NUL, escape sequences of terminals) and half surrogate pairs are
refused: databases, terminals and files take them badly. Invisible marks of direction stay, as right-to-left languages
need them; the panel isolates each text instead.
"""

import unicodedata
from collections.abc import Iterable

from podium.core import OperationError
from podium.plugins.chat.requests import ChatMessage

_ALLOWED = frozenset("\n\t")


def checked_text(text: str) -> str:
    """The text as it is sent and kept. Raises OperationError `text_invalid`."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise _invalid("text has to be more than blank space")
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in _ALLOWED for each in text):
        raise _invalid("text must not contain control characters other than tabs and line ends")
    return text


def written_down(messages: Iterable[ChatMessage]) -> str:
    """A line for each message, further lines of a text indented, so that no text can look like another's message."""
    return "".join(f"{_line(each)}\n" for each in messages)


def _line(message: ChatMessage) -> str:
    sender = f"{message.sender.display_name} ({message.sender.role})"
    if message.to is not None:
        sender += f" to {message.to.display_name}"
    elif message.private:
        sender += " to the instructors"
    return f"[{message.at:%Y-%m-%d %H:%M:%S}Z] {sender}: {_said(message)}"


def _said(message: ChatMessage) -> str:
    if message.deleted is None:
        return "\n    ".join((message.text or "").splitlines())
    by = f" by {message.deleted.display_name}" if message.deleted.display_name is not None else ""
    return f"(deleted{by} at {message.deleted.at:%Y-%m-%d %H:%M:%S}Z)"


def _invalid(what: str) -> OperationError:
    return OperationError("invalid", "text_invalid", what, "text")
