# SPDX-License-Identifier: Apache-2.0
"""A connection against a browser without sockets: real ICE checks, a real handshake, a recording transport."""

import pytest

from podium.core import _fastpath
from podium.core.errors import PodiumError
from podium.core.media.connection import Connection, Negotiation, Outgoing
from podium.core.media.dtls import Certificate
from podium.core.media.sdp import AnswerSettings, NegotiationError, parse_offer
from tests.peers.dtls import Identity
from tests.peers.offers import Section
from tests.rooms.browser import CAMERA, HEARS, HOME, MICROPHONE, SCREEN, SEES, Browser
from tests.rooms.fake_worker import FakeTransport, FakeWorker, real

CERTIFICATE = Certificate.generate()
CANDIDATES = (("192.0.2.1", 50000), ("2001:db8::1", 50000))
MOVED = ("198.51.100.3", 51000)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Call:
    """A browser and its connection, with time standing still unless moved."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.browser = Browser()
        self.transport = FakeTransport(FakeWorker())
        self.connection = Connection(
            real(self.transport), CERTIFICATE, CANDIDATES, AnswerSettings(), "cname", self.clock
        )

    def negotiate(self, *sections: Section, sources: dict[str, str] | None = None) -> Negotiation:
        offer = parse_offer(self.browser.offer(*sections))
        negotiation = self.connection.negotiate(offer, sources or {}, self.clock.now)
        self.browser.accept(negotiation.answer)
        return negotiation

    def check(self, datagram: bytes | None = None, address: tuple[str, int] = HOME) -> list[Outgoing]:
        if datagram is None:
            datagram = self.browser.check()
        return self.connection.receive_stun_untrusted(datagram, address, self.clock.now)

    def connect(self) -> None:
        self.check()
        self.browser.shake_hands(self.dtls)

    def dtls(self, datagram: bytes) -> list[bytes]:
        return [reply for _, reply in self.connection.receive_dtls_untrusted(datagram, HOME)]

    def wait(self, seconds: float) -> list[Outgoing]:
        self.clock.now += seconds
        return self.connection.tick(self.clock.now)


@pytest.fixture
def call() -> Call:
    return Call()


# Negotiation


def test_an_answer_names_transport_and_every_section(call: Call) -> None:
    call.negotiate(MICROPHONE, CAMERA, HEARS[0], SEES[0])
    answer = call.browser.answer
    assert answer.lite
    assert answer.setup == "passive"
    assert answer.candidates == list(CANDIDATES)
    assert answer.fingerprint == CERTIFICATE.fingerprint.split()[1]
    directions = {mid: section.direction for mid, section in answer.sections.items()}
    assert directions == {"0": "recvonly", "1": "recvonly", "a0": "sendonly", "v0": "sendonly"}


def test_simulcast_layers_are_known_by_rid_others_by_ssrc(call: Call) -> None:
    changes = call.negotiate(MICROPHONE, CAMERA, SCREEN).changes
    microphone, *camera, screen = [source.terms for source in call.transport.sources]
    assert (microphone["kind"], microphone["ssrc"], microphone["nack"]) == (_fastpath.AUDIO, 11, False)
    assert [(terms["mid"], terms["rid"], terms["ssrc"]) for terms in camera] == [
        ("1", "l", 0),
        ("1", "m", 0),
        ("1", "h", 0),
    ]
    assert all(terms["nack"] and terms["pli"] for terms in camera)
    assert (screen["ssrc"], screen["rtx_ssrc"]) == (22, 23)
    assert [(track.source, track.kind, len(track.layers)) for track in changes.opened_tracks] == [
        ("microphone", "audio", 1),
        ("camera", "video", 3),
        ("screen", "video", 1),
    ]


def test_a_section_that_says_nothing_is_known_by_its_mid(call: Call) -> None:
    call.negotiate(Section("0", "video", "sendonly"))
    assert [(source.terms["mid"], source.terms["ssrc"]) for source in call.transport.sources] == [("0", 0)]


def test_slots_have_what_the_answer_says_of_them(call: Call) -> None:
    changes = call.negotiate(*HEARS, *SEES).changes
    slots = {slot.mid: slot for slot in call.transport.slots}
    assert [slot.mid for slot in changes.opened_slots] == ["a0", "a1", "a2", "v0", "v1", "v2"]
    for mid, section in call.browser.answer.sections.items():
        assert slots[mid].ssrc == section.ssrc
        assert slots[mid].rtx_ssrc == (section.rtx_ssrc or 0)
    assert slots["a0"].payload_types == {_fastpath.CODEC_OPUS: (111, None)}
    assert slots["v0"].payload_types == {_fastpath.CODEC_VP8: (96, 97)}
    ssrcs = [ssrc for slot in slots.values() for ssrc in (slot.ssrc, slot.rtx_ssrc) if ssrc]
    assert len(set(ssrcs)) == len(ssrcs) == 9


def test_the_transport_learns_payload_types_and_extensions(call: Call) -> None:
    call.negotiate(MICROPHONE, CAMERA)
    assert call.transport.payload_types == {
        111: (_fastpath.CODEC_OPUS, 48000),
        96: (_fastpath.CODEC_VP8, 90000),
    }
    assert call.transport.rtx_payload_types == {97: 96}
    assert call.transport.extensions[_fastpath.EXTENSION_MID] == 1


def test_a_section_can_send_and_receive(call: Call) -> None:
    changes = call.negotiate(Section("0", "video", "sendrecv", ssrc=5)).changes
    assert (len(changes.opened_tracks), len(changes.opened_slots)) == (1, 1)


def test_a_later_offer_adds_slots_and_leaves_the_rest_alone(call: Call) -> None:
    call.negotiate(CAMERA, *SEES[:1])
    before = call.browser.answer
    changes = call.negotiate(CAMERA, *SEES).changes
    assert (changes.closed_tracks, changes.closed_slots, changes.opened_tracks) == ((), (), ())
    assert [slot.mid for slot in changes.opened_slots] == ["v1", "v2"]
    after = call.browser.answer
    assert (after.ufrag, after.password) == (before.ufrag, before.password)
    assert after.sections["v0"].ssrc == before.sections["v0"].ssrc
    assert call.connection.statistics().negotiations == 2


def test_a_section_that_stops_sending_closes_its_source_and_may_start_again(call: Call) -> None:
    call.negotiate(MICROPHONE, CAMERA)
    stopped = Section("1", "video", "inactive")
    changes = call.negotiate(MICROPHONE, stopped).changes
    assert [track.source for track in changes.closed_tracks] == ["camera"]
    assert [source.closed for source in call.transport.sources] == [False, True, True, True]
    changes = call.negotiate(MICROPHONE, CAMERA).changes
    assert [track.source for track in changes.opened_tracks] == ["camera"]


def test_a_slot_that_is_no_longer_wanted_is_closed(call: Call) -> None:
    call.negotiate(*SEES[:1])
    changes = call.negotiate(Section("v0", "video", "inactive"), SEES[1]).changes
    assert [slot.mid for slot in changes.closed_slots] == ["v0"]
    assert [slot.closed for slot in call.transport.slots] == [True, False]


def test_a_renamed_section_is_another_track(call: Call) -> None:
    call.negotiate(SCREEN)
    changes = call.negotiate(SCREEN, sources={"2": "screen"}).changes
    assert [track.source for track in changes.closed_tracks] == ["camera"]
    assert [track.source for track in changes.opened_tracks] == ["screen"]


@pytest.mark.parametrize("sources", [{"9": "camera"}, {"0": "camera"}])
def test_a_refused_offer_changes_nothing(call: Call, sources: dict[str, str]) -> None:
    with pytest.raises(PodiumError):
        call.negotiate(MICROPHONE, sources=sources)
    assert call.connection.state == "new"
    assert (call.transport.sources, call.transport.ufrags) == ([], set())


def test_an_absurd_number_of_slots_is_refused(call: Call) -> None:
    with pytest.raises(NegotiationError, match="more than 128"):
        call.negotiate(*(Section(str(index), "audio", "recvonly") for index in range(129)))


def test_another_certificate_is_another_browser_object(call: Call) -> None:
    call.negotiate(MICROPHONE)
    assert call.connection.continues(parse_offer(call.browser.offer(MICROPHONE)))
    assert not call.connection.continues(parse_offer(Browser(Identity()).offer(MICROPHONE)))


# Connectivity


def test_a_check_is_answered_and_its_address_selected(call: Call) -> None:
    call.negotiate(MICROPHONE)
    assert call.transport.ufrags == {call.browser.answer.ufrag}
    assert [outgoing.address for outgoing in call.check()] == [HOME]
    assert call.transport.selected == HOME


def test_a_check_without_nomination_only_opens_the_address(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.check(call.browser.check(nominate=False))
    assert (call.transport.remotes, call.transport.selected) == ([HOME], None)


@pytest.mark.parametrize("datagram", [b"", b"\x00" * 20, b"\x00\x01" + b"\xff" * 60])
def test_garbage_is_passed_over_in_silence(call: Call, datagram: bytes) -> None:
    call.negotiate(MICROPHONE)
    assert call.check(datagram) == []
    assert call.check(call.browser.check(password="wrong" * 5)) == []
    assert call.dtls(datagram) == []
    assert call.transport.remotes == []
    assert call.connection.state == "connecting"


def test_a_browser_that_moves_is_followed(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.check()
    call.check(address=MOVED)
    assert call.transport.selected == MOVED


def test_an_ice_restart_keeps_the_old_names_until_the_new_are_nominated(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.connect()
    old_check, old = call.browser.check(), call.browser.answer.ufrag
    call.browser.restart()
    call.negotiate(MICROPHONE)
    new = call.browser.answer.ufrag
    assert call.connection.ufrags == call.transport.ufrags == {old, new}
    assert len(call.check(old_check)) == 1
    call.check(call.browser.check(nominate=False), MOVED)
    assert call.connection.ufrags == {old, new}
    call.check(address=MOVED)
    assert call.connection.ufrags == call.transport.ufrags == {new}
    assert call.check(old_check) == []
    assert call.connection.state == "connected"


def test_restarts_that_never_complete_do_not_pile_up(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.check()
    first = call.browser.answer.ufrag
    for _ in range(5):
        call.browser.restart()
        call.negotiate(MICROPHONE)
    assert call.transport.ufrags == {first, call.browser.answer.ufrag}


# Handshake, silence, end


def test_a_handshake_gives_the_worker_the_keys_of_both_directions(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.connect()
    assert call.connection.state == "connected"
    assert call.browser.client is not None
    keys = call.browser.client.keys
    assert keys is not None
    assert call.transport.keys == (_fastpath.PROFILE_AEAD_AES_128_GCM, keys.send, keys.receive)


def test_a_stranger_s_certificate_fails_the_connection(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.browser.identity = Identity()
    call.connect()
    assert call.connection.state == "failed"
    assert "certificate" in (call.connection.failure or "")
    assert call.transport.closed
    assert call.transport.keys is None


def test_lost_flights_are_sent_again_to_where_the_browser_is(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.check()
    call.browser.shake_hands(lambda datagram: call.dtls(datagram) and [])
    again = call.wait(1.1)
    assert again
    assert {outgoing.address for outgoing in again} == {HOME}
    assert call.wait(0.01) == []


def test_consent_lasts_thirty_seconds(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.connect()
    call.wait(29)
    call.check()
    call.wait(29)
    assert not call.connection.ended
    call.wait(2)
    assert call.connection.state == "failed"
    assert "consent" in (call.connection.failure or "")
    assert call.transport.closed
    assert call.connection.ufrags == frozenset()


def test_a_browser_that_checks_but_never_shakes_hands_is_given_up(call: Call) -> None:
    call.negotiate(MICROPHONE)
    for _ in range(4):
        call.check()
        call.wait(10)
    assert call.connection.state == "failed"
    assert "handshake" in (call.connection.failure or "")


def test_a_browser_may_say_goodbye(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.connect()
    assert call.browser.client is not None
    call.browser.client.close()
    for datagram in call.browser.client.take_outgoing():
        call.dtls(datagram)
    assert call.connection.state == "closed"
    assert call.transport.closed


def test_closing_says_goodbye_once_and_ends_everything(call: Call) -> None:
    call.negotiate(MICROPHONE)
    call.connect()
    farewell = call.connection.close()
    assert call.browser.client is not None
    for _, datagram in farewell:
        call.browser.client.receive(datagram)
    assert call.browser.client.closed
    assert call.connection.close() == call.check() == call.wait(100) == []
    assert call.connection.statistics().state == "closed"


def test_a_connection_that_was_never_negotiated_waits_for_nothing(call: Call) -> None:
    assert call.wait(1000) == []
    assert call.dtls(b"\x16") == []
    assert call.connection.close() == []
    assert call.transport.closed
