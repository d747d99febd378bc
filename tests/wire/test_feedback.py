# SPDX-License-Identifier: Apache-2.0
"""RTCP in both directions: retransmission, transport-wide feedback, requests for key frames, reports."""

import time
from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.peers.dtls import Identity
from tests.peers.packets import (
    Nack,
    PictureLoss,
    ReceiverReport,
    Rtcp,
    SenderReport,
    TransportFeedback,
    nack,
    sender_report,
)
from tests.peers.relay import Impairment, Relay, exactly
from tests.peers.rtp_peer import RtpPeer
from tests.wire.continuity import attribute
from tests.wire.host import Host
from tests.wire.stage import FRAME_INTERVAL, Stage, key_requests, stage

NTP_EPOCH = 2_208_988_800
R = TypeVar("R", bound=Rtcp)


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def _of(kind: type[R], peer: RtpPeer) -> list[R]:
    return [each for each in peer.transport.rtcp if isinstance(each, kind)]


def test_a_nack_is_answered_from_the_ring_by_rtx(room: Stage) -> None:
    ann, viewer = room.publisher("ann"), room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= 30)
    received = viewer.slot(slot)
    wanted = [received[-20], received[-9], received[-1]]
    ssrc = wanted[0].ssrc
    viewer.transport.send_rtcp(nack(1, ssrc, *(packet.sequence for packet in wanted)))
    assert room.pump(3, until=lambda: len(viewer.retransmissions(slot)) >= 3)
    again = {packet.sequence: packet for packet in viewer.retransmissions(slot)}
    for packet in wanted:
        copy = again[packet.sequence]
        assert (copy.payload, copy.timestamp, copy.marker) == (packet.payload, packet.timestamp, packet.marker)
    assert attribute(list(again.values()), [ann.camera])


def test_a_nack_across_a_switch_gets_the_packet_that_was_shown(room: Stage) -> None:
    ann, ben, viewer = room.publisher("ann"), room.publisher("ben"), room.viewer("viewer")
    (slot,) = viewer.video_slots
    viewer.show(slot, ann.participant_id)
    assert room.play(150, until=lambda: bool(viewer.slot(slot)))
    viewer.show(slot, ben.participant_id)
    streams = [ann.camera, ben.camera]
    assert room.play(150, until=lambda: attribute(viewer.slot(slot)[-1:], streams)[0].stream is ben.camera)
    received = viewer.slot(slot)[-12:]
    viewer.transport.send_rtcp(nack(1, received[0].ssrc, *(packet.sequence for packet in received)))
    assert room.pump(3, until=lambda: len(viewer.retransmissions(slot)) >= len(received))
    again = {packet.sequence: packet.payload for packet in viewer.retransmissions(slot)}
    assert again == {packet.sequence: packet.payload for packet in received}


def test_a_gap_is_nacked_at_the_publisher_and_the_repair_is_forwarded(room: Stage) -> None:
    room.answer_nacks = False
    with Relay() as relay:
        ann, viewer = room.publisher("ann", through=relay), room.viewer("viewer")
        (slot,) = viewer.video_slots
        assert room.play(150, until=lambda: len(viewer.slot(slot)) >= 30)
        relay.impair("to_server", Impairment(drop=exactly(4, 5)))
        before = ann.camera.sequence
        room.play(4)
        lost = {(before + 4) % 65536, (before + 5) % 65536}
        assert room.play(30, until=lambda: lost <= {each for sent in _of(Nack, ann) for each in sent.lost})
        room.answer_nacks = True
        for packet in ann.camera.sent.values():
            if packet.sequence in lost:
                ann.send_rtx(packet)
        assert room.play(60, until=lambda: _arrived(viewer, slot, ann) >= lost)
        sequences = sorted(packet.sequence for packet in viewer.slot(slot))
        assert len(sequences) == len(set(sequences))
        assert sequences == list(range(sequences[0], sequences[-1] + 1))


def _arrived(viewer: RtpPeer, slot: str, publisher: RtpPeer) -> set[int]:
    """The publisher's sequence numbers of what the viewer has, by whichever stream it came."""
    packets = viewer.slot(slot) + viewer.retransmissions(slot)
    return {each.original.sequence for each in attribute(packets, [publisher.camera])}


def test_a_nack_that_is_not_answered_is_repeated_and_given_up(room: Stage) -> None:
    room.answer_nacks = False
    ann = room.publisher("ann")
    viewer = room.viewer("viewer")
    assert room.play(150, until=lambda: bool(viewer.slot(viewer.video_slots[0])))
    lost = ann.camera.sequence
    ann.send(*ann.camera.frame()[1:])
    room.play(60)
    times = [sent.arrival for sent in _of(Nack, ann) if lost in sent.lost]
    assert 2 <= len(times) <= 20
    assert times[-1] - times[0] < 1.5


def test_transport_feedback_covers_everything_the_publisher_sent(room: Stage) -> None:
    ann = room.publisher("ann")
    assert ann.transport.transport_sequence_id is not None
    room.play(30)
    assert room.play(30, until=lambda: len(_of(TransportFeedback, ann)) >= 5)
    feedback = _of(TransportFeedback, ann)
    reported = {
        (each.base + index) % 65536 for each in feedback for index, received in enumerate(each.received) if received
    }
    assert reported >= set(list(ann.transport.sent_transport_sequences)[:60])
    counts = [each.feedback_count for each in feedback]
    assert counts == [(counts[0] + index) % 256 for index in range(len(counts))]


def test_a_viewer_without_a_cached_key_frame_makes_the_publisher_send_one(room: Stage) -> None:
    ann = room.publisher("ann")
    room.play(60)
    before = len(key_requests(ann, ann.camera.ssrc))
    first, second = room.viewer("first"), room.viewer("second")
    assert room.play(150, until=lambda: all(viewer.slot(viewer.video_slots[0]) for viewer in (first, second)))
    assert 1 <= len(key_requests(ann, ann.camera.ssrc)) - before <= 2


def test_key_frame_requests_of_viewers_are_throttled(room: Stage) -> None:
    ann, viewers = room.publisher("ann"), [room.viewer(f"viewer {number}") for number in range(3)]
    assert room.play(150, until=lambda: all(viewer.slot(viewer.video_slots[0]) for viewer in viewers))
    began = time.time()
    for _ in range(30):
        for viewer in viewers:
            viewer.ask_for_key_frame(viewer.video_slots[0])
        room.play(1)
    asked = [each for each in _of(PictureLoss, ann) if each.arrival >= began]
    assert 1 <= len(asked) <= 3 + (time.time() - began)


def test_the_publisher_gets_receiver_reports(room: Stage) -> None:
    ann = room.publisher("ann")
    room.viewer("viewer")
    assert room.play(150, until=lambda: bool(_blocks(ann)))
    lost = ann.camera.sequence
    room.answer_nacks = False
    ann.send(*ann.camera.frame()[1:])
    assert room.play(300, until=lambda: any(block.lost >= 1 for block in _blocks(ann)))
    block = _blocks(ann)[-1]
    assert block.highest_sequence & 0xFFFF > lost
    assert block.jitter < 90_000


def _blocks(peer: RtpPeer) -> list:  # type: ignore[type-arg]  # of ReportBlock
    reports = _of(ReceiverReport, peer) + _of(SenderReport, peer)
    return [block for report in reports for block in report.blocks if block.ssrc == peer.camera.ssrc]


def test_sender_reports_map_the_rewritten_timestamps(room: Stage) -> None:
    ann, ben, viewer = room.publisher("ann"), room.publisher("ben"), room.viewer("viewer")
    (slot,) = viewer.video_slots
    for wanted in (ann, ben):
        viewer.show(slot, wanted.participant_id)
        for _ in range(4):
            _report(ann)
            _report(ben)
            room.play(20)
    ssrc = viewer.answer.sections[slot].ssrc
    reports = [report for report in _of(SenderReport, viewer) if report.ssrc == ssrc]
    assert len(reports) >= 2
    packets = viewer.slot(slot)
    for report in reports:
        assert abs(report.seconds - NTP_EPOCH - report.arrival) < 2
        near = min(packets, key=lambda packet: abs(packet.arrival - report.arrival))
        offset = (report.rtp - near.timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        since = report.seconds - NTP_EPOCH - near.arrival
        assert abs(offset / 90_000 - since) < 0.25
    assert reports[-1].packets <= len(packets)


def _report(peer: RtpPeer) -> None:
    """The publisher's own mapping: its next frame is sent now."""
    now = time.time() + NTP_EPOCH
    previous = peer.camera.timestamp - round(FRAME_INTERVAL * 90_000)
    peer.transport.send_rtcp(sender_report(peer.camera.ssrc, int(now * 2**32), previous % (1 << 32)))
