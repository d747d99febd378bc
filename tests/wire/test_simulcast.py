# SPDX-License-Identifier: Apache-2.0
"""Simulcast layers known by rid: the layer that fits the tile is shown, and changing it leaves no seam."""

from collections.abc import Iterator

import pytest

from tests.peers.dtls import Identity
from tests.peers.rtp_peer import LAYERS, RtpPeer
from tests.peers.streams import VideoStream
from tests.wire.continuity import assert_continuous, last_stream
from tests.wire.host import Host
from tests.wire.stage import Stage, stage


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def _shows(viewer: RtpPeer, streams: list[VideoStream], wanted: VideoStream) -> bool:
    return last_stream(viewer.slot(viewer.video_slots[0]), streams) is wanted


def test_the_layer_follows_the_height_that_is_asked_for(room: Stage) -> None:
    ann, viewer = room.publisher("ann", simulcast=True), room.viewer("viewer")
    streams = list(ann.layers.values())
    (slot,) = viewer.video_slots
    for rid in ("l", "h", "m", "l", "m", "h"):
        viewer.show(slot, ann.participant_id, max_height=LAYERS[rid][1])
        assert room.play(150, until=lambda r=rid: _shows(viewer, streams, ann.layers[r]))  # type: ignore[misc]  # default binds
        room.play(8)
    shown = assert_continuous(viewer.slot(slot), streams)
    assert {each.stream.rid for each in shown} == {"l", "m", "h"}


def test_a_layer_that_stops_is_replaced_by_the_next_one(room: Stage) -> None:
    ann, viewer = room.publisher("ann", simulcast=True), room.viewer("viewer")
    streams = list(ann.layers.values())
    (slot,) = viewer.video_slots
    viewer.show(slot, ann.participant_id)
    assert room.play(150, until=lambda: _shows(viewer, streams, ann.layers["h"]))
    del ann.layers["h"]
    assert room.play(200, until=lambda: _shows(viewer, streams, ann.layers["m"]))


def test_the_answer_accepts_the_rids_of_the_offer(room: Stage) -> None:
    ann = room.publisher("ann", simulcast=True)
    (section,) = [each for each in ann.answer.sections.values() if each.kind == "video"]
    assert section.rids == tuple(LAYERS)
