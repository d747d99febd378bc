# SPDX-License-Identifier: Apache-2.0
"""People come and go for hours, and the host is as large as before. On request: `-m campaign`."""

from collections.abc import Iterator

import pytest

from tests.peers.dtls import Identity
from tests.wire.host import Host
from tests.wire.stage import Stage, stage

WARM_UP = 40
VISITS = 400
ALLOWED_GROWTH = 16 << 20


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def _visit(room: Stage) -> None:
    """Somebody with a camera comes, sees the teacher, is seen, and leaves."""
    visitor = room.join("visitor", on_air=True)
    slot = visitor.video_slots[0]
    assert room.play(150, until=lambda: len(visitor.slot(slot)) > 5)
    room.on_air.remove(visitor)
    room.peers.remove(visitor)
    visitor.calls.send("Leave")
    visitor.close()


@pytest.mark.campaign
def test_hundreds_of_visits_leave_nothing_behind(room: Stage) -> None:
    teacher = room.publisher("teacher")
    for _ in range(WARM_UP):
        _visit(room)
    before = room.host.resident_bytes()
    for _ in range(VISITS):
        _visit(room)
        teacher.transport.rtcp.clear()
        teacher.camera.sent.clear()
    grown = room.host.resident_bytes() - before
    assert room.pump(5, until=lambda: room.host.health()["participants"] == 1)
    assert grown < ALLOWED_GROWTH, f"the host grew by {grown / 2**20:.1f} MiB in {VISITS} visits"
