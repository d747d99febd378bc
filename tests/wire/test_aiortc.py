# SPDX-License-Identifier: Apache-2.0
"""Two independent aiortc peers see and hear each other through the host, also when the network loses packets."""

import pytest

from tests.peers.aiortc_peer import AiortcPeer
from tests.peers.offers import read_answer
from tests.peers.relay import Impairment, Relay
from tests.wire.host import Host

LOSS = 0.05


def _wait_for_picture_of(viewer: AiortcPeer, shown: AiortcPeer) -> None:
    """Until the picture that is decoded is the other's, which its background tells."""
    background = shown.picture.background
    viewer.wait_for(lambda: abs(viewer.video.background - background) < 15, what=f"the picture of {shown.name}")


def _retransmitted(peer: AiortcPeer) -> int:
    """Packets that came by RTX (RFC 4588), on the SSRCs that the answer names for it."""
    ssrcs = {section.rtx_ssrc for section in read_answer(peer.answer).sections.values()}
    rows = [row for row in peer.statistics().values() if row.type == "inbound-rtp" and row.ssrc in ssrcs]
    return sum(row.packetsReceived for row in rows)


def test_two_peers_see_and_hear_each_other(host: Host) -> None:
    session = host.session()
    with (
        AiortcPeer(host.url, session, "ann", background=60) as ann,
        AiortcPeer(host.url, session, "ben", background=160) as ben,
    ):
        for viewer, shown in ((ann, ben), (ben, ann)):
            viewer.wait_for_frames(30)
            _wait_for_picture_of(viewer, shown)
            viewer.wait_for(lambda v=viewer: v.audio.level > 0.1, what="a loud tone")  # type: ignore[misc]  # default binds
            assert (viewer.video.width, viewer.video.height) == (320, 240)
            assert len(viewer.calls.of_type("Answer")) == 1


def test_video_plays_on_with_loss_in_both_directions(host: Host) -> None:
    session = host.session()
    with (
        Relay() as first,
        Relay() as second,
        AiortcPeer(host.url, session, "ann", through=first) as ann,
        AiortcPeer(host.url, session, "ben", through=second) as ben,
    ):
        for peer in (ann, ben):
            peer.wait_for_frames(10)
        for seed, relay in enumerate((first, second)):
            relay.impair("to_server", Impairment(loss=LOSS, seed=2 * seed))
            relay.impair("to_client", Impairment(loss=LOSS, seed=2 * seed + 1))
        for peer in (ann, ben):
            for _ in range(4):
                peer.wait_for_frames(30, timeout=12)
        for relay in (first, second):
            assert relay.counts("to_server").dropped > 10
            assert relay.counts("to_client").dropped > 10
        for peer in (ann, ben):
            assert _retransmitted(peer) > 0


def test_who_comes_later_is_seen_without_a_new_negotiation(host: Host) -> None:
    session = host.session()
    with AiortcPeer(host.url, session, "ann", background=60) as ann:
        with AiortcPeer(host.url, session, "ben", background=110) as ben:
            _wait_for_picture_of(ann, ben)
        ann.calls.wait_for_type("ParticipantLeft", participant_id=ben.participant_id)
        with AiortcPeer(host.url, session, "cleo", background=160) as cleo:
            _wait_for_picture_of(ann, cleo)
            _wait_for_picture_of(cleo, ann)
        assert len(ann.calls.of_type("Answer")) == 1


def test_two_cameras_in_two_slots(host: Host) -> None:
    session = host.session()
    with (
        AiortcPeer(host.url, session, "ann", background=60) as ann,
        AiortcPeer(host.url, session, "ben", background=160) as ben,
        AiortcPeer(host.url, session, "cleo", video=False, more_video_slots=2) as cleo,
    ):
        slots = cleo.mids("video")
        for mid, shown in zip(slots, (ann, ben), strict=True):
            cleo.show(mid, shown.participant_id)
        for mid, shown in zip(slots, (ann, ben), strict=True):
            background = shown.picture.background
            cleo.wait_for(lambda m=mid, b=background: abs(cleo.seen(m).background - b) < 15, what=f"slot {mid}")  # type: ignore[misc]  # defaults bind


@pytest.mark.campaign
def test_a_long_call_with_loss(host: Host) -> None:
    session = host.session()
    with (
        Relay() as first,
        Relay() as second,
        AiortcPeer(host.url, session, "ann", through=first) as ann,
        AiortcPeer(host.url, session, "ben", through=second) as ben,
    ):
        for peer in (ann, ben):
            peer.wait_for_frames(10)
        for relay in (first, second):
            relay.impair("to_server", Impairment(loss=LOSS, jitter=0.02, delay=0.02))
            relay.impair("to_client", Impairment(loss=LOSS, jitter=0.02, delay=0.02, seed=1))
        for _ in range(60):
            for peer in (ann, ben):
                peer.wait_for_frames(30, timeout=15)
