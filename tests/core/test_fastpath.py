# SPDX-License-Identifier: Apache-2.0
"""The worker as a whole: real UDP on loopback, encrypted and decrypted by pylibsrtp, parsed by aiortc."""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiortc.rtp import RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket, RtpPacket

from podium.core import _fastpath

from .peers import AUDIO_LEVEL, MID, OPUS, RID, VP8, VP8_RTX, Peer, element, rtp, running_worker, vp8, wait_until

VIDEO_TYPES = {_fastpath.CODEC_VP8: (VP8, VP8_RTX)}
AUDIO_TYPES = {_fastpath.CODEC_OPUS: (OPUS, None)}


@pytest.fixture
def worker() -> Iterator[_fastpath.Worker]:
    with running_worker() as worker:
        yield worker


@pytest.fixture
def room(worker: _fastpath.Worker) -> _fastpath.Room:
    return worker.add_room()


def picture_id(packet: RtpPacket) -> int:
    return (packet.payload[2] & 0x7F) << 8 | packet.payload[3]


@pytest.mark.parametrize("profile", [_fastpath.PROFILE_AEAD_AES_128_GCM, _fastpath.PROFILE_AES128_CM_SHA1_80])
def test_payloads_arrive_identical_and_in_order(worker: _fastpath.Worker, room: _fastpath.Room, profile: int) -> None:
    alice, bob = Peer(worker, room, profile), Peer(worker, room, profile)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    slot.show(source)
    sent = [vp8(i, key=i == 0, body=bytes([i]) * (900 + i % 5)) for i in range(200)]
    for i, payload in enumerate(sent):
        alice.send_rtp(rtp(1000, 60000 + i, 3000 * i, payload))
    received = [bob.receive_rtp() for _ in sent]
    assert [packet.payload[5:] for packet in received] == [payload[5:] for payload in sent]
    first = received[0].sequence_number
    assert [packet.sequence_number for packet in received] == [(first + i) & 0xFFFF for i in range(len(sent))]
    assert {packet.ssrc for packet in received} == {2000}


def test_one_port_serves_both_internet_protocols() -> None:
    with running_worker("::") as worker:
        room = worker.add_room()
        alice, bob = Peer(worker, room, host="::1"), Peer(worker, room, host="127.0.0.1")
        source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
        bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES).show(source)
        alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True, body=b"across")))
        assert bob.receive_rtp().payload.endswith(b"across")
        report = alice.receive_rtcp(RtcpRrPacket)
        assert {block.ssrc for block in report.reports} <= {1000}


def test_a_kernel_without_segmentation_gets_plain_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fastpath, "supports_segmentation", lambda bound: False)
    with running_worker() as worker:
        room = worker.add_room()
        alice, bob = Peer(worker, room), Peer(worker, room)
        source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
        bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES).show(source)
        for i in range(50):
            alice.send_rtp(rtp(1000, i, 3000, vp8(1, key=i == 0, start=i == 0, body=bytes([i]) * 1000), marker=i == 49))
        assert [bob.receive_rtp().payload[-1] for _ in range(50)] == list(range(50))


def test_a_switch_leaves_no_seam(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, carol, bob = Peer(worker, room), Peer(worker, room), Peer(worker, room)
    sources = [
        alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000),
        carol.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000),
    ]
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    numbers, pictures, stamps = [], [], []
    for turn in range(6):
        peer = (alice, carol)[turn % 2]
        slot.show(sources[turn % 2])
        for i in range(5):
            peer.send_rtp(
                rtp(1000, 5 * (turn // 2) + i, 90000 * turn + 3000 * i, vp8(50 * turn + i, key=i == 0, tl0=turn))
            )
            packet = bob.receive_rtp()
            numbers.append(packet.sequence_number)
            pictures.append(picture_id(packet))
            stamps.append(packet.timestamp)
    assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(30)]
    assert pictures == [(pictures[0] + i) & 0x7FFF for i in range(30)]
    assert stamps == sorted(set(stamps))


def test_a_switch_waits_for_the_key_frame_and_asks_for_it(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    alice.send_rtp(rtp(1000, 1, 0, vp8(1, body=b"inter frame")))
    slot.show(source)
    request = alice.receive_rtcp(RtcpPsfbPacket)
    assert (request.fmt, request.media_ssrc) == (1, 1000)
    alice.send_rtp(rtp(1000, 2, 3000, vp8(2, key=True, body=b"key frame")))
    assert bob.receive_rtp().payload.endswith(b"key frame")


def test_many_wishes_for_a_key_frame_become_one(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, viewers = Peer(worker, room), [Peer(worker, room) for _ in range(3)]
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    for peer in viewers:
        peer.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES).show(source)
    alice.receive_rtcp(RtcpPsfbPacket)
    alice.send_rtp(rtp(1000, 1, 0, vp8(1, key=True)))
    full_intra_request = RtcpPsfbPacket(fmt=4, ssrc=9, media_ssrc=0, fci=bytes.fromhex("000007d001000000"))
    for peer in viewers:
        peer.receive_rtp()
        peer.send_rtcp(bytes(RtcpPsfbPacket(fmt=1, ssrc=9, media_ssrc=2000)))
        peer.send_rtcp(bytes(full_intra_request))
    assert alice.receive_rtcp(RtcpPsfbPacket).media_ssrc == 1000
    rows = worker.statistics()
    assert list(rows[rows["direction"] == 1]["plis"]) == [2, 2, 2]
    assert list(rows[rows["direction"] == 0]["plis"]) == [2]


def test_a_late_joiner_gets_the_stored_key_frame(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob, carol = Peer(worker, room), Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    for peer in (bob, carol):
        slot = peer.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
        slot.show(source)
        if peer is bob:
            for i in range(5):
                alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=i == 0, body=b"%d" % i)))
        bodies = [peer.receive_rtp().payload[-1:] for _ in range(5)]
        assert bodies == [b"0", b"1", b"2", b"3", b"4"]


def test_a_lost_packet_is_asked_for_and_its_rtx_understood(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000, rtx_ssrc=1001, nack=True)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    slot.show(source)
    for i in (0, 1, 3):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=i == 0, body=b"body %d" % i)))
    request = alice.receive_rtcp(RtcpRtpfbPacket)
    assert (request.media_ssrc, request.lost) == (1000, [2])
    lost = vp8(2, body=b"body 2")
    alice.send_rtp(rtp(1001, 77, 6000, b"\x00\x02" + lost, payload_type=VP8_RTX))
    received = {packet.sequence_number: packet for packet in (bob.receive_rtp() for _ in range(4))}
    first = min(received)
    assert [received[first + i].payload[-6:] for i in range(4)] == [b"body %d" % i for i in range(4)]


def test_a_receivers_nack_is_answered_by_rtx(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, rtx_ssrc=2001, payload_types=VIDEO_TYPES)
    slot.show(source)
    for i in range(4):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=i == 0)))
    packets = [bob.receive_rtp() for _ in range(4)]
    bob.send_rtcp(bytes(RtcpRtpfbPacket(fmt=1, ssrc=9, media_ssrc=2000, lost=[packets[2].sequence_number])))
    again = bob.receive_rtp()
    assert (again.ssrc, again.payload_type) == (2001, VP8_RTX)
    assert int.from_bytes(again.payload[:2], "big") == packets[2].sequence_number
    assert again.payload[2:] == packets[2].payload
    assert again.timestamp == packets[2].timestamp


def test_simulcast_layers_are_known_by_rid(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    layers = {rid: alice.transport.add_source(_fastpath.VIDEO, mid="1", rid=rid) for rid in ("l", "h")}
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    for ssrc, rid in ((500, b"l"), (600, b"h")):
        slot.show(layers[rid.decode()])
        extensions = element(MID, b"1") + element(RID, rid)
        alice.send_rtp(rtp(ssrc, 7, 0, vp8(1, key=True, body=rid), extensions=extensions))
        assert bob.receive_rtp().payload.endswith(rid)
    alice.send_rtp(rtp(600, 8, 3000, vp8(2, body=b"no extensions any more")))
    assert bob.receive_rtp().payload.endswith(b"no extensions any more")


def test_the_loudest_are_heard_and_named(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    listener = Peer(worker, room)
    for i in range(3):
        listener.transport.add_slot(_fastpath.AUDIO, mid=f"a{i}", ssrc=3000 + i, payload_types=AUDIO_TYPES)
    speakers = [Peer(worker, room) for _ in range(6)]
    sources = [peer.transport.add_source(_fastpath.AUDIO, mid="0", ssrc=100 + i) for i, peer in enumerate(speakers)]
    levels = [100, 20, 110, 30, 25, 120]
    expected = {sources[i].csrc for i in (1, 3, 4)}
    heard: deque[int] = deque(maxlen=30)
    numbers = itertools.count()
    listener.socket.settimeout(0.01)

    def settled() -> bool:
        """Another round of packets; whether the newest that came are of the loudest three."""
        number = next(numbers)
        for i, peer in enumerate(speakers):
            extension = element(AUDIO_LEVEL, bytes([levels[i]]))
            peer.send_rtp(rtp(100 + i, number, 960 * number, b"opus" * 10, payload_type=OPUS, extensions=extension))
        with suppress(TimeoutError):
            while True:
                heard.append(listener.receive_rtp().csrc[0])
        return len(heard) == 30 and set(heard) == expected

    wait_until(settled, seconds=20)


def test_a_blocked_source_is_silent_and_comes_back_without_a_gap(
    worker: _fastpath.Worker, room: _fastpath.Room
) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    slot.show(source)
    alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True)))
    before = bob.receive_rtp()
    source.set_blocked(True)
    alice.send_rtp(rtp(1000, 1, 3000, vp8(1, key=True, body=b"secret")))
    wait_until(lambda: worker.counters()["rtp"] == 2)
    source.set_blocked(False)
    alice.receive_rtcp(RtcpPsfbPacket)
    alice.send_rtp(rtp(1000, 2, 6000, vp8(2, key=True, body=b"public")))
    after = bob.receive_rtp()
    assert after.payload.endswith(b"public")
    assert after.sequence_number == (before.sequence_number + 1) & 0xFFFF


def test_reports_go_both_ways(worker: _fastpath.Worker, room: _fastpath.Room) -> None:
    alice, bob = Peer(worker, room), Peer(worker, room)
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
    slot.show(source)
    alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True)))
    report = alice.receive_rtcp(RtcpRrPacket)
    while not report.reports:
        report = alice.receive_rtcp(RtcpRrPacket)
    assert report.reports[0].ssrc == 1000
    sender = bob.receive_rtcp(RtcpSrPacket)
    assert (sender.ssrc, sender.sender_info.packet_count) == (2000, 1)


def test_closing_everything_hands_all_memory_back(worker: _fastpath.Worker) -> None:
    for _ in range(20):
        room = worker.add_room()
        alice, bob = Peer(worker, room), Peer(worker, room)
        source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
        slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=VIDEO_TYPES)
        slot.show(source)
        alice.send_rtp(rtp(1000, 0, 0, vp8(0, key=True)))
        bob.receive_rtp()
        source.close()
        room.close()
        worker.drain()
    assert len(worker.statistics()) == 0
