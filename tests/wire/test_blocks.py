# SPDX-License-Identifier: Apache-2.0
"""A source that a plugin blocks before its participant joins reaches nobody, however loud it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from podium.core import ParticipantView, Plugin, PluginContext, RoomView
from podium.hosts.testing import open_host
from tests.peers.dtls import Identity
from tests.peers.rtp_peer import RtpPeer
from tests.testing.stand_ins import install
from tests.wire.host import Host
from tests.wire.stage import Stage, stage

LOUD = 15
CONFIG = """
[rooms]
ad_hoc = true

[media]
announced_addresses = ["127.0.0.1"]

[plugins.hall]
"""


@dataclass(frozen=True)
class Address:
    """Where the stage is."""

    url: str

    def session(self) -> str:
        return "hall"


def hall() -> Plugin:
    """Keeps Ann silent until Release comes."""
    plugin = Plugin("hall", version="1.0")

    @plugin.hook
    async def participant_joining(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        if participant.display_name == "ann":
            context.rooms.set_blocked(room.session_id, participant.participant_id, "microphone", True)

    @plugin.hook
    async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
        if participant.display_name == "release":
            for each in context.rooms.participants(room.session_id):
                context.rooms.set_blocked(room.session_id, each.participant_id, "microphone", False)

    return plugin


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: Identity) -> Iterator[Stage]:
    install(monkeypatch, hall())
    with open_host(CONFIG, tmp_path / "podium") as host:
        url = f"{host.url.replace('http', 'ws', 1)}/signal"
        with stage(cast(Host, Address(url)), identity) as opened:  # all that a stage needs of it
            yield opened


def heard(listener: RtpPeer, speaker: RtpPeer) -> int:
    """How many packets of somebody the listener got."""
    packets = [packet for slot in listener.audio_slots for packet in listener.slot(slot)]
    return sum(packet.payload in speaker.microphone.sent for packet in packets)


def test_nothing_of_a_source_that_was_blocked_beforehand_reaches_anybody(room: Stage) -> None:
    listener = room.viewer("listener", audio_slots=2, video_slots=0)
    ann = room.join("ann", camera=False, video_slots=0, audio_slots=0)
    teacher = room.join("teacher", camera=False, video_slots=0, audio_slots=0)
    assert room.listen(200, {ann: LOUD, teacher: LOUD}, until=lambda: heard(listener, teacher) > 20)
    assert heard(listener, ann) == 0
    room.viewer("release", audio_slots=1, video_slots=0)
    told = listener.calls.wait_for_type("TrackBlocked", participant_id=ann.participant_id, blocked=False)
    assert told["source"] == "microphone"
    assert room.listen(200, {ann: LOUD, teacher: LOUD}, until=lambda: heard(listener, ann) > 0)
