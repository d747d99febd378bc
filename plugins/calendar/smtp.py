# SPDX-License-Identifier: Apache-2.0
"""One connection to the mail server, for a thread: blocking, each answer within a time.

What the server says is sorted into three: no to this recipient for good (5xx), no for now (4xx), and trouble with the
server itself, which is no recipient's fault: not reachable, login refused, sender refused, gone in the middle.
"""

import contextlib
import smtplib
import socket
import ssl
from typing import final

from podium.core import PodiumError
from podium.plugins.calendar._config import SmtpConfig

LONGEST = 300
"""Characters of an answer that are kept."""


class RefusedError(PodiumError):
    """The server does not take this mail for this recipient; `permanent` when it never will."""

    def __init__(self, code: int, answer: str, *, permanent: bool) -> None:
        super().__init__("mail_refused", f"the mail server answered {code} {answer}".strip())
        self.permanent = permanent


class ServerError(PodiumError):
    """The mail server cannot be used now."""

    def __init__(self, what: str) -> None:
        super().__init__("mail_server", what)


@final
class Connection:
    """Connected, encrypted and logged in from `open` on; `abort` is for other threads."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._smtp: smtplib.SMTP | None = None
        self._is_closed = False

    @property
    def is_open(self) -> bool:
        return self._smtp is not None and not self._is_closed

    def open(self) -> None:
        """Raises ServerError."""
        config = self._config
        try:
            self._smtp = self._connected()
            if self._is_closed:  # while it was opened
                self._smtp.close()
                raise self._trouble("the connection was closed")
            self._smtp.ehlo_or_helo_if_needed()
            if config.security == "starttls":
                self._smtp.starttls(context=_context(config))
                self._smtp.ehlo()
            if config.username:
                self._smtp.login(config.username, config.password)
        except smtplib.SMTPAuthenticationError as error:
            raise self._trouble(f"it refused the login: {error.smtp_code} {_text(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise self._trouble(_reason(error)) from error

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        if config.security == "tls":
            return smtplib.SMTP_SSL(config.host, config.actual_port, timeout=config.timeout, context=_context(config))
        return smtplib.SMTP(config.host, config.actual_port, timeout=config.timeout)

    def offer(self, sender: str, recipient: str) -> None:
        """Say from whom and to whom a mail is. Raises RefusedError or ServerError."""
        smtp = self._open_one()
        options = []
        if not recipient.isascii():
            if not smtp.has_extn("smtputf8"):
                raise RefusedError(553, "it knows no addresses with such letters (SMTPUTF8)", permanent=True)
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            code, answer = smtp.mail(sender, options)
            if code != 250:
                raise self._trouble(f"it refused the sender: {code} {_text(answer)}")
            code, answer = smtp.rcpt(recipient)
            if code not in (250, 251):
                smtp.rset()
                raise self._refusal(code, answer)
        except (smtplib.SMTPException, OSError) as error:
            raise self._trouble(_reason(error)) from error

    def send(self, data: bytes) -> None:
        """Hand over the mail that was offered. Raises RefusedError: not delivered; ServerError: nobody knows."""
        smtp = self._open_one()
        try:
            code, answer = smtp.data(data)
            if code != 250:
                raise self._refusal(code, answer)
        except smtplib.SMTPDataError as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise self._trouble(_reason(error)) from error

    def withdraw(self) -> None:
        """Take back an offer."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._open_one().rset()

    def quit(self) -> None:
        """Take leave; what was sent is sent."""
        if self._smtp is not None and not self._is_closed:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self.close()

    def abort(self) -> None:
        """End what another thread does with it: that goes on with an error at once."""
        self._is_closed = True
        sock: socket.socket | None = getattr(self._smtp, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        self.abort()
        if self._smtp is not None:
            self._smtp.close()

    def _open_one(self) -> smtplib.SMTP:
        if self._smtp is None or self._is_closed:
            raise self._trouble("the connection was closed")
        return self._smtp

    def _refusal(self, code: int, answer: bytes | str) -> PodiumError:
        """421 says that the server is about to hang up."""
        if code == 421:
            return self._trouble(f"421 {_text(answer)}")
        return RefusedError(code, _text(answer), permanent=500 <= code <= 599)

    def _trouble(self, what: str) -> ServerError:
        return ServerError(f"mail server {self._config.host}:{self._config.actual_port}: {what}"[:LONGEST])


def _context(config: SmtpConfig) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=config.ca_file or None)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(answer: bytes | str) -> str:
    """An answer in one line, whatever bytes it has."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]
