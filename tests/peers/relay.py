# SPDX-License-Identifier: Apache-2.0
"""A UDP relay on loopback that loses, delays and reorders what passes through it.

Every client address gets a socket of its own towards the server, so the server sees as many addresses as there are
clients; `rebind` gives them new ones, as a NAT does. Datagrams are never changed. One thread, one selector; what is to
be lost is decided by a seeded generator or by a function, so that a run can be repeated.
"""

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from types import TracebackType
from typing import Literal, Self

Address = tuple[str, int]
Direction = Literal["to_server", "to_client"]
LARGEST = 65535


def is_media(datagram: bytes) -> bool:
    """RTP or RTCP by RFC 7983, as opposed to STUN and DTLS."""
    return bool(datagram) and 128 <= datagram[0] <= 191


def is_rtp(datagram: bytes) -> bool:
    return is_media(datagram) and len(datagram) > 1 and not 192 <= datagram[1] <= 223


@dataclass
class Impairment:
    """What happens to the datagrams of one direction: `drop` decides first, then `loss`; the survivors are delayed."""

    loss: float = 0.0
    seed: int = 0
    drop: Callable[[bytes], bool] | None = None
    delay: float = 0.0
    jitter: float = 0.0
    applies: Callable[[bytes], bool] = is_media
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def loses(self, datagram: bytes) -> bool:
        if not self.applies(datagram):
            return False
        return (self.drop is not None and self.drop(datagram)) or self._random.random() < self.loss

    def hold(self, datagram: bytes) -> float:
        """Seconds to keep a datagram for; with jitter, datagrams overtake one another."""
        if not self.applies(datagram):
            return 0.0
        return self.delay + self._random.random() * self.jitter


def exactly(*indexes: int, of: Callable[[bytes], bool] = is_rtp) -> Callable[[bytes], bool]:
    """A `drop` function that loses the n-th datagrams (from 0) among those that `of` accepts."""
    numbers = count()
    return lambda datagram: of(datagram) and next(numbers) in indexes


@dataclass(frozen=True)
class Counts:
    """Datagrams of one direction."""

    received: int = 0
    dropped: int = 0
    forwarded: int = 0


class Relay:
    """Forward datagrams between clients and one server; a context manager.

    The server may be known from the beginning or be taken from the first client's answer (`toward`).
    """

    def __init__(self, server: Address | None = None) -> None:
        self._server = server
        self._listener = _bound_socket()
        self.address: Address = self._listener.getsockname()
        self._upstream: dict[Address, socket.socket] = {}
        self._impairments: dict[Direction, Impairment] = {"to_server": Impairment(), "to_client": Impairment()}
        self._counts: dict[Direction, Counts] = {"to_server": Counts(), "to_client": Counts()}
        self._held: list[tuple[float, int, socket.socket, Address, bytes, Direction]] = []
        self._order = count()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._waker, self._wakee = socket.socketpair()
        self._wakee.setblocking(False)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="relay")

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._wakee, selectors.EVENT_READ, None)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._wake()
        self._thread.join()
        self._selector.close()
        for sock in (self._listener, self._waker, self._wakee, *self._upstream.values()):
            sock.close()

    def toward(self, candidates: Sequence[Address]) -> Address:
        """The address to connect to instead of these; the first IPv4 one becomes the server if none is known."""
        with self._lock:
            if self._server is None:
                self._server = next(each for each in candidates if ":" not in each[0])
        return self.address

    def impair(self, direction: Direction, impairment: Impairment) -> None:
        """From now on do this to the datagrams of a direction; `Impairment()` restores a clean path."""
        with self._lock:
            self._impairments[direction] = impairment

    def counts(self, direction: Direction) -> Counts:
        with self._lock:
            return self._counts[direction]

    def rebind(self) -> None:
        """Give every client a new address towards the server; datagrams on the way to the old ones are lost."""
        with self._lock:
            for client, old in self._upstream.items():
                self._selector.unregister(old)
                self._upstream[client] = self._open_upstream(client)
                old.close()
        self._wake()

    def _wake(self) -> None:
        self._waker.send(b"\0")

    def _open_upstream(self, client: Address) -> socket.socket:
        sock = _bound_socket()
        self._selector.register(sock, selectors.EVENT_READ, client)
        return sock

    def _run(self) -> None:
        while not self._stopping:
            self._send_due()
            for key, _ in self._selector.select(self._wait()):
                with self._lock:
                    self._receive(key)

    def _wait(self) -> float | None:
        return max(0.0, self._held[0][0] - time.monotonic()) if self._held else None

    def _send_due(self) -> None:
        while self._held and self._held[0][0] <= time.monotonic():
            _, _, sock, address, datagram, direction = heapq.heappop(self._held)
            with self._lock:
                self._send(sock, address, datagram, direction)

    def _receive(self, key: selectors.SelectorKey) -> None:
        sock, client = key.fileobj, key.data
        assert isinstance(sock, socket.socket)
        while True:
            try:
                datagram, source = sock.recvfrom(LARGEST)
            except OSError:
                # Empty, closed by a rebind, or a peer that is gone answered by ICMP.
                return
            if sock is self._wakee:
                continue
            if sock is self._listener:
                if self._server is None:
                    continue
                if source not in self._upstream:
                    self._upstream[source] = self._open_upstream(source)
                self._pass_on(self._upstream[source], self._server, datagram, "to_server")
            else:
                self._pass_on(self._listener, client, datagram, "to_client")

    def _pass_on(self, sock: socket.socket, address: Address, datagram: bytes, direction: Direction) -> None:
        counts = self._counts[direction]
        self._counts[direction] = replace(counts, received=counts.received + 1)
        impairment = self._impairments[direction]
        if impairment.loses(datagram):
            counts = self._counts[direction]
            self._counts[direction] = replace(counts, dropped=counts.dropped + 1)
            return
        hold = impairment.hold(datagram)
        if hold > 0:
            entry = (time.monotonic() + hold, next(self._order), sock, address, datagram, direction)
            heapq.heappush(self._held, entry)
        else:
            self._send(sock, address, datagram, direction)

    def _send(self, sock: socket.socket, address: Address, datagram: bytes, direction: Direction) -> None:
        try:
            sock.sendto(datagram, address)
        except OSError:
            # A full buffer or a socket closed by a rebind loses the datagram, as a network would.
            return
        counts = self._counts[direction]
        self._counts[direction] = replace(counts, forwarded=counts.forwarded + 1)


def _bound_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock
