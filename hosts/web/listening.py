# SPDX-License-Identifier: Apache-2.0
"""Listening sockets and how hypercorn serves what comes in.

Sockets are made here because accepted connections inherit their TCP_USER_TIMEOUT: hypercorn shields its sends from
cancellation, so only the kernel can end one to a peer that does not read.
"""

import ipaddress
import logging
import socket
from typing import Protocol

from hypercorn.config import Config as HypercornConfig

UNREAD_TIMEOUT = 10.0
"""Seconds after which the kernel gives up a connection whose peer takes nothing."""
PAUSED_TIMEOUT = 600.0
"""The same while a file is sent: players take nothing while they are paused."""
MAX_MESSAGE = 256 * 1024
BACKLOG = 512


class _Socket(Protocol):
    """One of Python's or of trio's."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...


def hypercorn_config() -> HypercornConfig:
    config = HypercornConfig()
    config.errorlog = logging.getLogger("podium.hosts.web.hypercorn")
    config.errorlog.setLevel(logging.WARNING)
    config.include_server_header = False
    config.websocket_max_message_size = MAX_MESSAGE
    config.max_app_queue_size = 4
    config.graceful_timeout = 2.0
    return config


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `::` serves IPv4 as well."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    set_unread_timeout(listener, UNREAD_TIMEOUT)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def set_unread_timeout(connection: _Socket, seconds: float) -> None:
    """How long its peer may take nothing."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


def reachable_url(host: str, port: int) -> str:
    """A link for people; browsers give camera and microphone to `localhost`, but not to other plain addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified or address.is_loopback:
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"
