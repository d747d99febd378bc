# SPDX-License-Identifier: Apache-2.0
"""Rooms over the real worker: two synthetic peers on loopback sockets, without any host in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from podium.core.config import Config, IpAddress, MediaConfig, PortRange, RoomsConfig
from podium.core.events import AnyEvent, ConnectionState, Showing, Speaking, TrackPublished, TrackUnpublished
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms, open_rooms
from tests.peers.offers import Section, read_answer, write_offer
from tests.peers.rtp_transport import RtpTransport
from tests.peers.streams import AudioStream, VideoStream

CONFIG = Config(
    media=MediaConfig(
        workers=1,
        ports=PortRange(0, 0),
        address=IpAddress("127.0.0.1"),
        announced_addresses=(IpAddress("127.0.0.1"),),
    ),
    rooms=RoomsConfig(ad_hoc=True),
)


class Peer:
    """A participant with a microphone, a camera, one audio slot and one video slot."""

    def __init__(self, participant: LocalParticipant, number: int) -> None:
        self.participant = participant
        self.transport = RtpTransport()
        self.microphone = AudioStream(participant.id, number, mid="0")
        self.camera = VideoStream(participant.id, number + 1, mid="1")
        self.events: list[AnyEvent] = []

    async def negotiate(self) -> None:
        sections = [
            Section("0", "audio", "sendonly", ssrc=self.microphone.ssrc),
            Section("1", "video", "sendonly", ssrc=self.camera.ssrc, rtx_ssrc=self.camera.ssrc + 1),
            Section("2", "audio", "recvonly"),
            Section("3", "video", "recvonly"),
        ]
        result = await self.participant.negotiate(write_offer(self.transport.local, sections))
        self.transport.start(read_answer(result.sdp))

    def move(self) -> None:
        """Let what has come in be taken, and what is due be sent."""
        self.transport.on_timers()
        self.transport.on_readable()
        while self.participant.events.statistics().current_buffer_used:
            self.events.append(self.participant.events.receive_nowait())

    def heard(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [event for event in self.events if isinstance(event, kind)]


async def until(peers: list[Peer], holds: Callable[[], bool], step: Callable[[], None] = lambda: None) -> None:
    """Move all peers, with `step` every 20 ms, until something holds."""
    with trio.fail_after(10):
        while not holds():
            step()
            for peer in peers:
                peer.move()
            await trio.sleep(0.02)


@asynccontextmanager
async def class_of(*names: str) -> AsyncIterator[tuple[Rooms, list[Peer]]]:
    """A room in which these peers are connected."""
    async with open_rooms(CONFIG) as rooms:
        presences = [await rooms.join("math", name, name.title()) for name in names]
        peers = [Peer(presence, 1000 * (index + 1)) for index, presence in enumerate(presences)]
        try:
            for peer in peers:
                await peer.negotiate()
            await until(peers, lambda: all(peer.transport.connected for peer in peers))
            yield rooms, peers
        finally:
            for peer in peers:
                peer.transport.vanish()


async def test_two_people_see_and_hear_each_other_and_are_told() -> None:
    async with class_of("ann", "bob") as (_, (ann, bob)):
        ann.transport.send_rtp(*ann.camera.frame(key=True))

        def talk() -> None:
            ann.transport.send_rtp(ann.microphone.packet(level=10), *ann.camera.frame())

        await until([ann, bob], lambda: bool(bob.heard(Speaking)) and len(bob.heard(Showing)) > 0, talk)
        assert [event.state for event in ann.events if isinstance(event, ConnectionState)] == [
            "connecting",
            "connected",
        ]
        published = bob.heard(TrackPublished)
        assert {event.source for event in published if isinstance(event, TrackPublished)} == {"microphone", "camera"}
        assert not ann.heard(TrackPublished)
        assert bob.heard(Speaking) == [Speaking(participant_id="ann")]

        def shown() -> set[tuple[str, str | None]]:
            last = bob.heard(Showing)[-1]
            assert isinstance(last, Showing)
            return {(slot.mid, slot.participant_id) for slot in last.slots}

        await until([ann, bob], lambda: shown() == {("2", "ann"), ("3", "ann")}, talk)
        assert {packet.payload_type for packet in bob.transport.rtp} == {111, 96}
        assert bob.transport.rejected == ann.transport.rejected == []


async def test_leaving_says_goodbye_and_the_others_are_told() -> None:
    async with class_of("ann", "bob") as (rooms, (ann, bob)):
        ann.transport.send_rtp(*ann.camera.frame(key=True))
        await until([ann, bob], lambda: bool(bob.heard(TrackPublished)))
        ann.transport.close()
        await until([bob], lambda: bool(bob.heard(TrackUnpublished)))
        bob.participant.leave()
        await until([bob], lambda: bob.transport.closed_by_server)
        assert rooms.statistics().workers[0].connections == 0
