# SPDX-License-Identifier: Apache-2.0
"""The relay by itself: what it loses, delays and counts is what it was told to."""

import socket
from collections.abc import Iterator

import pytest

from tests.peers.relay import Impairment, Relay, exactly

RTP = b"\x80\x60"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with _socket() as sock:
        yield sock


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with _socket() as sock:
        yield sock


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    return sock


def _numbered(count: int) -> list[bytes]:
    return [RTP + bytes([number]) for number in range(count)]


def _send(relay: Relay, client: socket.socket, datagrams: list[bytes]) -> None:
    for datagram in datagrams:
        client.sendto(datagram, relay.address)


def test_datagrams_pass_both_ways_unchanged(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()) as relay:
        client.sendto(b"question", relay.address)
        question, address = server.recvfrom(100)
        server.sendto(b"answer", address)
        assert (question, client.recv(100)) == (b"question", b"answer")
        assert relay.counts("to_server").received == 1


def test_exact_datagrams_are_lost(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()) as relay:
        relay.impair("to_server", Impairment(drop=exactly(1, 3)))
        _send(relay, client, [b"\x00stun", *_numbered(6)])
        arrived = [server.recv(100) for _ in range(5)]
        assert arrived == [b"\x00stun", *(RTP + bytes([number]) for number in (0, 2, 4, 5))]
        assert relay.counts("to_server").dropped == 2


def test_random_loss_can_be_repeated() -> None:
    lost = []
    for _ in range(2):
        impairment = Impairment(loss=0.3, seed=7)
        lost.append([number for number, datagram in enumerate(_numbered(200)) if impairment.loses(datagram)])
    assert lost[0] == lost[1]
    assert 40 <= len(lost[0]) <= 80


def test_jitter_reorders_and_loses_nothing(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()) as relay:
        relay.impair("to_server", Impairment(jitter=0.05, seed=1))
        _send(relay, client, _numbered(20))
        arrived = [server.recv(100) for _ in range(20)]
        assert sorted(arrived) == _numbered(20)
        assert arrived != _numbered(20)


def test_rebinding_changes_the_address_the_server_sees(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()) as relay:
        client.sendto(b"before", relay.address)
        _, before = server.recvfrom(100)
        relay.rebind()
        client.sendto(b"after", relay.address)
        _, after = server.recvfrom(100)
        server.sendto(b"reply", after)
        assert before != after
        assert client.recv(100) == b"reply"
