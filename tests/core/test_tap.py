# SPDX-License-Identifier: Apache-2.0
"""Taps: what a source sends arrives whole, in order and with its times; a reader that sleeps costs nobody anything."""

import threading
from collections.abc import Iterator

import pytest
from aiortc.rtp import RtcpPacket, RtcpSenderInfo, RtcpSrPacket, RtpPacket

from podium.core import _fastpath

from .peers import VP8, VP8_RTX, Peer, rtp, running_worker, vp8, wait_until

TYPES = {_fastpath.CODEC_VP8: (VP8, VP8_RTX)}


@pytest.fixture
def worker() -> Iterator[_fastpath.Worker]:
    with running_worker() as worker:
        yield worker


@pytest.fixture
def alice(worker: _fastpath.Worker) -> Peer:
    return Peer(worker, worker.add_room())


def read_packets(tap: _fastpath.Tap, count: int) -> list[_fastpath.TapPacket]:
    packets: list[_fastpath.TapPacket] = []
    while len(packets) < count:
        assert tap.wait(5)
        packets += tap.read()
    return packets


def test_a_tap_gives_what_was_sent_with_rising_times(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    tap = source.tap(1 << 14)
    sent = [rtp(1000, i, 3000 * i, vp8(i, key=i == 0, body=bytes([i]) * (50 + i))) for i in range(200)]
    received: list[_fastpath.TapPacket] = []
    for packet in sent:
        alice.send_rtp(packet)
        received += read_packets(tap, 1)
    assert [packet.data for packet in received] == sent
    times = [packet.arrival for packet in received]
    assert times == sorted(times)
    assert (tap.records, tap.overruns) == (200, 0)


def test_a_retransmission_is_given_as_what_it_repeats(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000, rtx_ssrc=1001, nack=True)
    tap = source.tap()
    original = rtp(1000, 2, 6000, vp8(2, body=b"lost at first"))
    for i in (1, 3):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i)))
    alice.send_rtp(rtp(1001, 9, 6000, b"\x00\x02" + original[12:], payload_type=VP8_RTX))
    assert read_packets(tap, 3)[2].data == original


def test_padding_is_taken_off(worker: _fastpath.Worker, alice: Peer) -> None:
    tap = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000).tap()
    plain = RtpPacket(payload_type=VP8, ssrc=1000, sequence_number=1, timestamp=5, payload=vp8(1))
    padded = bytearray(plain.serialize() + b"\0\0\0\x04")
    padded[0] |= 0x20
    alice.send_rtp(bytes(padded))
    assert read_packets(tap, 1)[0].data == plain.serialize()


def test_sender_reports_are_in_it(worker: _fastpath.Worker, alice: Peer) -> None:
    tap = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000).tap()
    info = RtcpSenderInfo(ntp_timestamp=1 << 40, rtp_timestamp=77, packet_count=3, octet_count=4)
    alice.send_rtcp(bytes(RtcpSrPacket(ssrc=1000, sender_info=info)))
    (record,) = read_packets(tap, 1)
    assert record.kind == _fastpath.TAP_SENDER_REPORT
    (report,) = RtcpPacket.parse(record.data)
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info == info


def test_who_does_not_read_loses_the_newest_and_slows_nobody(worker: _fastpath.Worker, alice: Peer) -> None:
    bob = Peer(worker, worker.add_room())
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=TYPES).show(source)
    tap = source.tap(4096)
    for i in range(100):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=i == 0, body=b"x" * 500)))
        assert bob.receive_rtp().payload.endswith(b"x" * 500)
    kept = tap.read()
    assert 0 < len(kept) < 100
    assert tap.overruns == 100 - len(kept)
    assert [RtpPacket.parse(packet.data).sequence_number for packet in kept] == list(range(len(kept)))


def test_a_blocked_source_is_not_tapped(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    tap = source.tap()
    source.set_blocked(True)
    alice.send_rtp(rtp(1000, 1, 3000, vp8(1, key=True)))
    wait_until(lambda: worker.counters()["rtp"] == 1)
    assert tap.read() == []


def test_the_reader_learns_that_the_source_is_gone(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    tap = source.tap()
    alice.send_rtp(rtp(1000, 1, 3000, vp8(1)))
    wait_until(lambda: tap.records == 1)
    read: list[_fastpath.TapPacket] = []

    def drain() -> None:
        while tap.wait(5):
            read.extend(tap.read())

    reader = threading.Thread(target=drain)
    reader.start()
    source.close()
    reader.join(5)
    assert not reader.is_alive()
    assert len(read) == 1
    assert tap.ended
    tap.close()


def test_a_closed_tap_gives_its_memory_back(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    for _ in range(50):
        source.tap(1 << 22).close()
    tap = source.tap()
    alice.send_rtp(rtp(1000, 1, 3000, vp8(1)))
    assert len(read_packets(tap, 1)) == 1


def test_a_ring_may_be_freed_while_its_packets_are_read(
    worker: _fastpath.Worker, alice: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the reader makes an object, the interpreter may let the thread run that closes the tap."""
    tap = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000).tap()
    for i in range(3):
        alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i)))
    wait_until(lambda: tap.records == 3)
    make = _fastpath.TapPacket

    def freed() -> bool:
        worker.drain()
        return tap.records == 0

    def interrupted(kind: int, arrival: float, data: bytes) -> _fastpath.TapPacket:
        tap.close()
        wait_until(freed)
        return make(kind, arrival, data)

    monkeypatch.setattr(_fastpath, "TapPacket", interrupted)
    assert [packet.data for packet in tap.read()] == [rtp(1000, 0, 0, vp8(0))]
    assert tap.ended


def test_one_tap_too_many_ends_at_once(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    taps = [source.tap() for _ in range(5)]
    wait_until(lambda: taps[4].ended)
    assert not any(tap.ended for tap in taps[:4])


def test_a_capacity_that_cannot_be_is_refused(worker: _fastpath.Worker, alice: Peer) -> None:
    source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
    with pytest.raises(ValueError, match="power of two"):
        source.tap(5000)
