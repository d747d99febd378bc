# SPDX-License-Identifier: Apache-2.0
"""A real SMTP server on the loopback, in a thread of its own, that can be told to refuse, to hang up and to wait."""

import asyncio
import datetime
import email
import ipaddress
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from icalendar import Calendar

PASSWORD = "correct horse"  # a fixed one for tests


@dataclass
class Received:
    """One mail as the server took it."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.data, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def calendar(self) -> Any:
        (part,) = [part for part in self.message.walk() if part.get_content_type() == "text/calendar"]
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        return Calendar.from_ical(data)


@dataclass
class MailServer:
    """What it received, and what it shall answer; answers are used up from the front."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    refused_recipients: dict[str, list[str]] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    sender_answers: list[str] = field(default_factory=list)
    hang_up: str = ""
    """`before` or `after` the mail was taken, without an answer."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a mail has come that `proceed` holds back."""
    proceed: threading.Event | None = None
    hold_from: int = 0
    """How many mails are taken at once before `proceed` holds one back."""
    hold_answer: bool = False
    """Whether a mail that is held back has been taken, and only the answer is missing."""
    lost: threading.Event = field(default_factory=threading.Event)
    """Set when whoever sent a mail that was held back has gone."""
    sessions: list[dict[str, Any]] = field(default_factory=list)

    def to(self) -> list[str]:
        """Whom mails were for, in order of their addresses."""
        return sorted(address for mail in self.received for address in mail.recipients)

    def by_recipient(self) -> dict[str, Received]:
        assert len(set(self.to())) == len(self.received), "somebody got two mails"
        return {mail.recipients[0].lower(): mail for mail in self.received}

    # What aiosmtpd calls

    async def handle_MAIL(  # noqa: N802 - its name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.sessions.append({"tls": session.ssl is not None, "login": session.auth_data})
        if self.sender_answers:
            return self.sender_answers.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answers := self.refused_recipients.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        if self.hang_up == "before":
            self._drop(server)
            return "421 gone"
        mail = Received(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        if self.proceed is not None and len(self.received) >= self.hold_from:
            if self.hold_answer:
                self.received.append(mail)
            self.reached.set()
            try:
                await asyncio.to_thread(self.proceed.wait, 30)
            except asyncio.CancelledError:
                self.lost.set()
                raise
            if self.hold_answer:
                return "250 taken"
            if server.transport is None or server.transport.is_closing():
                return "421 gone"
        if self.data_answers:
            return self.data_answers.pop(0)
        self.received.append(mail)
        if self.hang_up == "after":
            self._drop(server)
        return "250 taken"

    @staticmethod
    def _drop(server: SMTP) -> None:
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    fits = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=fits, handled=False, auth_data=data.login.decode() if fits else None)


@contextmanager
def mail_server(
    port: int = 0, *, tls: ssl.SSLContext | None = None, starttls: bool = False, **options: Any
) -> Iterator[MailServer]:
    """A running server; with `tls` encrypted from the start, or with `starttls` on request and by duty."""
    server = MailServer()
    loop = asyncio.new_event_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        context = tls if starttls else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see the TLS that is there from the start
            made = SMTP(
                server,
                hostname="mail.test",
                enable_SMTPUTF8=True,
                tls_context=context,
                require_starttls=starttls,
                loop=loop,
                **options,
            )
        protocols.append(made)
        return made

    listening = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", port, ssl=None if starttls else tls, reuse_address=True)
    )
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="mail server")
    thread.start()
    try:
        yield server
    finally:
        if server.proceed is not None:
            server.proceed.set()
        asyncio.run_coroutine_threadsafe(_closed(listening, protocols), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(listening: asyncio.Server, protocols: list[SMTP]) -> None:
    listening.close()
    for protocol in protocols:
        if isinstance(protocol.transport, asyncio.Transport):
            protocol.transport.abort()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for the loopback, as the file to trust and as what a server uses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return trusted, context
