# SPDX-License-Identifier: Apache-2.0
"""The listening socket, its links, and an end that nobody can hold up."""

import socket
from typing import Any

import pytest
import trio

from podium.hosts.web.listening import UNREAD_TIMEOUT, listen, reachable_url


def test_accepted_connections_give_up_on_peers_that_take_nothing() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNREAD_TIMEOUT * 1000


def test_a_port_that_is_taken_is_an_error() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://localhost:8082"),
        ("127.0.0.1", "http://localhost:8082"),
        ("::", "http://localhost:8082"),
        ("192.0.2.7", "http://192.0.2.7:8082"),
        ("2001:db8::1", "http://[2001:db8::1]:8082"),
        ("class.example", "http://class.example:8082"),
    ],
)
def test_links_are_what_a_browser_can_open(host: str, url: str) -> None:
    assert reachable_url(host, 8082) == url


async def test_finished_requests_leave_no_connection_behind(host: Any) -> None:
    for _ in range(20):
        stream = await trio.open_tcp_stream("127.0.0.1", host.port)
        await stream.send_all(b"GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := await stream.receive_some():
            received += chunk
        assert received.startswith(b"HTTP/1.1 200")
        await stream.aclose()


async def test_a_client_that_hangs_up_early_leaves_nothing_behind(host: Any) -> None:
    for _ in range(20):
        stream = await trio.open_tcp_stream("127.0.0.1", host.port)
        await stream.send_all(b"GET /static/podium.js HTTP/1.1\r\nHost: h\r\n\r\n")
        await stream.aclose()
    with trio.fail_after(5):
        async with host.connect() as ada:
            assert (await ada.ask("Ping"))["type"] == "Pong"


async def test_garbage_instead_of_http_is_refused(host: Any) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", host.port)
    await stream.send_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n")
    assert (await stream.receive_some()).startswith((b"HTTP/1.1 400", b""))
    await stream.aclose()
    async with host.connect() as ada:
        assert (await ada.ask("Ping"))["type"] == "Pong"
