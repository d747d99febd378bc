# SPDX-License-Identifier: Apache-2.0
"""Garbage on every port while a call runs: nothing crashes, nothing leaks, and the call does not notice.

Datagrams come from strangers, from addresses the server trusts, and encrypted from a participant with valid keys. The
short version is part of every run; a million datagrams are a campaign.
"""

import random
import socket
from collections.abc import Callable, Iterator

import pylibsrtp
import pytest

from tests.peers.dtls import Identity
from tests.peers.rtp_peer import RtpPeer
from tests.peers.signalling import Signalling, SignallingError
from tests.wire.continuity import assert_continuous, attribute
from tests.wire.garbage import Datagrams, InsidePackets, hostile_offers, hostile_texts
from tests.wire.host import Host
from tests.wire.stage import Stage, stage

BATCH = 50
SHORT = 30_000
LONG = 1_000_000
ALLOWED_GROWTH = 24 << 20
UNEXPECTED_CLOSE = 1011


class Call:
    """A teacher whom a student watches, and a check that they never miss a packet."""

    def __init__(self, room: Stage) -> None:
        self.room = room
        self.teacher = room.publisher("teacher")
        self.student = room.viewer("student")
        (self.slot,) = self.student.video_slots
        self.student.show(self.slot, self.teacher.participant_id)
        assert room.play(150, until=lambda: bool(self.student.slot(self.slot)))

    def frame(self) -> None:
        self.teacher.send(*self.teacher.camera.frame(packets=2, size=200))
        self.room.pump(0.001)

    def check(self) -> None:
        """Everything sent so far has arrived, in one continuous stream."""
        goal = (self.teacher.camera.sequence - 1) % 65536
        assert self.room.pump(5, until=lambda: self._newest() == goal), "the call lost its end"
        assert_continuous(self.student.slot(self.slot), [self.teacher.camera])

    def forget(self) -> None:
        """Begin the next check at a key frame, with empty hands: long runs would keep gigabytes."""
        self.student.transport.rtp.clear()
        self.student.transport.rtcp.clear()
        self.teacher.transport.rtcp.clear()
        self.teacher.camera.sent.clear()
        self.teacher.send(*self.teacher.camera.frame(key=True))

    def _newest(self) -> int | None:
        packets = self.student.slot(self.slot)
        return attribute(packets[-1:], [self.teacher.camera])[0].original.sequence if packets else None


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def _from_strangers(call: Call, count: int, seed: int) -> None:
    datagrams = Datagrams(seed, call.teacher.answer.ufrag, call.room.identity)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(count):
            stranger.sendto(datagrams.next(), call.teacher.transport.server)
            if number % BATCH == BATCH - 1:
                call.frame()


def _from_known_addresses(call: Call, count: int, seed: int) -> None:
    """The same from the student's own socket, and so past the look-up of addresses."""
    datagrams = Datagrams(seed, call.teacher.answer.ufrag, call.room.identity)
    for number in range(count):
        call.student.transport.send_raw(datagrams.next())
        if number % BATCH == BATCH - 1:
            call.frame()


def _from_inside(call: Call, count: int, seed: int) -> None:
    """Encrypted by a participant whose keys are valid."""
    mallory = call.room.join(f"mallory {seed}", audio_slots=2, video_slots=2)
    slots = [section.ssrc for section in mallory.answer.sections.values() if section.ssrc is not None]
    hostile = InsidePackets(seed, mallory.camera, mallory.microphone, slots)
    for number in range(count):
        rtcp, data = hostile.next()
        _send_plain(mallory, rtcp, data)
        if number % BATCH == BATCH - 1:
            mallory.transport.rtp.clear()
            mallory.transport.rtcp.clear()
            mallory.camera.sent.clear()
            mallory.microphone.sent.clear()
            call.frame()
    mallory.calls.send("Leave")


def _send_plain(peer: RtpPeer, rtcp: bool, data: bytes) -> None:
    try:
        peer.transport.send_plain(data, rtcp=rtcp)
    except pylibsrtp.Error:
        # Not even our own library takes it; then it cannot arrive either.
        return


Attack = Callable[[Call, int, int], None]
ATTACKS: tuple[Attack, ...] = (_from_strangers, _from_known_addresses, _from_inside)


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_datagrams_leave_a_call_undisturbed(room: Stage, attack: Attack) -> None:
    call = Call(room)
    attack(call, SHORT // 3, 1)
    call.check()
    assert room.host.health()["status"] == "ok"


def test_hostile_json_is_refused_with_reasons(host: Host) -> None:
    texts = [text for seed in range(5) for text in hostile_texts(seed)]
    for start in range(0, len(texts), 10):
        with Signalling(host.url) as signalling:
            signalling.request("Join", answers="Joined", session_id=host.session(), display_name="mallory")
            for text in texts[start : start + 10]:
                signalling.send_raw(text)
            signalling.send("Ping", id=77)
            _survives(signalling)
            for error in signalling.of_type("Error"):
                assert error["code"]
                assert error["message"]


def _survives(signalling: Signalling) -> None:
    """The connection still answers, or was closed for a stated reason that is not a crash."""
    try:
        signalling.wait_for_type("Pong", id=77)
    except SignallingError:
        assert signalling.closed is not None
        assert signalling.closed[0] not in (None, UNEXPECTED_CLOSE)


def test_hostile_offers_are_answered_or_refused(host: Host) -> None:
    offers = hostile_offers(seed=3, count=120)
    answers = []
    for start in range(0, len(offers), 8):
        with Signalling(host.url) as signalling:
            signalling.request("Join", answers="Joined", session_id=host.session(), display_name="mallory")
            for sdp in offers[start : start + 8]:
                answer = signalling.request("Offer", answers=("Answer", "Error"), sdp=sdp)
                answers.append(answer)
    refused = [answer for answer in answers if answer["type"] == "Error"]
    assert len(answers) == len(offers)
    assert refused
    assert all(answer["code"] and answer["message"] for answer in refused)


def test_errors_say_what_was_wrong(host: Host) -> None:
    with Signalling(host.url) as signalling:
        early = signalling.request("Show", answers="Error", slots=[])
        assert "Join" in early["message"]
        misspelt = signalling.request("Jion", answers="Error")
        assert "Join" in misspelt["message"]
        signalling.request("Join", answers="Joined", session_id=host.session(), display_name="ann")
        wrong = signalling.request("Mute", answers="Error", source="microfone", muted=True)
        assert "microfone" in wrong["message"]
        assert wrong["field"] == "source"
        offer = signalling.request("Offer", answers="Error", sdp="v=0\r\nthis is not SDP\r\n")
        assert offer["message"]


def test_noise_on_the_web_port_disturbs_nobody(host: Host) -> None:
    source = random.Random(4)
    upgrade = b"GET /signal HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    starts = [b"", b"GET / HTTP/1.1\r\n", upgrade, upgrade + key]
    with Signalling(host.url) as bystander:
        bystander.request("Join", answers="Joined", session_id=host.session(), display_name="ann")
        for number in range(60):
            with socket.create_connection(("127.0.0.1", host.port)) as noisy:
                noisy.sendall(starts[number % len(starts)] + source.randbytes(source.randrange(2000)))
        assert bystander.request("Ping", answers="Pong", id=1)["id"] == 1
    assert host.health()["status"] == "ok"


@pytest.mark.campaign
def test_a_million_hostile_datagrams(room: Stage) -> None:
    call = Call(room)
    for attack in ATTACKS:
        attack(call, 10_000, 100)
    before = room.host.resident_bytes()
    for seed in range(LONG // 30_000 + 1):
        for attack in ATTACKS:
            attack(call, 10_000, seed)
            call.check()
            call.forget()
    grown = room.host.resident_bytes() - before
    assert grown < ALLOWED_GROWTH, f"the host grew by {grown / 2**20:.1f} MiB"
    assert room.host.health()["participants"] == 2
