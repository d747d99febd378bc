# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.calendar]`, `[plugins.calendar.smtp]` and `[plugins.calendar.imap]`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podium.plugins.calendar.names import is_address

Security = Literal["starttls", "tls", "none"]
Port = Annotated[int, Meta(ge=0, le=65535, description="TCP port; 0 is the usual one for the security.")]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_-]{0,253}$", extra={"expected": "a host name or an IP address"})]
Secret = Annotated[str, Meta(extra={"secret": True, "expected": "a text"})]

SMTP_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
IMAP_PORTS: dict[Security, int] = {"starttls": 143, "tls": 993, "none": 143}


class SmtpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server that invitations are handed to."""

    host: Annotated[Host, Meta(description="Empty: invitations wait until there is one.")] = ""
    port: Port = 0
    security: Annotated[
        Security,
        Meta(description="`starttls` and `tls` check the server's certificate; `none` is for one's own machine."),
    ] = "starttls"
    username: Annotated[str, Meta(description="Empty: without authentication.")] = ""
    password: Secret = ""
    ca_file: Annotated[str, Meta(description="Certificates to trust instead of the system's.")] = ""
    timeout: Annotated[int, Meta(ge=1, le=300, description="Seconds to wait for each answer of the server.")] = 30

    @property
    def actual_port(self) -> int:
        return self.port or SMTP_PORTS[self.security]

    def __repr__(self) -> str:
        return f"SmtpConfig(host={self.host!r}, port={self.actual_port}, security={self.security!r}, ...)"


class ImapConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox of the sender, for replies that come as mail."""

    host: Annotated[Host, Meta(description="Empty: no mailbox is read.")] = ""
    port: Port = 0
    security: Annotated[Security, Meta(description="As for `smtp.security`.")] = "tls"
    username: str = ""
    password: Secret = ""
    ca_file: Annotated[str, Meta(description="Certificates to trust instead of the system's.")] = ""
    folder: Annotated[
        str,
        Meta(
            pattern=r"^[^\x00-\x1f\"\\]{1,200}$",
            description="Of its messages those unseen are read, and marked as seen.",
            extra={"expected": "the name of a folder"},
        ),
    ] = "INBOX"
    interval: Annotated[int, Meta(ge=10, le=86_400, description="Seconds from one look to the next.")] = 120
    timeout: Annotated[int, Meta(ge=1, le=300, description="Seconds to wait for each answer of the server.")] = 30

    @property
    def actual_port(self) -> int:
        return self.port or IMAP_PORTS[self.security]

    def __repr__(self) -> str:
        return f"ImapConfig(host={self.host!r}, port={self.actual_port}, folder={self.folder!r}, ...)"


class CalendarConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Calendar invitations."""

    base_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#@]+)?$",
            description="Where browsers reach this installation; join links begin with it.",
            extra={"expected": "a URL without a path, such as `https://classes.example.org`"},
        ),
    ] = ""
    sender: Annotated[str, Meta(description="The address that invitations come from and replies go to.")] = ""
    sender_name: Annotated[str, Meta(max_length=100, description="Shown beside the instructor's name.")] = "Podium"
    alarm_minutes: Annotated[
        int, Meta(ge=0, le=10_080, description="How long before a class calendars remind of it; 0 for not at all.")
    ] = 10
    language: Annotated[Literal["en", "de"], Meta(description="For people whose language is not known.")] = "en"
    keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=36_500,
            description="Days after the last class of a session for which its invitations and answers are kept.",
        ),
    ] = 400
    smtp: SmtpConfig = SmtpConfig()
    imap: ImapConfig = ImapConfig()

    def __post_init__(self) -> None:
        if self.sender and not is_address(self.sender):
            raise ValueError("sender has to be an e-mail address such as classes@example.org")
        if self.smtp.host and not self.sender:
            raise ValueError("sender is missing: with smtp.host, mails need an address that they come from")
        if self.smtp.host and not self.base_url:
            raise ValueError(
                "base_url is missing: with smtp.host, mails need links, such as https://classes.example.org"
            )
        if self.smtp.password and self.smtp.security == "none" and not _is_local(self.smtp.host):
            raise ValueError('smtp.security is "none": the password would be sent in clear; use "starttls" or "tls"')
        if self.imap.password and self.imap.security == "none" and not _is_local(self.imap.host):
            raise ValueError('imap.security is "none": the password would be sent in clear; use "starttls" or "tls"')

    @property
    def can_send(self) -> bool:
        """Whether there is a mail server."""
        return bool(self.smtp.host)


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")
