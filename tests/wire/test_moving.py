# SPDX-License-Identifier: Apache-2.0
"""A peer whose address changes keeps its session and its media; one that is gone is noticed."""

from collections.abc import Iterator

import pytest

from tests.peers.dtls import Identity
from tests.peers.relay import Relay
from tests.wire.continuity import assert_continuous
from tests.wire.host import Host
from tests.wire.stage import Stage, stage


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def test_a_viewer_who_moves_goes_on_seeing(room: Stage) -> None:
    room.publisher("ann")
    viewer = room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= 30)
    viewer.transport.move()
    before = len(viewer.slot(slot))
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= before + 30)
    assert len(viewer.calls.of_type("Answer")) == 1


def test_a_publisher_who_moves_goes_on_being_seen(room: Stage) -> None:
    ann, viewer = room.publisher("ann"), room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= 30)
    ann.transport.move()
    before = len(viewer.slot(slot))
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= before + 30)


def test_a_new_address_behind_a_nat_is_followed(room: Stage) -> None:
    with Relay() as relay:
        room.publisher("ann")
        viewer = room.viewer("viewer", through=relay)
        (slot,) = viewer.video_slots
        assert room.play(150, until=lambda: len(viewer.slot(slot)) >= 30)
        relay.rebind()
        before = len(viewer.slot(slot))
        assert room.play(200, until=lambda: len(viewer.slot(slot)) >= before + 30)


def test_more_slots_by_another_offer_leave_the_old_ones_alone(room: Stage) -> None:
    ann, ben, viewer = room.publisher("ann"), room.publisher("ben"), room.viewer("viewer")
    (first,) = viewer.video_slots
    viewer.show(first, ann.participant_id)
    assert room.play(150, until=lambda: bool(viewer.slot(first)))
    viewer.add_slots(video=1)
    viewer.negotiate()
    second = viewer.video_slots[1]
    viewer.show(second, ben.participant_id)
    assert room.play(150, until=lambda: bool(viewer.slot(second)))
    assert_continuous(viewer.slot(first), [ann.camera, ben.camera])
    assert_continuous(viewer.slot(second), [ben.camera])


def test_an_ice_restart_keeps_the_media(room: Stage) -> None:
    room.publisher("ann")
    viewer = room.viewer("viewer")
    (slot,) = viewer.video_slots
    assert room.play(150, until=lambda: bool(viewer.slot(slot)))
    old = viewer.answer.ufrag
    viewer.transport.restart_ice()
    viewer.connect()
    assert viewer.answer.ufrag != old
    before = len(viewer.slot(slot))
    assert room.play(150, until=lambda: len(viewer.slot(slot)) >= before + 30)
    assert viewer.transport.nominated


def test_a_goodbye_in_dtls_ends_the_transport(room: Stage) -> None:
    ann, viewer = room.publisher("ann"), room.viewer("viewer")
    assert room.play(150, until=lambda: bool(viewer.slot(viewer.video_slots[0])))
    room.on_air.remove(ann)
    ann.transport.say_goodbye()
    ann.calls.wait_for_type("ConnectionState", state="closed")
    viewer.calls.wait_for_type("TrackUnpublished", participant_id=ann.participant_id)
