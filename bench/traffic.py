# SPDX-License-Identifier: Apache-2.0
"""The other side of the forwarding benchmarks: one lecturer and hundreds of receivers, in two processes.

Every receiver has an address of its own in 127/8; one socket bound to all of them counts what arrives, so a receiver
costs no more than a read. A few more receivers are sampled: the kernel stamps the arrival of their datagrams, which are
decrypted by pylibsrtp afterwards and carry the time at which they were sent.
"""

import multiprocessing
import os
import random
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from struct import pack, unpack, unpack_from

import pylibsrtp

from tests.peers.packets import RtpPacket, is_rtcp
from tests.peers.vp8 import Vp8Payload, frame_header

Address = tuple[str, int]

PAYLOAD_TYPE = 96
SSRC = 0x5EED
MID_EXTENSION = 1
MID = "0"
KEY_FRAME_INTERVAL = 100
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
IP_PKTINFO = 8
KEY_LENGTH = 28
CLOCK_RATE = 90_000


@dataclass(frozen=True)
class Load:
    """What the lecturer sends: 5 packets of 1150 bytes every 30 ms are 1.5 Mbit/s."""

    packet_bytes: int = 1150
    packets_per_frame: int = 5
    frames_per_second: float = 100 / 3

    @property
    def megabits(self) -> float:
        return self.packet_bytes * 8 * self.packets_per_frame * self.frames_per_second / 1e6


@dataclass
class Receivers:
    """Addresses and keys of everybody; the sampled ones come first."""

    count: int
    sampled: int
    port: int
    sample_port: int
    keys: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.keys or [os.urandom(KEY_LENGTH) for _ in range(self.count)]

    def address(self, index: int) -> Address:
        port = self.sample_port if index < self.sampled else self.port
        return (f"127.{1 + index // 65_000}.{index // 250 % 250 + 1}.{index % 250 + 1}", port)


@dataclass(frozen=True)
class Marks:
    """Media datagrams that all receivers have got so far, and of those the sampled ones."""

    delivered: int
    sampled: int


class Audience:
    """The process of the receivers."""

    def __init__(self, receivers: Receivers, process: BaseProcess, pipe: Connection) -> None:
        self.receivers = receivers
        self._process = process
        self._pipe = pipe

    def marks(self) -> Marks:
        self._pipe.send("marks")
        marks: Marks = self._pipe.recv()
        return marks

    def delays(self, since: Marks) -> list[float]:
        """Seconds from the lecturer's send to the arrival, of each sampled packet after a mark."""
        self._pipe.send(("delays", since.sampled))
        delays: list[float] = self._pipe.recv()
        return delays

    def stop(self) -> None:
        self._pipe.send("stop")
        self._process.join()


class Lecturer:
    """The process of the one who sends."""

    def __init__(self, process: BaseProcess, pipe: Connection, address: Address, key: bytes) -> None:
        self.address = address
        self.key = key
        self._process = process
        self._pipe = pipe

    def begin(self, server: Address) -> None:
        self._pipe.send(server)

    def stop(self) -> None:
        """End the lecture."""
        self._pipe.send(None)
        self._process.join()


@contextmanager
def audience(count: int, *, sampled: int = 4, cpu: int | None = None) -> Iterator[Audience]:
    """Receivers in a child process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    receivers = Receivers(count, min(sampled, count), 0, 0)
    process = context.Process(target=_receive, args=(receivers, theirs, cpu), name="audience")
    process.start()
    port, sample_port = ours.recv()
    running = Audience(replace(receivers, port=port, sample_port=sample_port), process, ours)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def lecturer(load: Load, *, cpu: int | None = None) -> Iterator[Lecturer]:
    """A sender in a child process; it sends from `begin` on."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    key = os.urandom(KEY_LENGTH)
    process = context.Process(target=_send, args=(load, key, theirs, cpu), name="lecturer")
    process.start()
    running = Lecturer(process, ours, ours.recv(), key)
    try:
        yield running
    finally:
        running.stop()


def gcm_session(key: bytes, *, inbound: bool) -> pylibsrtp.Session:
    kind = pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return pylibsrtp.Session(pylibsrtp.Policy(key, kind, srtp_profile=profile))


def pin(cpu: int | None) -> None:
    """Keep this process on one processor, where the machine has it."""
    if cpu is not None and cpu in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {cpu})


def _send(load: Load, key: bytes, pipe: Connection, cpu: int | None) -> None:
    pin(cpu)
    session = gcm_session(key, inbound=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        pipe.send(sock.getsockname())
        server = pipe.recv()
        if server is not None:
            _lecture(load, session, sock, server, pipe)


def _lecture(load: Load, session: pylibsrtp.Session, sock: socket.socket, server: Address, pipe: Connection) -> None:
    """Frames at their times until the pipe says to stop; each packet carries the time of its sending."""
    sequence, number = 1, 0
    began = time.monotonic()
    filler = random.Random(1).randbytes(load.packet_bytes)
    while not pipe.poll(max(0.0, began + number / load.frames_per_second - time.monotonic())):
        for index in range(load.packets_per_frame):
            packet = _packet(load, filler, sequence, number, index)
            sock.sendto(session.protect(packet), server)
            sequence = (sequence + 1) & 0xFFFF
        number += 1


def _packet(load: Load, filler: bytes, sequence: int, number: int, index: int) -> bytes:
    header = frame_header(key=number % KEY_FRAME_INTERVAL == 0, width=1280, height=720) if index == 0 else b""
    body = header + pack("!Q", time.time_ns())
    payload = Vp8Payload(body, index == 0, number & 0x7FFF, number & 0xFF, temporal_layer=0)
    packet = RtpPacket(
        PAYLOAD_TYPE,
        sequence,
        int(number * CLOCK_RATE / load.frames_per_second),
        SSRC,
        bytes(payload),
        marker=index == load.packets_per_frame - 1,
        extensions={MID_EXTENSION: MID.encode()},
    )
    plain = bytes(packet)
    return plain + filler[: load.packet_bytes - len(plain)]


class _Reading:
    """State of the receiving process."""

    def __init__(self, receivers: Receivers) -> None:
        self.receivers = receivers
        self.bulk = _listener()
        self.sample = _listener()
        self.sample.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sample.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.delivered = 0
        self.samples: list[tuple[str, int, bytes]] = []
        self._buffer = bytearray(2048)

    def drain_bulk(self) -> None:
        receive, buffer = self.bulk.recv_into, self._buffer
        count = 0
        try:
            while True:
                receive(buffer)
                # RTCP shares the socket; only RTP counts (RFC 5761 section 4).
                count += not 192 <= buffer[1] <= 223
        except BlockingIOError:
            self.delivered += count

    def drain_sample(self) -> None:
        try:
            while True:
                data, ancillary, _, _ = self.sample.recvmsg(2048, 256)
                if not is_rtcp(data):
                    self.samples.append((*_stamps(ancillary), data))
                    self.delivered += 1
        except BlockingIOError:
            return

    def delays(self, since: int) -> list[float]:
        """Decrypt all samples, because SRTP has to count; report those after `since`."""
        indexes = {self.receivers.address(index)[0]: index for index in range(self.receivers.sampled)}
        sessions = [gcm_session(key, inbound=True) for key in self.receivers.keys[: self.receivers.sampled]]
        delays = []
        for number, (destination, arrived, data) in enumerate(self.samples):
            packet = RtpPacket.parse(sessions[indexes[destination]].unprotect(data))
            if number >= since:
                payload = Vp8Payload.parse(packet.payload)
                offset = 0 if not payload.start else 10 if payload.key_frame else 3
                (sent,) = unpack_from("!Q", payload.body, offset)
                delays.append((arrived - sent) / 1e9)
        return delays


def _stamps(ancillary: list[tuple[int, int, bytes]]) -> tuple[str, int]:
    """Where to a datagram was sent and when the kernel got it (nanoseconds)."""
    destination, arrived = "", 0
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = unpack("qq", data[:16])
            arrived = seconds * 1_000_000_000 + nanoseconds
        elif level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            destination = socket.inet_ntoa(data[8:12])
    return destination, arrived


def _receive(receivers: Receivers, pipe: Connection, cpu: int | None) -> None:
    pin(cpu)
    reading = _Reading(receivers)
    pipe.send((reading.bulk.getsockname()[1], reading.sample.getsockname()[1]))
    poller = select.epoll()
    for descriptor in (reading.bulk, reading.sample, pipe):
        poller.register(descriptor, select.EPOLLIN)
    with reading.bulk, reading.sample, poller:
        while _serve(reading, pipe, {descriptor for descriptor, _ in poller.poll()}):
            pass


def _serve(reading: _Reading, pipe: Connection, ready: set[int]) -> bool:
    """Read what is ready; False when told to stop."""
    reading.drain_bulk()
    reading.drain_sample()
    if pipe.fileno() not in ready:
        return True
    match pipe.recv():
        case "marks":
            pipe.send(Marks(reading.delivered, len(reading.samples)))
        case ("delays", since):
            pipe.send(reading.delays(since))
        case _:
            return False
    return True


def _listener() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    sock.bind(("0.0.0.0", 0))
    sock.setblocking(False)
    return sock
