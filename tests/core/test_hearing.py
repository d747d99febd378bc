# SPDX-License-Identifier: Apache-2.0
"""Restricted sources reach only those who share a group with them: real packets through a worker."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiortc.rtp import RtcpPsfbPacket, RtcpRtpfbPacket

from podium.core import _fastpath

from .peers import AUDIO_LEVEL, OPUS, VP8, VP8_RTX, Peer, element, rtp, running_worker, vp8, wait_until

VIDEO_TYPES = {_fastpath.CODEC_VP8: (VP8, VP8_RTX)}
AUDIO_TYPES = {_fastpath.CODEC_OPUS: (OPUS, None)}
RED, BLUE, LAST = 1 << 0, 1 << 1, 1 << 63
WINDOW = 12


@pytest.fixture
def worker() -> Iterator[_fastpath.Worker]:
    with running_worker(audio_slots=2) as worker:
        yield worker


def commands_taken(worker: _fastpath.Worker, peer: Peer) -> None:
    """Wait until the worker has carried out what it was told, as it has when it looks at a packet sent after that."""
    seen = worker.counters()["rtp"]
    peer.send_rtp(rtp(9999, 0, 0, b"of no source"))
    wait_until(lambda: worker.counters()["rtp"] > seen)


class Class:
    """Speakers who all talk, each at a level of their own, and listeners who note whom they hear."""

    def __init__(self, worker: _fastpath.Worker, levels: dict[str, int], listeners: dict[str, int]) -> None:
        self.room = worker.add_room()
        self.levels = levels
        self.speakers = {name: Peer(worker, self.room) for name in levels}
        self.sources = {
            name: peer.transport.add_source(_fastpath.AUDIO, mid="0", ssrc=100) for name, peer in self.speakers.items()
        }
        self.names = {source.csrc: name for name, source in self.sources.items()}
        self.listeners: dict[str, Peer] = {}
        self.heard: dict[str, deque[str]] = {name: deque(maxlen=WINDOW) for name in listeners}
        self.number = 0
        for name, groups in listeners.items():
            peer = self.listeners[name] = Peer(worker, self.room)
            peer.transport.set_groups(groups)
            peer.socket.settimeout(0.002)
            for index in range(2):
                peer.transport.add_slot(_fastpath.AUDIO, mid=f"a{index}", ssrc=3000 + index, payload_types=AUDIO_TYPES)

    def talk(self) -> None:
        """One packet of everybody, and everything that came of it until now."""
        self.number += 1
        for name, peer in self.speakers.items():
            extension = element(AUDIO_LEVEL, bytes([self.levels[name]]))
            packet = rtp(100, self.number, 960 * self.number, b"opus" * 10, payload_type=OPUS, extensions=extension)
            peer.send_rtp(packet)
        self.read()

    def read(self) -> None:
        """Note everything that has come."""
        for name, peer in self.listeners.items():
            with suppress(TimeoutError):
                while True:
                    self.heard[name].append(self.names[peer.receive_rtp().csrc[0]])

    def settles(self, **expected: set[str]) -> None:
        """Talk until the newest packets of each listener are of exactly these speakers. Raises TimeoutError."""

        def settled() -> bool:
            self.talk()
            return all(
                set(self.heard[name]) == voices and (not voices or len(self.heard[name]) == WINDOW)
                for name, voices in expected.items()
            )

        wait_until(settled, seconds=20)


def test_each_group_hears_its_own_loudest_even_if_others_are_louder(worker: _fastpath.Worker) -> None:
    levels = {"red1": 60, "red2": 50, "red3": 70, "blue1": 5, "blue2": 10, "blue3": 15}
    group = Class(worker, levels, {"red": RED, "blue": BLUE})
    for name, source in group.sources.items():
        source.set_audience(RED if name.startswith("red") else BLUE)
    group.settles(red={"red1", "red2"}, blue={"blue1", "blue2"})


def test_a_voice_for_everybody_competes_in_every_group(worker: _fastpath.Worker) -> None:
    group = Class(worker, {"red": 40, "blue": 30, "teacher": 60}, {"anns": RED, "bobs": BLUE, "both": RED | LAST})
    group.sources["red"].set_audience(RED)
    group.sources["blue"].set_audience(BLUE | LAST)
    group.settles(anns={"red", "teacher"}, bobs={"blue", "teacher"}, both={"red", "blue"})


def test_who_is_in_no_group_hears_only_what_is_for_everybody(worker: _fastpath.Worker) -> None:
    group = Class(worker, {"red": 10, "nobody": 5, "teacher": 60}, {"newcomer": 0, "ann": RED})
    group.sources["red"].set_audience(RED)
    group.sources["nobody"].set_audience(0)
    group.settles(newcomer={"teacher"}, ann={"red", "teacher"})
    group.sources["red"].set_audience(None)
    group.settles(newcomer={"red", "teacher"})


@pytest.mark.parametrize("by", ["audience", "groups"])
def test_what_is_taken_away_ends_with_the_command(worker: _fastpath.Worker, by: str) -> None:
    group = Class(worker, {"red": 20}, {"ann": RED})
    group.sources["red"].set_audience(RED)
    group.settles(ann={"red"})
    if by == "audience":
        group.sources["red"].set_audience(BLUE)
    else:
        group.listeners["ann"].transport.set_groups(BLUE)
    commands_taken(worker, group.speakers["red"])
    group.read()
    group.heard["ann"].clear()
    for _ in range(10):
        group.talk()
    assert not group.heard["ann"]


def test_a_picture_ends_at_once_and_the_one_awaited_still_comes(worker: _fastpath.Worker) -> None:
    room = worker.add_room()
    alice, carol, bob = Peer(worker, room), Peer(worker, room), Peer(worker, room)
    first = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    second = carol.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    first.set_audience(RED)
    bob.transport.set_groups(RED)
    slot.show(first)
    alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True)))
    before = bob.receive_rtp()
    slot.show(second)
    carol.receive_rtcp(RtcpPsfbPacket)
    first.set_audience(BLUE)
    commands_taken(worker, carol)
    seen = worker.counters()["rtp"]
    alice.send_rtp(rtp(1000, 1, 3000, vp8(1, body=b"private")))
    wait_until(lambda: worker.counters()["rtp"] > seen)
    carol.send_rtp(rtp(1000, 9, 9000, vp8(5, key=True, body=b"public")))
    after = bob.receive_rtp()
    assert after.payload.endswith(b"public")
    assert after.sequence_number == (before.sequence_number + 1) & 0xFFFF


def test_what_one_may_not_see_can_be_neither_shown_nor_asked_for_again(worker: _fastpath.Worker) -> None:
    room = worker.add_room()
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, rtx_ssrc=2001, payload_types=VIDEO_TYPES)
    slot.show(source)
    alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True)))
    last = bob.receive_rtp().sequence_number
    source.set_audience(0)
    slot.show(source)
    commands_taken(worker, alice)
    taken = worker.counters()["rtp"]
    for i in range(1, 4):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=True, body=b"private")))
    wait_until(lambda: worker.counters()["rtp"] == taken + 3)
    bob.send_rtcp(bytes(RtcpRtpfbPacket(fmt=1, ssrc=9, media_ssrc=2000, lost=[last, (last + 1) & 0xFFFF])))
    wait_until(lambda: worker.counters()["rtcp"] == 1)
    source.set_audience(None)
    slot.show(source)
    alice.send_rtp(rtp(1000, 4, 12000, vp8(4, key=True, body=b"public")))
    assert bob.receive_rtp().payload.endswith(b"public")
    assert next(row["retransmitted"] for row in worker.statistics() if row["id"] == slot.id) == 0
