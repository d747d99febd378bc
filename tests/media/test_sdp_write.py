# SPDX-License-Identifier: Apache-2.0
"""Answers, read back by two parsers that are not ours, and by aiortc's whole peer connection."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sdp_transform  # type: ignore[import-untyped]  # it has none
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from podium.core.media.sdp import (
    AnswerSettings,
    NegotiationError,
    SlotParameters,
    TransportParameters,
    negotiate,
    parse_offer,
    write_answer,
)

OFFERS = {
    path.stem: path.read_text(encoding="utf-8").replace("\n", "\r\n")
    for path in sorted((Path(__file__).parent / "offers").glob("*.sdp"))
}
TRANSPORT = TransportParameters(
    ice_ufrag="podiumuf",
    ice_pwd="p" * 24,
    fingerprint="sha-256 " + ":".join(["AB"] * 32),
    candidates=(("192.0.2.1", 40000), ("2001:db8::1", 40000)),
    session_id=7,
    session_version=3,
)


def answer(sdp: str, *, slots: Mapping[str, SlotParameters] | None = None) -> str:
    agreement = negotiate(parse_offer(sdp), AnswerSettings())
    if slots is None:
        slots = {
            section.mid: SlotParameters(
                ssrc=1000 + 2 * section.index,
                rtx_ssrc=1001 + 2 * section.index if section.kind == "video" else None,
                cname="podium",
                stream_id=f"stream-{section.mid}",
                track_id=f"track-{section.mid}",
            )
            for section in agreement.sections
            if section.sends
        }
    return write_answer(agreement, TRANSPORT, slots)


def read(sdp: str) -> dict[str, Any]:
    parsed: dict[str, Any] = sdp_transform.parse(sdp)
    return parsed


@pytest.mark.parametrize("name", OFFERS)
def test_an_answer_mirrors_the_sections_of_its_offer(name: str) -> None:
    offered, answered = read(OFFERS[name]), read(answer(OFFERS[name]))
    assert len(answered["media"]) == len(offered["media"])
    reverse = {"sendonly": "recvonly", "recvonly": "sendonly", "sendrecv": "sendrecv"}
    for theirs, ours in zip(offered["media"], answered["media"], strict=True):
        assert (ours["type"], ours["mid"], ours["protocol"]) == (theirs["type"], theirs["mid"], theirs["protocol"])
        if ours["port"]:
            assert ours["direction"] == reverse[theirs["direction"]]
            assert ours["setup"] == "passive"
            assert ours["rtcpMux"] == "rtcp-mux"
            assert (ours["iceUfrag"], ours["icePwd"]) == ("podiumuf", "p" * 24)
            assert set(str(ours["payloads"]).split()) <= set(str(theirs["payloads"]).split())
            their_extensions = {(extension["value"], extension["uri"]) for extension in theirs["ext"]}
            assert {(extension["value"], extension["uri"]) for extension in ours["ext"]} <= their_extensions
    assert answered["icelite"] == "ice-lite"
    assert answered["origin"]["sessionVersion"] == 3


@pytest.mark.parametrize("name", OFFERS)
def test_another_parser_reads_the_same(name: str) -> None:
    description = SessionDescription.parse(answer(OFFERS[name]))
    assert len(description.media) == len(parse_offer(OFFERS[name]).sections)
    assert description.media[-1].port == 0 or description.media[-1].rtp.codecs


def test_a_class_of_chromium_in_full() -> None:
    answered = read(answer(OFFERS["chromium_join"]))
    assert answered["groups"] == [{"type": "BUNDLE", "mids": " ".join(str(number) for number in range(15))}]
    camera, slot = answered["media"][1], answered["media"][6]
    assert camera["simulcast"] == {"dir1": "recv", "list1": "l;m;h"}
    assert [(rid["id"], rid["direction"]) for rid in camera["rids"]] == [("l", "recv"), ("m", "recv"), ("h", "recv")]
    assert "ssrcs" not in camera
    assert slot["msid"] == "stream-6 track-6"
    assert slot["ssrcGroups"] == [{"semantics": "FID", "ssrcs": "1012 1013"}]
    assert {ssrc["id"] for ssrc in slot["ssrcs"]} == {1012, 1013}
    assert slot["payloads"] == "96 97 108 109 98 99 45 46"
    feedback = {item["type"] + " " + item.get("subtype", "") for item in camera["rtcpFb"]}
    assert feedback == {"nack ", "nack pli", "ccm fir", "transport-cc "}


def test_candidates_stand_in_every_section_the_preferred_first() -> None:
    answered = read(answer(OFFERS["chromium_small"]))
    first, second = answered["media"][:2]
    assert [(item["ip"], item["port"], item["type"]) for item in first["candidates"]] == [
        ("192.0.2.1", 40000, "host"),
        ("2001:db8::1", 40000, "host"),
    ]
    priorities = [item["priority"] for item in first["candidates"]]
    assert priorities == sorted(priorities, reverse=True)
    assert first["endOfCandidates"] == "end-of-candidates"
    assert (first["port"], first["connection"]["ip"]) == (40000, "192.0.2.1")
    assert second["candidates"] == first["candidates"]


def test_with_the_first_section_stopped_the_next_one_carries_the_candidates() -> None:
    answered = read(answer(OFFERS["chromium_small_stopped"]))
    stopped, tagged = answered["media"][:2]
    assert (stopped["port"], stopped["direction"]) == (0, "inactive")
    assert tagged["port"] == 40000
    assert len(tagged["candidates"]) == 2
    assert answered["groups"][0]["mids"].split()[0] == str(tagged["mid"])


def test_a_data_channel_is_rejected_in_its_place() -> None:
    rejected = read(answer(OFFERS["chromium_data_channel"]))["media"][2]
    assert (rejected["type"], rejected["port"], rejected["payloads"]) == ("application", 0, "webrtc-datachannel")


def test_a_sending_section_without_a_slot_does_not_send() -> None:
    answered = read(answer(OFFERS["chromium_small"], slots={}))
    assert [section["direction"] for section in answered["media"]] == ["recvonly"] * 3 + ["inactive"] * 2
    assert [section["direction"] for section in read(answer(OFFERS["aiortc"], slots={}))["media"]] == ["recvonly"] * 2


def test_no_repair_stream_is_announced_where_none_was_agreed() -> None:
    sdp = OFFERS["aiortc"].replace("apt=97", "apt=1").replace("apt=99", "apt=1").replace("apt=101", "apt=1")
    video = read(answer(sdp))["media"][1]
    assert "ssrcGroups" not in video
    assert [ssrc["id"] for ssrc in video["ssrcs"]] == [1002]


def test_lines_end_as_the_rfc_says() -> None:
    text = answer(OFFERS["chromium_join"])
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert text.isascii()


@given(
    st.floats(0, 1, exclude_max=True), st.text(max_size=6) | st.sampled_from(["\r", "\n", "\r\na=", " ", ";", "=", ":"])
)
def test_nothing_of_an_offer_breaks_out_of_its_line(where: float, text: str) -> None:
    sdp = OFFERS["aiortc"]
    index = int(len(sdp) * where)
    try:
        answered = answer(sdp[:index] + text + sdp[index:])
    except NegotiationError:
        return
    assert all(re.fullmatch(r"[a-z]=[ -~]+", line) for line in answered.removesuffix("\r\n").split("\r\n"))


async def negotiate_with_aiortc() -> tuple[list[str | None], set[tuple[str, int]]]:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(AudioStreamTrack())
    peer.addTrack(VideoStreamTrack())
    peer.addTransceiver("video", direction="recvonly")
    try:
        await peer.setLocalDescription(await peer.createOffer())
        await peer.setRemoteDescription(RTCSessionDescription(sdp=answer(peer.localDescription.sdp), type="answer"))
        remote = peer.getTransceivers()[0].sender.transport.transport.getRemoteCandidates()
        directions = [transceiver.currentDirection for transceiver in peer.getTransceivers()]
        return directions, {(candidate.ip, candidate.port) for candidate in remote}
    finally:
        await peer.close()


def test_aiortc_takes_the_answer() -> None:
    directions, candidates = asyncio.run(negotiate_with_aiortc())
    assert directions == ["sendrecv", "sendrecv", "recvonly"]
    assert candidates == {("192.0.2.1", 40000), ("2001:db8::1", 40000)}
