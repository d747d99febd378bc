# SPDX-License-Identifier: Apache-2.0
"""A participant with valid keys who sends nonsense: everything behind decryption must stand it, too.

Random and mutated RTP and RTCP is encrypted as the peer's own, so the worker has to look into it. Meanwhile a picture
goes from one honest peer to another and must arrive whole.
"""

import random

import pylibsrtp
import pytest
from aiortc.rtp import RtcpPsfbPacket, RtcpRtpfbPacket, RtcpSrPacket
from aiortc.rtp import RtcpSenderInfo as SenderInfo

from podium.core import _fastpath

from .peers import AUDIO_LEVEL, MID, OPUS, REPAIRED_RID, RID, VP8, VP8_RTX, Peer, element, rtp, running_worker, vp8

TYPES = {_fastpath.CODEC_VP8: (VP8, VP8_RTX)}


def good_packets() -> list[bytes]:
    report = RtcpSrPacket(
        ssrc=1000, sender_info=SenderInfo(ntp_timestamp=1 << 60, rtp_timestamp=5, packet_count=1, octet_count=1)
    )
    extensions = element(MID, b"1") + element(RID, b"h") + element(REPAIRED_RID, b"h") + element(AUDIO_LEVEL, b"\x10")
    return [
        rtp(1000, 5, 3000, vp8(5, key=True)),
        rtp(1000, 6, 3000, vp8(6), extensions=extensions),
        rtp(1001, 6, 3000, b"\x00\x05" + vp8(5), payload_type=VP8_RTX),
        rtp(1002, 6, 3000, b"opus", payload_type=OPUS, extensions=extensions),
        bytes(report),
        bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2000, lost=list(range(0, 400, 3)))),
        bytes(RtcpRtpfbPacket(fmt=15, ssrc=1, media_ssrc=2000, lost=[1])),
        bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=2000)),
        bytes(RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=2000, fci=b"\x00\x00\x07\xd0\x01\x00\x00\x00")),
    ]


def mutated(packet: bytes, chance: random.Random) -> bytes:
    data = bytearray(packet)
    for _ in range(chance.randint(0, 8)):
        at = chance.randrange(1, len(data))
        data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    if chance.random() < 0.3:
        data = data[: chance.randrange(12, len(data) + 1)]
    if chance.random() < 0.2:
        data += chance.randbytes(chance.randrange(200))
    if chance.random() < 0.3:
        data[0] = chance.choice((0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x9F))
    return bytes(data)


# More than a worker takes from one peer, few enough for libsrtp, which searches a list of them for each packet.
STRANGERS = [7_000_000 + number for number in range(400)]


def nonsense(peer: Peer, chance: random.Random, packets: list[bytes], number: int) -> None:
    """Send one, if libsrtp will encrypt it at all; mostly with rising numbers, so that it is no replay."""
    data = bytearray(mutated(chance.choice(packets), chance))
    if chance.random() < 0.1:
        data = bytearray(b"\x80" + chance.randbytes(chance.randrange(11, 1200)))
    control = 192 <= data[1] < 224
    own = chance.random() < 0.7
    at = 4 if control else 8
    data[at : at + 4] = chance.choice((1000, 1001, 1002) if own else STRANGERS).to_bytes(4, "big")
    if not control and chance.random() < 0.8:
        data[2:4] = (number & 0xFFFF).to_bytes(2, "big")
    try:
        if control:
            peer.send_rtcp(bytes(data))
        else:
            peer.send_rtp(bytes(data))
    except pylibsrtp.Error:
        return


def torment(count: int) -> None:
    chance = random.Random(7)
    packets = good_packets()
    with running_worker() as worker:
        room = worker.add_room()
        alice, bob, mallory = Peer(worker, room), Peer(worker, room), Peer(worker, room)
        source = alice.transport.add_source(_fastpath.VIDEO, mid="1", ssrc=1000)
        slot = bob.transport.add_slot(_fastpath.VIDEO, mid="5", ssrc=2000, payload_types=TYPES)
        slot.show(source)
        for rid in ("", "h", "l"):
            mallory.transport.add_source(_fastpath.VIDEO, mid="1", rid=rid, nack=True)
        mallory.transport.add_source(_fastpath.VIDEO, mid="2", ssrc=1000, rtx_ssrc=1001, nack=True)
        mallory.transport.add_source(_fastpath.AUDIO, mid="0", ssrc=1002)
        mallory.transport.set_extension(_fastpath.EXTENSION_TRANSPORT_SEQUENCE, 5)
        mallory.transport.add_slot(_fastpath.VIDEO, mid="9", ssrc=2000, rtx_ssrc=2001, payload_types=TYPES).show(source)
        first = None
        for i in range(count // 50):
            for number in range(50):
                nonsense(mallory, chance, packets, 50 * i + number)
            alice.send_rtp(rtp(1000, i, 3000 * i, vp8(i, key=i == 0, body=i.to_bytes(4, "big"))))
            packet = bob.receive_rtp()
            first = packet.sequence_number if first is None else first
            assert packet.sequence_number == (first + i) & 0xFFFF
            assert packet.payload.endswith(i.to_bytes(4, "big"))
            if i % 200 == 0:
                worker.drain()
        counters = worker.counters()
        assert counters["rtp"] > count // 10
        assert counters["rtcp"] > count // 10


def test_nonsense_from_a_participant_disturbs_nobody() -> None:
    torment(20_000)


@pytest.mark.campaign
def test_a_million_nonsense_packets() -> None:
    torment(1_000_000)
