# SPDX-License-Identifier: Apache-2.0
"""The synthetic peer by itself: it connects to an aiortc peer, which gets what it sends and whose media it can read."""

from tests.peers.dtls import CM_SHA1_80, GCM_128
from tests.peers.echo import EchoServer
from tests.peers.offers import read_answer
from tests.peers.packets import ReceiverReport
from tests.peers.relay import Impairment, Relay, exactly
from tests.peers.rtp_peer import RtpPeer, pump_peers


def _peer(server: EchoServer, **options: object) -> RtpPeer:
    peer = RtpPeer(server.url, "room", "ann", **options)  # type: ignore[arg-type]  # checked by the tests that pass them
    # aiortc answers actpass with active, a server with passive: ask for the role it has to play here.
    peer.transport.setup = "active"
    return peer


def _inbound_counts(server: EchoServer) -> dict[int, int]:
    rows = [row for row in server.statistics().values() if row.type == "inbound-rtp"]
    return {row.ssrc: row.packetsReceived for row in rows}


def test_packets_arrive_at_an_independent_peer() -> None:
    with EchoServer() as server, _peer(server) as peer:
        assert peer.transport.profile in (GCM_128, CM_SHA1_80)
        for number in range(10):
            peer.send(*peer.camera.frame(key=number == 0), peer.microphone.packet())
            pump_peers([peer], seconds=0.02)
        expected = {peer.camera.ssrc: 30, peer.microphone.ssrc: 10}
        assert pump_peers([peer], until=lambda: _inbound_counts(server) == expected)


def test_rtcp_of_an_independent_peer_is_read() -> None:
    with EchoServer() as server, _peer(server) as peer:
        peer.send(*peer.camera.frame(key=True))
        assert pump_peers([peer], until=lambda: bool(_reported(peer)))
        assert _reported(peer) == {peer.camera.ssrc}
        assert peer.transport.rejected == []


def _reported(peer: RtpPeer) -> set[int]:
    reports = [each for each in peer.transport.rtcp if isinstance(each, ReceiverReport)]
    return {block.ssrc for report in reports for block in report.blocks}


def test_a_peer_goes_through_a_relay_that_loses_exact_packets() -> None:
    with EchoServer() as server, Relay() as relay, _peer(server, through=relay) as peer:
        relay.impair("to_server", Impairment(drop=exactly(1, 2)))
        peer.send(*peer.camera.frame(key=True, packets=5))
        assert pump_peers([peer], until=lambda: relay.counts("to_server").dropped == 2)
        assert pump_peers([peer], until=lambda: _inbound_counts(server) == {peer.camera.ssrc: 3})


def test_the_older_profile_can_be_asked_for() -> None:
    with EchoServer() as server, _peer(server, profiles=(CM_SHA1_80,)) as peer:
        assert peer.transport.profile is CM_SHA1_80


def test_an_answer_is_read_section_by_section() -> None:
    with EchoServer() as server, _peer(server, video_slots=2) as peer:
        assert set(peer.answer.sections) == {section.mid for section in peer.sections}
        assert peer.answer.sections[peer.camera.mid].payload_types == {"VP8": 96}
        assert peer.answer.sections[peer.camera.mid].rtx == {96: 97}


def test_simulcast_and_stream_lines_of_an_answer() -> None:
    sdp = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:4\r\na=rid:l recv\r\na=rid:h recv\r\n"
    sdp += "a=ssrc-group:FID 5 6\r\na=ssrc:5 cname:x\r\na=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n"
    answer = read_answer(sdp)
    section = answer.sections["4"]
    assert (section.rids, section.ssrc, section.rtx_ssrc) == (("l", "h"), 5, 6)
    assert answer.candidates == [("10.0.0.1", 5000)]
