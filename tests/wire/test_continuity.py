# SPDX-License-Identifier: Apache-2.0
"""The check that other wire tests rest on notices every fault it is there for."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.peers.packets import RtpPacket
from tests.peers.streams import VideoStream
from tests.peers.vp8 import Vp8Payload
from tests.wire.continuity import assert_continuous

ANN, BEN = VideoStream("ann", 1), VideoStream("ben", 2)
Packets = list[RtpPacket]


def _forwarded() -> Packets:
    """What a perfect server would make of ann, ben and ann again, two frames each."""
    out: Packets = []
    for stream in (ANN, BEN, ANN):
        for key in (True, False):
            frame = len(out) // 3
            for packet in stream.frame(key=key):
                payload = replace(Vp8Payload.parse(packet.payload), picture_id=7 + frame, tl0picidx=9 + frame)
                number, time = len(out), 3000 * frame
                out.append(replace(packet, ssrc=9, sequence=number, timestamp=time, payload=bytes(payload)))
    return out


def _without(index: int) -> Callable[[Packets], Packets]:
    return lambda packets: packets[:index] + packets[index + 1 :]


def _renumbered(packets: Packets) -> Packets:
    return [replace(packet, sequence=number) for number, packet in enumerate(packets)]


def _with(index: int, **changes: object) -> Callable[[Packets], Packets]:
    return lambda packets: [*packets[:index], replace(packets[index], **changes), *packets[index + 1 :]]  # type: ignore[arg-type]  # any field


def test_a_perfect_stream_passes() -> None:
    assert len(assert_continuous(_forwarded(), [ANN, BEN])) == 18


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda _: [], "nothing arrived"),
        (_without(4), "sequence numbers go"),
        (lambda packets: [*packets[:5], packets[4], *packets[5:]], "sequence numbers go"),
        (lambda packets: [*packets[:4], packets[5], packets[4], *packets[6:]], "sequence numbers go"),
        (lambda packets: _renumbered(_without(4)(packets)), "the source's sequence numbers"),
        (lambda packets: _renumbered(packets[:6] + packets[9:]), "from the middle of its stream"),
        (lambda packets: _renumbered(packets[:3] + packets[6:]), "picture ids"),
        (_with(3, payload=b"\x90\xe0\x80\x00\x00\x00changed"), "nobody sent the payload"),
        (_with(5, marker=False), "markers"),
        (_with(6, timestamp=200_000), "picture ids"),
    ],
)
def test_every_fault_is_noticed(spoil: Callable[[Packets], Packets], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        assert_continuous(spoil(_forwarded()), [ANN, BEN])


def test_a_timestamp_that_jumps_at_a_switch_is_noticed() -> None:
    packets = [
        replace(packet, timestamp=packet.timestamp + 200_000 * (index > 5)) for index, packet in enumerate(_forwarded())
    ]
    with pytest.raises(AssertionError, match="a switch moved the timestamp"):
        assert_continuous(packets, [ANN, BEN])
