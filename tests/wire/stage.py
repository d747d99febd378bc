# SPDX-License-Identifier: Apache-2.0
"""A room full of synthetic peers, driven from the test's own thread: who is in it, and the frames they send.

Cameras answer requests for key frames as a browser does: the next frame is one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.peers.dtls import Identity
from tests.peers.packets import FullIntraRequest, Nack, PictureLoss
from tests.peers.rtp_peer import RtpPeer, pump_peers
from tests.peers.streams import VideoStream
from tests.wire.host import Host

FRAME_INTERVAL = 1 / 30
AUDIO_INTERVAL = 0.02


class Stage:
    """The peers of one room. Publishers send while `play` runs; everybody receives."""

    def __init__(self, host: Host, identity: Identity) -> None:
        self.host = host
        self.identity = identity
        self.session_id = host.session()
        self.peers: list[RtpPeer] = []
        self.on_air: list[RtpPeer] = []
        self.answer_nacks = True
        self._read: dict[RtpPeer, int] = {}
        self._requests: dict[int, int] = {}

    def join(self, name: str, *, on_air: bool = False, **options: Any) -> RtpPeer:
        """A peer comes in and connects; `on_air` makes its cameras send from now on."""
        number = len(self.peers) + 1
        peer = RtpPeer(self.host.url, self.session_id, name, number=number, identity=self.identity, **options)
        self.peers.append(peer)
        peer.join()
        peer.connect()
        if on_air:
            self.on_air.append(peer)
        return peer

    def publisher(self, name: str, **options: Any) -> RtpPeer:
        """Somebody with a camera who watches nobody."""
        return self.join(name, on_air=True, microphone=False, audio_slots=0, video_slots=0, **options)

    def viewer(self, name: str, **options: Any) -> RtpPeer:
        """Somebody who only watches and listens."""
        return self.join(name, microphone=False, camera=False, **options)

    def pump(self, seconds: float = 10, until: Callable[[], bool] | None = None) -> bool:
        return pump_peers(self.peers, seconds=seconds, until=until)

    def play(self, frames: int, until: Callable[[], bool] | None = None) -> bool:
        """Send up to that many frames from each camera on air, one every 33 ms, until something holds."""
        for _ in range(frames):
            for peer in self.on_air:
                for camera in cameras(peer):
                    peer.send(*camera.frame(key=self._wants_key(peer, camera)))
                self._answer_nacks(peer)
            self.pump(FRAME_INTERVAL)
            if until is not None and until():
                return True
        return until is None

    def listen(self, packets: int, levels: dict[RtpPeer, int], until: Callable[[], bool] | None = None) -> bool:
        """Send audio from these peers at these levels (-dBov) until something holds."""
        for _ in range(packets):
            for peer, level in levels.items():
                peer.send(peer.microphone.packet(level=level))
            self.pump(AUDIO_INTERVAL)
            if until is not None and until():
                return True
        return until is None

    def close(self) -> None:
        for peer in self.peers:
            peer.close()

    def _wants_key(self, peer: RtpPeer, camera: VideoStream) -> bool:
        """Whether this stream begins, or was asked for a key frame since its last frame."""
        requests = len(key_requests(peer, camera.ssrc))
        wanted = requests != self._requests.get(camera.ssrc)
        self._requests[camera.ssrc] = requests
        return wanted

    def _answer_nacks(self, peer: RtpPeer) -> None:
        """Send again what was asked for, once per request (cameras without simulcast)."""
        unread = peer.transport.rtcp[self._read.get(peer, 0) :]
        self._read[peer] = len(peer.transport.rtcp)
        lost = {sequence for each in unread if isinstance(each, Nack) for sequence in each.lost}
        if lost and self.answer_nacks:
            for packet in peer.camera.sent.values():
                if packet.sequence in lost:
                    peer.send_rtx(packet)


@contextmanager
def stage(host: Host, identity: Identity) -> Iterator[Stage]:
    """A room of its own, left by everybody at the end."""
    opened = Stage(host, identity)
    try:
        yield opened
    finally:
        opened.close()


def key_requests(peer: RtpPeer, ssrc: int) -> list[PictureLoss | FullIntraRequest]:
    """The requests for a key frame of one stream that its publisher got."""
    requests = (each for each in peer.transport.rtcp if isinstance(each, PictureLoss | FullIntraRequest))
    return [each for each in requests if each.media_ssrc == ssrc]


def cameras(peer: RtpPeer) -> list[VideoStream]:
    return list(peer.layers.values()) or [peer.camera]
