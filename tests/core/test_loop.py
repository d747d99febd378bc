# SPDX-License-Identifier: Apache-2.0
"""The worker's thread keeps commands and packets in order.

While it gathers a frame that many watch, it sleeps a quarter of a millisecond between two looks at its socket. That is
time enough to command something and send something, so these tests do both there, round after round. A round for which
this machine is too slow proves nothing and fails nothing.
"""

import time
from collections.abc import Iterator

import pytest

from podium.core import _fastpath

from .peers import OPUS, VP8, VP8_RTX, Peer, rtp, running_worker, vp8, wait_until

VIDEO_TYPES = {_fastpath.CODEC_VP8: (VP8, VP8_RTX)}
ROUNDS = 50
WATCHING = 8


class Class:
    """One who sends pictures, many who watch, and one who speaks."""

    def __init__(self, worker: _fastpath.Worker) -> None:
        room = worker.add_room()
        self.worker = worker
        self.teacher, self.speaker = Peer(worker, room), Peer(worker, room)
        self.watching = [Peer(worker, room) for _ in range(WATCHING)]
        self.slots = [
            peer.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
            for peer in self.watching
        ]
        self.sent = 0

    def add_picture(self, number: int) -> _fastpath.Source:
        source = self.teacher.transport.add_source(_fastpath.VIDEO, mid=f"{number}", ssrc=1000 + number)
        for slot in self.slots:
            slot.show(source)
        return source

    def begin_frame(self, number: int, sequence: int) -> None:
        """Send the first packet of a frame, and return as soon as the worker has looked at it: it gathers now."""
        packet = vp8(sequence, key=sequence == 0, body=b"%d" % number)
        self.teacher.send_rtp(rtp(1000 + number, sequence, 3000 * sequence, packet, marker=0))
        self.sent += 1
        deadline = time.monotonic() + 5
        while self.worker.counters()["rtp"] < self.sent:
            if time.monotonic() > deadline:
                raise TimeoutError

    def speak(self, sequence: int) -> None:
        self.speaker.send_rtp(rtp(100, sequence, 960 * sequence, b"spoken", payload_type=OPUS))
        self.sent += 1

    def wait(self) -> None:
        wait_until(lambda: self.worker.counters()["rtp"] == self.sent)


@pytest.fixture
def worker() -> Iterator[_fastpath.Worker]:
    with running_worker() as worker:
        yield worker


def test_who_was_muted_before_a_word_is_not_heard(worker: _fastpath.Worker) -> None:
    everybody = Class(worker)
    everybody.add_picture(0)
    voice = everybody.speaker.transport.add_source(_fastpath.AUDIO, mid="0", ssrc=100)
    tap = voice.tap()
    for i in range(ROUNDS):
        everybody.begin_frame(0, i)
        voice.set_blocked(True)
        everybody.speak(i)
        everybody.wait()
        assert tap.records == 0
        voice.set_blocked(False)


def test_a_source_made_before_a_packet_is_known(worker: _fastpath.Worker) -> None:
    everybody = Class(worker)
    everybody.add_picture(0)
    for i in range(ROUNDS):
        everybody.begin_frame(0, i)
        voice = everybody.speaker.transport.add_source(_fastpath.AUDIO, mid="0", ssrc=100)
        everybody.speak(i)
        everybody.wait()
        assert worker.counters()["dropped_unbound"] == 0
        voice.close()


def test_what_was_sent_of_a_frame_leaves_before_its_source_ends(worker: _fastpath.Worker) -> None:
    everybody = Class(worker)
    for i in range(ROUNDS):
        source = everybody.add_picture(i)
        everybody.begin_frame(i, 0)
        source.close()
        for peer in everybody.watching:
            assert peer.receive_rtp().payload.endswith(b"%d" % i)
        worker.drain()
