# SPDX-License-Identifier: Apache-2.0
"""Replies that come as mail: looks into a mailbox over IMAP now and then, in a thread.

An unseen message is read, its reply kept, and only then marked as seen; so nothing is lost when the host stops in
between, and a reply that is read twice changes nothing. Other mail is marked as seen as well and stays where it is.
"""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any, final

from podium.core import PodiumError
from podium.plugins.calendar._config import ImapConfig
from podium.plugins.calendar.replies import LARGEST_MAIL

AT_A_TIME = 50
"""Messages in one look."""
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


class MailboxError(PodiumError):
    """The mailbox cannot be read now."""


@final
class Mailbox:
    """One look into a folder; every method blocks."""

    def __init__(self, config: ImapConfig) -> None:
        self._config = config

    def read(self, take: Callable[[bytes], None]) -> int:
        """Give each unseen message to `take`, and mark it as seen when that returns; how many they were.

        Raises MailboxError.
        """
        try:
            client = self._connected()
            try:
                return self._read(client, take)
            finally:
                with contextlib.suppress(imaplib.IMAP4.error, OSError):
                    client.logout()
        except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
            place = f"mailbox {self._config.host}:{self._config.actual_port}"
            raise MailboxError("mailbox", f"{place}: {_line(error)}") from error

    def _connected(self) -> imaplib.IMAP4:
        config = self._config
        context = ssl.create_default_context(cafile=config.ca_file or None)
        if config.security == "tls":
            return imaplib.IMAP4_SSL(config.host, config.actual_port, ssl_context=context, timeout=config.timeout)
        client = imaplib.IMAP4(config.host, config.actual_port, timeout=config.timeout)
        if config.security == "starttls":
            client.starttls(context)
        return client

    def _read(self, client: imaplib.IMAP4, take: Callable[[bytes], None]) -> int:
        client.login(self._config.username, self._config.password)
        _ok(client.select(f'"{self._config.folder}"'), "the folder cannot be opened")
        numbers = list(self._unseen(client))[:AT_A_TIME]
        for number in numbers:
            if self._size(client, number) <= LARGEST_MAIL:
                take(self._message(client, number))
            _ok(client.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"), "a message cannot be marked")
        return len(numbers)

    def _unseen(self, client: imaplib.IMAP4) -> Iterator[str]:
        found = _ok(client.uid("SEARCH", "UNSEEN"), "messages cannot be searched")
        for word in (found[0] or b"").split() if found else []:
            if word.isdigit():
                yield word.decode()

    def _size(self, client: imaplib.IMAP4, number: str) -> int:
        answer = _ok(client.uid("FETCH", number, "(RFC822.SIZE)"), "a message cannot be measured")
        for each in answer:
            if match := _SIZE.search(each if isinstance(each, bytes) else b""):
                return int(match[1])
        return LARGEST_MAIL + 1

    def _message(self, client: imaplib.IMAP4, number: str) -> bytes:
        answer = _ok(client.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST_MAIL}>)"), "a message cannot be read")
        for each in answer:
            if isinstance(each, tuple) and len(each) > 1:
                return bytes(each[1])
        return b""


def _ok(answer: tuple[str, list[Any]], otherwise: str) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{otherwise}: {status}")
    return data


def _line(error: BaseException) -> str:
    text = error.args[0] if error.args else error
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)
    return " ".join(text.split())[:300] or type(error).__name__
