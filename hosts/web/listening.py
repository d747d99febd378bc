# SPDX-License-Identifier: Apache-2.0
"""Listening sockets and how hypercorn serves what comes in.

Sockets are made here because accepted connections inherit their TCP_USER_TIMEOUT: hypercorn shields its sends from
cancellation, so only the kernel can end one to a peer that does not read.
"""

import ipaddress
import logging
import socket

from hypercorn.config import Config as HypercornConfig

UNREAD_TIMEOUT = 10.0
"""Seconds after which the kernel gives up a connection whose peer takes nothing."""
MAX_MESSAGE = 256 * 1024
BACKLOG = 512


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
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(UNREAD_TIMEOUT * 1000))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def reachable_url(host: str, port: int) -> str:
    """A link for people; browsers give camera and microphone to `localhost`, but not to other plain addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified or address.is_loopback:
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"
