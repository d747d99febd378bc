# SPDX-License-Identifier: Apache-2.0
"""What must hold for the packets of one slot, whatever sources it showed: compared with what those sources sent."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from tests.peers.packets import RtpPacket
from tests.peers.streams import VideoStream
from tests.peers.vp8 import Vp8Payload


class Shown(NamedTuple):
    """A received packet, the stream it came from and the packet that stream sent."""

    packet: RtpPacket
    payload: Vp8Payload
    stream: VideoStream
    original: RtpPacket


def attribute(packets: Sequence[RtpPacket], streams: Sequence[VideoStream]) -> list[Shown]:
    """Who sent what, by the bytes behind the payload descriptor; fails if anything was changed there."""
    found = []
    for packet in packets:
        payload = Vp8Payload.parse(packet.payload)
        stream = next((each for each in streams if payload.body in each.sent), None)
        assert stream is not None, f"nobody sent the payload of {packet}"
        found.append(Shown(packet, payload, stream, stream.sent[payload.body]))
    return found


def last_stream(packets: Sequence[RtpPacket], streams: Sequence[VideoStream]) -> VideoStream | None:
    """The stream seen last in a slot."""
    return attribute(packets[-1:], streams)[0].stream if packets else None


def assert_continuous(packets: Sequence[RtpPacket], streams: Sequence[VideoStream]) -> list[Shown]:
    """One stream to the eye of a receiver: in order, complete, payloads as sent, every counter continuous."""
    shown = attribute(packets, streams)
    assert shown, "nothing arrived"
    assert_consecutive([each.packet.sequence for each in shown], 1 << 16, "sequence numbers")
    assert_sources_in_order(shown)
    frames = [list(frame) for _, frame in groupby(shown, key=lambda each: each.packet.timestamp)]
    assert_whole_frames(frames)
    first = [frame[0] for frame in frames]
    assert_consecutive([each.payload.picture_id for each in first], 1 << 15, "picture ids")
    assert_consecutive([each.payload.tl0picidx for each in first], 1 << 8, "tl0picidx")
    assert_timestamps(first)
    return shown


def assert_consecutive(numbers: Sequence[int | None], modulus: int, what: str) -> None:
    for position, (one, next_) in enumerate(pairwise(numbers)):
        assert one is not None, f"{what} are missing"
        assert next_ == (one + 1) % modulus, f"{what} go from {one} to {next_} at {position} of {len(numbers)}"


def assert_sources_in_order(shown: Sequence[Shown]) -> None:
    """Within one stretch of a source nothing is missing or turned around, and a stretch begins with a key frame."""
    for _, stretch in groupby(shown, key=lambda each: each.stream.ssrc):
        packets = list(stretch)
        assert packets[0].payload.key_frame, "a source was shown from the middle of its stream"
        assert_consecutive([each.original.sequence for each in packets], 1 << 16, "the source's sequence numbers")


def assert_whole_frames(frames: Sequence[Sequence[Shown]]) -> None:
    for frame in frames:
        assert len({(each.stream.ssrc, each.original.timestamp) for each in frame}) == 1, "frames were mixed"
        assert len({each.payload.picture_id for each in frame}) == 1, "a frame has two picture ids"
        markers = [each.packet.marker for each in frame]
        assert markers == [each.original.marker for each in frame], "markers were changed"


def assert_timestamps(first: Sequence[Shown]) -> None:
    """Timestamps grow as the source's do, and at a switch by something between nothing and a second."""
    for one, next_ in pairwise(first):
        step = (next_.packet.timestamp - one.packet.timestamp) % (1 << 32)
        if one.stream is next_.stream:
            assert step == (next_.original.timestamp - one.original.timestamp) % (1 << 32)
        else:
            assert 0 < step <= 90000, f"a switch moved the timestamp by {step}"
