# SPDX-License-Identifier: Apache-2.0
"""A worker in its thread, and participants that are no more than a socket and two pylibsrtp sessions."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

import pylibsrtp
from aiortc.rtp import RtcpPacket, RtpPacket, is_rtcp

from podium.core import _fastpath

Kind = TypeVar("Kind")

POLICIES = {
    _fastpath.PROFILE_AEAD_AES_128_GCM: (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    _fastpath.PROFILE_AES128_CM_SHA1_80: (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
}
MID = 1
AUDIO_LEVEL = 2
RID = 3
REPAIRED_RID = 4
TRANSPORT_SEQUENCE = 5
OPUS = 111
VP8 = 96
VP8_RTX = 97
PATIENCE = 20
"""Seconds for one packet among others, however busy the machine."""


class Peer:
    """One participant: `transport` is the worker's end, `send` and `receive` are the other end."""

    opened: ClassVar[list["Peer"]] = []

    def __init__(
        self,
        worker: _fastpath.Worker,
        room: _fastpath.Room,
        profile: int = _fastpath.PROFILE_AEAD_AES_128_GCM,
        *,
        host: str = "127.0.0.1",
    ) -> None:
        self.worker = worker
        self.opened.append(self)
        self.server = (host, worker.port)
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((host, 0))
        self.socket.settimeout(5)
        policy, size = POLICIES[profile]
        to_worker, from_worker = os.urandom(size), os.urandom(size)
        outbound = pylibsrtp.Policy(to_worker, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=policy)
        outbound.allow_repeat_tx = True
        inbound = pylibsrtp.Policy(from_worker, pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=policy)
        self.protecting = pylibsrtp.Session(outbound)
        self.unprotecting = pylibsrtp.Session(inbound)
        self.transport = room.add_transport()
        self.transport.set_extension(_fastpath.EXTENSION_MID, MID)
        self.transport.set_extension(_fastpath.EXTENSION_AUDIO_LEVEL, AUDIO_LEVEL)
        self.transport.set_extension(_fastpath.EXTENSION_RID, RID)
        self.transport.set_extension(_fastpath.EXTENSION_REPAIRED_RID, REPAIRED_RID)
        self.transport.set_payload_type(OPUS, _fastpath.CODEC_OPUS, 48000)
        self.transport.set_payload_type(VP8, _fastpath.CODEC_VP8, 90000)
        self.transport.set_rtx_payload_type(VP8_RTX, VP8)
        self.transport.add_remote(self.socket.getsockname()[:2], selected=True)
        self.transport.set_keys(profile, to_worker, from_worker)

    def send_raw(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)

    def send_rtp(self, plain: bytes) -> None:
        self.send_raw(self.protecting.protect(plain))

    def send_rtcp(self, plain: bytes) -> None:
        self.send_raw(self.protecting.protect_rtcp(plain))

    def receive(self) -> bytes:
        """The next packet, decrypted; RTCP and RTP alike. Raises TimeoutError."""
        data = self.socket.recv(2000)
        return self.unprotecting.unprotect_rtcp(data) if is_rtcp(data) else self.unprotecting.unprotect(data)

    def receive_rtp(self) -> RtpPacket:
        """The next RTP packet, RTCP left aside. Raises TimeoutError."""
        return self._receive_first(lambda data: None if is_rtcp(data) else RtpPacket.parse(data))

    def receive_rtcp(self, kind: type[Kind]) -> Kind:
        """The next RTCP packet of this kind, RTP and others left aside. Raises TimeoutError."""

        def first(data: bytes) -> Kind | None:
            packets = RtcpPacket.parse(data) if is_rtcp(data) else []
            return next((packet for packet in packets if isinstance(packet, kind)), None)

        return self._receive_first(first)

    def _receive_first(self, wanted: Callable[[bytes], Kind | None]) -> Kind:
        """Reports come for as long as the worker runs, so the socket's own timeout does not end the waiting."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = wanted(self.receive())
            if found is not None:
                return found
        raise TimeoutError(f"nothing of what was expected within {PATIENCE} s; {self.worker.counters()}")

    def close(self) -> None:
        self.socket.close()


@contextmanager
def running_worker(address: str = "127.0.0.1", **options: int) -> Iterator[_fastpath.Worker]:
    worker = _fastpath.Worker(address, 0, **options)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join()
        worker.close()
        while Peer.opened:
            Peer.opened.pop().close()


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Look again and again until it holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.001)


def vp8(picture: int, *, key: bool = False, start: bool = True, tl0: int = 0, body: bytes = b"x" * 100) -> bytes:
    """A VP8 payload with a 15-bit picture id and TL0PICIDX (RFC 7741 section 4.2)."""
    descriptor = bytes([0x80 | (0x10 if start else 0), 0xC0, 0x80 | picture >> 8 & 0x7F, picture & 0xFF, tl0])
    if not start:
        return descriptor + body
    header = b"\x00\x00\x00\x9d\x01\x2a\x80\x02\x68\x01" if key else b"\x01\x00\x00"
    return descriptor + header + body


def rtp(
    ssrc: int,
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    payload_type: int = VP8,
    marker: int = 1,
    extensions: bytes = b"",
) -> bytes:
    header = bytes([0x90 if extensions else 0x80, marker << 7 | payload_type])
    header += (
        (sequence & 0xFFFF).to_bytes(2, "big") + (timestamp & 0xFFFFFFFF).to_bytes(4, "big") + ssrc.to_bytes(4, "big")
    )
    if extensions:
        extensions += b"\0" * (-len(extensions) % 4)
        header += b"\xbe\xde" + (len(extensions) // 4).to_bytes(2, "big") + extensions
    return header + payload


def element(identifier: int, value: bytes) -> bytes:
    """One header extension element in the one-byte form (RFC 8285 section 4.2)."""
    return bytes([identifier << 4 | (len(value) - 1)]) + value
