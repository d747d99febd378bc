# SPDX-License-Identifier: Apache-2.0
"""A synthetic participant: joins by signaling, offers what a browser offers, and leaves every packet to the test.

It publishes a microphone and a camera (one stream, or three simulcast layers known by rid) and has as many receiving
sections as a test asks for. `camera`, `layers` and `microphone` make packets, `send` sends them, `slot(mid)` is what
arrived.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from tests.peers import offers
from tests.peers.dtls import Identity, Profile
from tests.peers.offers import Answer, Section, read_answer, write_offer
from tests.peers.packets import RtpPacket, picture_loss
from tests.peers.relay import Relay
from tests.peers.rtp_transport import RtpTransport, pump
from tests.peers.signalling import Message, Signalling
from tests.peers.streams import AudioStream, VideoStream

LAYERS = {"l": (320, 180), "m": (640, 360), "h": (1280, 720)}
RECEIVER_SSRC = 1


class RtpPeer:
    """One participant; a context manager. `number` keeps its SSRCs apart from those of other peers."""

    def __init__(
        self,
        url: str,
        session_id: str,
        name: str,
        *,
        number: int = 1,
        microphone: bool = True,
        camera: bool = True,
        simulcast: bool = False,
        audio_slots: int = 1,
        video_slots: int = 1,
        identity: Identity | None = None,
        profiles: tuple[Profile, ...] | None = None,
        keep: bool = True,
        through: Relay | None = None,
    ) -> None:
        self.url, self.session_id, self.name = url, session_id, name
        settings: dict[str, Any] = {"keep": keep} if profiles is None else {"keep": keep, "profiles": profiles}
        self.transport = RtpTransport(identity, **settings)
        self.through = through
        self.signalling: Signalling | None = None
        self.participant_id = ""
        self.answer = Answer()
        self.base = number * 1000
        self.microphone = AudioStream(f"{name}-microphone", self.base + 1)
        self.camera = VideoStream(f"{name}-camera", self.base + 2)
        self.layers: dict[str, VideoStream] = {}
        self.sections: list[Section] = []
        self.audio_slots: list[str] = []
        self.video_slots: list[str] = []
        self._sequence = 0
        if microphone:
            self.microphone.mid = self._add("audio", "sendonly", source="microphone", ssrc=self.microphone.ssrc)
        if camera and simulcast:
            self._add_layers()
        elif camera:
            mid = self._add("video", "sendonly", source="camera", ssrc=self.camera.ssrc, rtx_ssrc=self.base + 3)
            self.camera.mid = mid
        self.add_slots(audio=audio_slots, video=video_slots)

    def __enter__(self) -> Self:
        try:
            self.join()
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_slots(self, *, audio: int = 0, video: int = 0) -> None:
        """More receiving sections; `negotiate` offers them."""
        self.audio_slots += [self._add("audio", "recvonly") for _ in range(audio)]
        self.video_slots += [self._add("video", "recvonly") for _ in range(video)]

    def _add(self, kind: str, direction: str, **fields: Any) -> str:
        mid = str(len(self.sections))
        self.sections.append(Section(mid, kind, direction, **fields))
        return mid

    def _add_layers(self) -> None:
        mid = self._add("video", "sendonly", source="camera", rids=tuple(LAYERS))
        for offset, (rid, (width, height)) in enumerate(LAYERS.items()):
            name, ssrc = f"{self.name}-{rid}", self.base + 10 + offset
            self.layers[rid] = VideoStream(name, ssrc, mid, rid, width, height, sequence=1000 * (offset + 1))

    def join(self, **fields: Any) -> Message:
        self.signalling = Signalling(self.url)
        joined = self.signalling.request(
            "Join", answers="Joined", session_id=self.session_id, display_name=self.name, **fields
        )
        self.participant_id = joined["participant_id"]
        return joined

    def negotiate(self) -> Answer:
        """Offer the sections as they are now and take in the answer."""
        sdp = write_offer(self.transport.local, self.sections)
        sources = {section.mid: section.source for section in self.sections if section.source}
        answer = self.calls.request("Offer", answers="Answer", sdp=sdp, sources=sources)
        self.answer = read_answer(answer["sdp"])
        uri = offers.URIS[offers.TRANSPORT_SEQUENCE]
        identifiers = (section.extensions.get(uri) for section in self.answer.sections.values())
        self.transport.transport_sequence_id = next((each for each in identifiers if each is not None), None)
        return self.answer

    def connect(self, *, timeout: float = 10) -> None:
        """Negotiate and bring ICE, DTLS and SRTP up, by way of the relay where there is one."""
        answer = self.negotiate()
        through = self.through.toward(answer.candidates) if self.through else None
        self.transport.start(answer, through=through)
        if not pump([self.transport], seconds=timeout, until=lambda: self._is_up()):
            raise TimeoutError(f"no media connection; ICE was {'done' if self.transport.nominated else 'not done'}")

    def _is_up(self) -> bool:
        return self.transport.nominated and self.transport.connected

    def close(self) -> None:
        self.transport.close()
        if self.signalling is not None:
            self.signalling.close()

    @property
    def calls(self) -> Signalling:
        assert self.signalling is not None, "join first"
        return self.signalling

    def show(self, mid: str, participant_id: str | None, source: str = "camera", max_height: int | None = None) -> None:
        """Ask for a source in a video slot, or for nothing."""
        slot: Message = {"mid": mid}
        if participant_id is not None:
            slot |= {"participant_id": participant_id, "source": source}
        if max_height is not None:
            slot["max_height"] = max_height
        self.calls.send("Show", slots=[slot])

    def send(self, *packets: RtpPacket) -> None:
        self.transport.send_rtp(*packets)

    def send_rtx(self, packet: RtpPacket) -> None:
        """Answer a NACK for one packet of the camera (RFC 4588)."""
        self._sequence += 1
        self.send(packet.wrap_rtx(offers.RTX, self.base + 3, self._sequence))

    def ask_for_key_frame(self, mid: str) -> None:
        ssrc = self.answer.sections[mid].ssrc
        assert ssrc is not None
        self.transport.send_rtcp(picture_loss(RECEIVER_SSRC, ssrc))

    def slot(self, mid: str) -> list[RtpPacket]:
        """The packets that came in a slot, in the order of arrival, without retransmissions."""
        ssrc = self.answer.sections[mid].ssrc
        return [packet for packet in self.transport.rtp if packet.ssrc == ssrc]

    def retransmissions(self, mid: str) -> list[RtpPacket]:
        """What came by RTX in a slot, unwrapped."""
        section = self.answer.sections[mid]
        assert section.ssrc is not None
        original = {rtx: payload_type for payload_type, rtx in section.rtx.items()}
        return [
            packet.unwrap_rtx(original[packet.payload_type], section.ssrc)
            for packet in self.transport.rtp
            if packet.ssrc == section.rtx_ssrc and len(packet.payload) >= 2
        ]


def pump_peers(peers: Sequence[RtpPeer], **options: Any) -> bool:
    """`pump` for peers."""
    return pump([peer.transport for peer in peers], **options)
