# SPDX-License-Identifier: Apache-2.0
"""Everybody in a room who has a camera, in one process: VP8 that can be decoded, in two layers, and some microphones.

Each sends from an address of its own. All send the same few encoded loops, each beginning at another place in them, so
that key frames do not come all at once.
"""

import heapq
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection

from bench.lesson import FACE, TILE, Loop, pictures, voice
from bench.traffic import KEY_LENGTH, Address, gcm_session, pin
from podium.plugins.recording.packets import RtpPacket
from tests.builtin.recording.filming import NTP, RATE
from tests.builtin.recording.packetizers import vp8_payloads
from tests.builtin.recording.stand_ins import report, rtp

VIDEO, AUDIO = 96, 111
LAYERS = (TILE, FACE)
_SEEDS = 3
_AT_ONCE = 0.002
_REPORT_EVERY = 1.0


def ssrc_of(person: int, stream: int) -> int:
    """Streams are the layers of the camera from the smallest on, then the microphone."""
    return 1_000_000 + 10 * person + stream


@dataclass(frozen=True)
class Sent:
    """Who sends from where, with which keys."""

    addresses: list[Address]
    keys: list[bytes]


@dataclass(order=True)
class _Stream:
    due: float
    ssrc: int
    person: int = field(compare=False)
    loop: Loop = field(compare=False)
    number: int = field(compare=False)
    sequence: int = field(compare=False, default=0)
    reported: float = field(compare=False, default=0.0)

    @property
    def audio(self) -> bool:
        return self.loop.rate == 50

    @property
    def timestamp(self) -> int:
        return round(self.number * (RATE if self.audio else 90_000) / self.loop.rate) & 0xFFFFFFFF

    def packets(self) -> Iterator[bytes]:
        payloads = _payloads(self.loop, self.number % len(self.loop.frames))
        for left, payload in zip(reversed(range(len(payloads))), payloads, strict=True):
            kind = AUDIO if self.audio else VIDEO
            yield rtp(RtpPacket(kind, left == 0, self.sequence & 0xFFFF, self.timestamp, self.ssrc, payload))
            self.sequence += 1


@contextmanager
def cameras(people: int, speakers: int, *, cpu: int | None = None) -> "Iterator[Cameras]":
    """So many people, of whom the first ones have microphones that are on."""
    loops = [[pictures(seed, layer) for layer in LAYERS] for seed in range(_SEEDS)]
    voices = [voice(each) for each in range(speakers)]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    keys = [os.urandom(KEY_LENGTH) for _ in range(people)]
    process = context.Process(target=_work, args=(loops, voices, keys, theirs, cpu), name="cameras")
    process.start()
    try:
        yield Cameras(Sent(ours.recv(), keys), ours)
    finally:
        ours.send(None)
        process.join()


class Cameras:
    """The process that sends; it does from `begin` on."""

    def __init__(self, sent: Sent, pipe: Connection) -> None:
        self.sent = sent
        self._pipe = pipe

    def begin(self, server: Address) -> None:
        self._pipe.send(server)

    def late(self) -> float:
        """By how many seconds the latest packet was late since this was asked before."""
        self._pipe.send("late")
        late: float = self._pipe.recv()
        return late


@cache
def _payloads(loop: Loop, number: int) -> list[bytes]:
    frame = loop.frames[number]
    return [frame] if loop.rate == 50 else vp8_payloads(frame, number)


def _work(loops: list[list[Loop]], voices: list[Loop], keys: list[bytes], pipe: Connection, cpu: int | None) -> None:
    pin(cpu)
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in keys]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        pipe.send([each.getsockname() for each in sockets])
        server = pipe.recv()
        if server is not None:
            _send(_streams(loops, voices, len(keys)), keys, sockets, server, pipe)


def _streams(loops: list[list[Loop]], voices: list[Loop], people: int) -> list[_Stream]:
    now = time.monotonic()
    streams = []
    for person in range(people):
        layers = [*loops[person % _SEEDS], *voices[person : person + 1]]
        for stream, loop in enumerate(layers):
            first = len(loop.frames) * person // people
            streams.append(_Stream(now + person / people / 10, ssrc_of(person, stream), person, loop, first))
    return streams


def _send(
    streams: list[_Stream], keys: list[bytes], sockets: list[socket.socket], server: Address, pipe: Connection
) -> None:
    """Until the pipe says to stop."""
    sessions = [gcm_session(key, inbound=False) for key in keys]
    heapq.heapify(streams)
    latest = 0.0
    while True:
        if pipe.poll(max(_AT_ONCE, streams[0].due - time.monotonic())):
            if pipe.recv() is None:
                return
            pipe.send(latest)
            latest = 0.0
        now = time.monotonic()
        latest = max(latest, now - streams[0].due)
        while (stream := streams[0]).due <= now:
            session, sock = sessions[stream.person], sockets[stream.person]
            for packet in stream.packets():
                sock.sendto(session.protect(packet), server)
            if now - stream.reported >= _REPORT_EVERY:
                stream.reported = now
                sock.sendto(session.protect_rtcp(report(stream.ssrc, NTP + stream.due, stream.timestamp)), server)
            stream.number += 1
            stream.due += 1 / stream.loop.rate
            heapq.heapreplace(streams, stream)
