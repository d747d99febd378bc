# SPDX-License-Identifier: Apache-2.0
"""Hostile input, repeatable by its seed: random bytes of every protocol's shape and mutations of valid messages."""

import random
from collections.abc import Callable, Sequence
from struct import pack

from aioice import stun

from tests.peers import packets
from tests.peers.dtls import DtlsClient, Identity
from tests.peers.offers import LocalTransport, Section, write_offer
from tests.peers.packets import RtpPacket
from tests.peers.streams import AudioStream, VideoStream

FIRST_BYTES = (0, 1, 3, 16, 20, 22, 25, 63, 64, 79, 128, 129, 144, 176, 191, 192, 255)
RTCP_TYPES = (192, 200, 201, 202, 203, 204, 205, 206, 207, 223)


def mutate(data: bytes, source: random.Random) -> bytes:
    """One to four small changes: bits, bytes, lengths, cuts, repetitions."""
    out = bytearray(data)
    for _ in range(source.randint(1, 4)):
        if not out:
            return source.randbytes(source.randint(0, 40))
        at = source.randrange(len(out))
        change = source.randrange(7)
        if change == 0:
            out[at] ^= 1 << source.randrange(8)
        elif change == 1:
            out[at] = source.choice((0, 1, 127, 128, 254, 255))
        elif change == 2:
            del out[at:]
        elif change == 3:
            del out[at : at + source.randint(1, 8)]
        elif change == 4:
            out[at:at] = source.randbytes(source.randint(1, 8))
        elif change == 5:
            out[at : at + 2] = pack("!H", source.choice((0, 1, 3, 4, 0x7FFF, 0x8000, 0xFFFC, 0xFFFF)))
        else:
            out += out[at : at + 200]
    return bytes(out[:1400])


class Datagrams:
    """Endless hostile datagrams for a UDP port. `ufrag` is one that the server knows."""

    def __init__(self, seed: int, ufrag: str, identity: Identity) -> None:
        self.source = random.Random(seed)
        self._templates = [*_stun(ufrag), *_handshake(identity), *_media()]
        self._kinds: Sequence[Callable[[], bytes]] = (self._noise, self._shaped, self._mutated, self._mutated)

    def next(self) -> bytes:
        return self.source.choice(self._kinds)()

    def _noise(self) -> bytes:
        return self.source.randbytes(self.source.choice((0, 1, 2, 11, 12, 13, 20, 100, 1200, 1400)))

    def _shaped(self) -> bytes:
        """A first byte that some protocol claims, then noise."""
        first = self.source.choice(FIRST_BYTES)
        second = self.source.choice((*RTCP_TYPES, self.source.randrange(256)))
        return bytes([first, second]) + self.source.randbytes(self.source.randrange(300))

    def _mutated(self) -> bytes:
        return mutate(self.source.choice(self._templates), self.source)


class InsidePackets:
    """Hostile plain RTP and RTCP for somebody who has the keys; says which of the two each is."""

    def __init__(self, seed: int, camera: VideoStream, microphone: AudioStream, slots: Sequence[int]) -> None:
        self.source = random.Random(seed)
        self.camera, self.microphone = camera, microphone
        self._rtcp = [*_rtcp(camera.ssrc, 1), *(each for ssrc in slots for each in _rtcp(1, ssrc))]

    def next(self) -> tuple[bool, bytes]:
        """(is RTCP, the packet); at least a header long, because SRTP takes no less."""
        rtcp = self.source.random() < 0.5
        template = self.source.choice(self._rtcp) if rtcp else self._rtp()
        data = mutate(template, self.source)[:1200]
        data = bytes([0x80 | data[0] & 0x3F if data else 0x80]) + data[1:]
        if rtcp:
            data = data.ljust(12, b"\0")
            return True, data[:1] + bytes([self.source.choice(RTCP_TYPES)]) + data[2:]
        return False, _long_enough(data)

    def _rtp(self) -> bytes:
        if self.source.random() < 0.3:
            return bytes(self.microphone.packet(level=self.source.randrange(128)))
        key, size = self.source.random() < 0.3, self.source.randint(3, 1000)
        packet = self.camera.frame(key=key, packets=1, size=size)[0]
        if self.source.random() < 0.3:
            packet = packet.wrap_rtx(97, self.camera.ssrc + 1, self.source.randrange(1 << 16))
        return bytes(packet)


def _long_enough(data: bytes) -> bytes:
    """Padded so that the header it claims to have fits: libsrtp refuses others before they are sent."""
    data = data.ljust(12, b"\0")
    needed = 12 + 4 * (data[0] & 15)
    data = data.ljust(needed + 4, b"\0")
    if data[0] & 0x10:
        words = int.from_bytes(data[needed + 2 : needed + 4], "big")
        if needed + 4 + 4 * words > len(data):
            data = bytes([data[0] & 0xEF]) + data[1:]
    if 192 <= data[1] <= 223:
        data = data[:1] + bytes([data[1] & 0x7F]) + data[2:]
    return data


def _stun(ufrag: str) -> list[bytes]:
    messages = []
    for kind in (stun.Class.REQUEST, stun.Class.RESPONSE, stun.Class.ERROR, stun.Class.INDICATION):
        message = stun.Message(stun.Method.BINDING, kind)
        message.attributes |= {"USERNAME": f"{ufrag}:abcd", "PRIORITY": 1, "ICE-CONTROLLING": 7, "USE-CANDIDATE": None}
        messages.append(bytes(message))
        message.add_message_integrity(b"not the password at all")
        messages.append(bytes(message))
    return messages


def _handshake(identity: Identity) -> list[bytes]:
    client = DtlsClient(identity, "")
    client.advance()
    alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
    data = b"\x17\xfe\xfd\x00\x01" + bytes(6) + b"\x00\x20" + bytes(32)
    return [*client.take_outgoing(), alert, data]


def _media() -> list[bytes]:
    rtp = RtpPacket(96, 1, 2, 3, bytes(100), True, (4, 5), {1: b"0", 5: b"\0\1"}, padding=4)
    return [bytes(rtp), *(each + bytes(20) for each in _rtcp(1, 2))]


def _rtcp(ssrc: int, media: int) -> list[bytes]:
    block = packets.ReportBlock(media, 1, 2, 3, 4, 5, 6)
    feedback = pack("!IIHHI", ssrc, media, 1, 20, 7) + pack("!HHH", 0x2005, 0x9555, 0xD5AA) + bytes(30)
    return [
        packets.sender_report(ssrc, 1 << 63, 2, 3, 4),
        packets.receiver_report(ssrc, block, block),
        packets.nack(ssrc, media, 1, 2, 3, 65535),
        packets.picture_loss(ssrc, media),
        packets.full_intra_request(ssrc, media, 1),
        packets.bye(ssrc, media),
        pack("!BBH", 0x8F, packets.RTCP_TRANSPORT_FEEDBACK, len(feedback) // 4) + feedback,
    ]


def hostile_texts(seed: int) -> list[str]:
    """Signaling messages to be refused or survived."""
    source = random.Random(seed)
    valid = [
        '{"type": "Show", "slots": [{"mid": "0", "participant_id": "nobody", "source": "camera", "max_height": 180}]}',
        '{"type": "Mute", "source": "microphone", "muted": true}',
        '{"type": "IceCandidate", "candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdp_mid": "0"}',
        '{"type": "Ping", "id": 5}',
    ]
    odd = ["", "{}", "[]", "null", "0", '{"type": 5}', '{"type": "Shwo"}', "[" * 5000, '{"type": "Show"}', '"' * 100]
    return odd + [mutate(source.choice(valid).encode(), source).decode("latin-1") for _ in range(30)]


def hostile_offers(seed: int, count: int) -> list[str]:
    """SDP offers with mistakes in them, from lost lines to numbers out of range."""
    source = random.Random(seed)
    local = LocalTransport("abcd", "p" * 24, "sha-256 " + ":".join(["AA"] * 32), ("127.0.0.1", 9))
    sections = [
        Section("0", "audio", "sendonly", "microphone", 1),
        Section("1", "video", "sendonly", "camera", 2, 3),
        Section("2", "video", "sendonly", "screen", rids=("l", "m", "h")),
        Section("3", "video", "recvonly"),
    ]
    valid = write_offer(local, sections)
    return [_spoiled(valid, source) for _ in range(count)]


def _spoiled(sdp: str, source: random.Random) -> str:
    lines = sdp.split("\r\n")
    for _ in range(source.randint(1, 6)):
        at = source.randrange(len(lines))
        change = source.randrange(5)
        if change == 0:
            del lines[at]
        elif change == 1:
            lines.insert(at, source.choice(lines))
        elif change == 2:
            lines[at] = mutate(lines[at].encode(), source).decode("latin-1")
        elif change == 3:
            lines[at] = lines[at].replace("1", source.choice(("99999999999999999999", "-1", "", "1e9")))
        else:
            other = source.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return source.choice(("\r\n", "\r\n", "\r\n", "\n")).join(lines)
