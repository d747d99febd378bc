# SPDX-License-Identifier: Apache-2.0
"""What of an offer is accepted."""

from itertools import pairwise
from pathlib import Path

import pytest

from podium.core import _fastpath as fastpath
from podium.core.media.sdp import (
    Agreement,
    AnswerSettings,
    NegotiationError,
    check_continues,
    negotiate,
    parse_offer,
    restarts_ice,
)

OFFERS = {
    path.stem: path.read_text(encoding="utf-8").replace("\n", "\r\n")
    for path in sorted((Path(__file__).parent / "offers").glob("*.sdp"))
}


def agree(sdp: str, settings: AnswerSettings | None = None) -> Agreement:
    return negotiate(parse_offer(sdp), settings or AnswerSettings())


def refusal(sdp: str) -> str:
    with pytest.raises(NegotiationError) as caught:
        agree(sdp)
    return caught.value.message


def test_directions_are_turned_round() -> None:
    agreement = agree(OFFERS["chromium_join"])
    assert all(section.accepted for section in agreement.sections)
    assert [section.direction for section in agreement.sections] == ["recvonly"] * 3 + ["sendonly"] * 12
    assert [section.receives for section in agreement.sections] == [True] * 3 + [False] * 12
    assert [section.sends for section in agreement.sections] == [False] * 3 + [True] * 12
    assert {section.direction for section in agree(OFFERS["aiortc"]).sections} == {"sendrecv"}
    inactive = agree(OFFERS["aiortc"].replace("a=sendrecv", "a=inactive")).sections[0]
    assert (inactive.accepted, inactive.receives, inactive.sends) == (True, False, False)


def test_codecs_come_in_our_order_with_the_offered_payload_types() -> None:
    camera = agree(OFFERS["chromium_join"]).sections[1]
    assert [(codec.codec, codec.payload_type, codec.rtx_payload_type) for codec in camera.codecs] == [
        (fastpath.CODEC_VP8, 96, 97),
        (fastpath.CODEC_H264, 108, 109),
        (fastpath.CODEC_VP9, 98, 99),
        (fastpath.CODEC_AV1, 45, 46),
    ]
    assert camera.codecs[1].fmtp == "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
    assert camera.codecs[0].feedback == ("nack", "nack pli", "ccm fir", "transport-cc")
    assert camera.nack


def test_settings_choose_and_order_the_codecs() -> None:
    camera = agree(OFFERS["chromium_join"], AnswerSettings(video_codecs=("av1", "VP8", "AV1"))).sections[1]
    assert [codec.name for codec in camera.codecs] == ["AV1", "VP8"]
    with pytest.raises(ValueError, match="MP3 is not a known audio codec: use some of opus"):
        agree(OFFERS["aiortc"], AnswerSettings(audio_codecs=("MP3",)))


def test_audio_is_opus_alone() -> None:
    microphone = agree(OFFERS["chromium_join"]).sections[0]
    (opus,) = microphone.codecs
    assert (opus.codec, opus.payload_type, opus.rtx_payload_type) == (fastpath.CODEC_OPUS, 111, None)
    assert opus.fmtp == "minptime=10;useinbandfec=1"
    assert opus.feedback == ("transport-cc",)
    assert not microphone.nack


def test_each_section_keeps_the_extensions_that_serve_it() -> None:
    sections = agree(OFFERS["chromium_join"]).sections
    assert sections[0].extensions == {
        fastpath.EXTENSION_MID: 4,
        fastpath.EXTENSION_AUDIO_LEVEL: 1,
        fastpath.EXTENSION_TRANSPORT_SEQUENCE: 3,
    }
    assert sections[1].extensions == {
        fastpath.EXTENSION_MID: 4,
        fastpath.EXTENSION_RID: 10,
        fastpath.EXTENSION_REPAIRED_RID: 11,
        fastpath.EXTENSION_TRANSPORT_SEQUENCE: 3,
        fastpath.EXTENSION_DEPENDENCY_DESCRIPTOR: 12,
    }
    assert sections[6].extensions == {fastpath.EXTENSION_MID: 4, fastpath.EXTENSION_DEPENDENCY_DESCRIPTOR: 12}
    without_av1 = agree(OFFERS["chromium_join"], AnswerSettings(video_codecs=("VP8",))).sections[6]
    assert without_av1.extensions == {fastpath.EXTENSION_MID: 4}


def test_feedback_on_delay_needs_its_extension() -> None:
    slot = agree(OFFERS["chromium_join"]).sections[6]
    assert all("transport-cc" not in codec.feedback for codec in slot.codecs)


def test_rtx_needs_nack() -> None:
    agreement = agree(OFFERS["aiortc"].replace("a=rtcp-fb:97 nack\r\n", ""))
    assert agreement.sections[1].codecs[0].rtx_payload_type is None


def test_the_transport_learns_one_meaning_per_number() -> None:
    agreement = agree(OFFERS["chromium_join"])
    assert {number: codec.codec for number, codec in agreement.payload_types.items()} == {
        111: fastpath.CODEC_OPUS,
        96: fastpath.CODEC_VP8,
        108: fastpath.CODEC_H264,
        98: fastpath.CODEC_VP9,
        45: fastpath.CODEC_AV1,
    }
    assert agreement.extensions[fastpath.EXTENSION_MID] == 4
    assert len(agreement.extensions) == 6


@pytest.mark.parametrize(
    ("variant", "accepted"),
    [
        ("packetization-mode=1;profile-level-id=42e01f", True),
        ("packetization-mode=1;profile-level-id=42C02A", True),
        ("packetization-mode=1;profile-level-id=42001f", False),
        ("packetization-mode=0;profile-level-id=42e01f", False),
        ("profile-level-id=42e01f", False),
        ("packetization-mode=1;profile-level-id=640c1f", False),
        ("packetization-mode=1;profile-level-id=junk", False),
        ("packetization-mode=1", False),
    ],
)
def test_h264_is_constrained_baseline_in_several_units_a_frame(variant: str, accepted: bool) -> None:
    sdp = OFFERS["aiortc"].replace("a=fmtp:99 level", "a=fmtp:9 level")
    sdp = sdp.replace("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", variant)
    codecs = agree(sdp, AnswerSettings(video_codecs=("H264",))).sections[1].codecs
    assert bool(codecs) == accepted


def test_only_profile_0_of_vp9_and_av1() -> None:
    sdp = OFFERS["chromium_small"].replace("profile-id=0", "profile-id=1").replace("profile=0", "profile=1")
    assert [codec.name for codec in agree(sdp).sections[1].codecs] == ["VP8", "H264"]


def test_encodings_are_kept_where_we_receive_up_to_three() -> None:
    assert agree(OFFERS["chromium_join"]).sections[1].rids == ("l", "m", "h")
    sdp = OFFERS["chromium_small"].replace("l;m;h", "l;m;h;x").replace("a=rid:l send", "a=rid:l send\r\na=rid:x send")
    assert agree(sdp).sections[1].rids == ("l", "m", "h")
    assert agree(OFFERS["aiortc"]).sections[1].ssrcs == ((1720884273, 1397971194),)


def test_what_we_do_not_serve_is_rejected_in_place() -> None:
    agreement = agree(OFFERS["chromium_data_channel"])
    assert [section.accepted for section in agreement.sections] == [True, True, False]
    assert agreement.sections[2].refusal == "application is not supported"
    assert agreement.bundle == ("0", "1")
    assert agreement.section("0") is agreement.sections[0]
    assert agreement.section("2") is None


def test_a_section_without_a_common_codec_is_rejected_in_place() -> None:
    section = agree(OFFERS["aiortc"], AnswerSettings(video_codecs=("AV1",))).sections[1]
    assert (section.accepted, section.direction, section.receives) == (False, "inactive", False)
    assert section.refusal == "none of its codecs is among AV1"
    other = agree(OFFERS["aiortc"].replace("video 43354 UDP/TLS/RTP/SAVPF", "video 43354 RTP/AVP")).sections[1]
    assert other.refusal == "RTP/AVP is not supported"


def test_an_offer_with_nothing_for_us_is_refused() -> None:
    sdp = OFFERS["aiortc"].replace("opus/48000", "opus/8000").replace("/90000", "/9000")
    expected = "no m-section of the offer can be accepted (0: none of its codecs is among opus, 1: none of its codecs"
    assert expected in refusal(sdp)


def test_a_stopped_section_stays_stopped() -> None:
    agreement = agree(OFFERS["chromium_small_stopped"])
    assert agreement.sections[0].refusal == "stopped by the offerer"
    assert "0" not in agreement.bundle


def test_everything_must_be_in_one_bundle() -> None:
    assert "(mid 1) is not in the first a=group:BUNDLE" in refusal(OFFERS["aiortc"].replace("BUNDLE 0 1", "BUNDLE 0"))
    assert "(mid 0) is not in" in refusal(OFFERS["aiortc"].replace("a=group:BUNDLE 0 1\r\n", ""))


def test_rtcp_must_share_the_port() -> None:
    assert "m-section 0 (mid 0) lacks a=rtcp-mux" in refusal(OFFERS["aiortc"].replace("a=rtcp-mux\r\n", ""))


@pytest.mark.parametrize(("setup", "fits"), [("active", True), ("passive", False), ("holdconn", False)])
def test_the_browser_must_be_able_to_start_dtls(setup: str, fits: bool) -> None:
    sdp = OFFERS["aiortc"].replace("setup:actpass", f"setup:{setup}")
    if fits:
        assert agree(sdp).bundle == ("0", "1")
    else:
        assert f"a=setup:{setup}" in refusal(sdp)


def test_one_number_with_two_meanings_is_refused() -> None:
    sdp = (
        OFFERS["aiortc"]
        .replace("SAVPF 97", "SAVPF 96")
        .replace("rtpmap:97", "rtpmap:96")
        .replace("fmtp:98 apt=97", "x:")
    )
    assert "payload type 96 has two meanings" in refusal(sdp)
    video = OFFERS["chromium_small"].replace("extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "extmap:5 urn:other", 1)
    moved = video.replace("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc", "a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc", 1)
    assert "header extension" in refusal(moved)


def test_later_offers_continue_the_earlier_ones() -> None:
    names = ["chromium_small", "chromium_small_more_slots", "chromium_small_ice_restart", "chromium_small_stopped"]
    offers = [parse_offer(OFFERS[name]) for name in names]
    for earlier, later in pairwise(offers):
        check_continues(earlier, later)
    assert [restarts_ice(earlier, later) for earlier, later in pairwise(offers)] == [
        False,
        True,
        False,
    ]


def test_an_offer_that_drops_or_swaps_sections_does_not_continue() -> None:
    more, small = parse_offer(OFFERS["chromium_small_more_slots"]), parse_offer(OFFERS["chromium_small"])
    with pytest.raises(NegotiationError, match="there were 6, now 5"):
        check_continues(more, small)
    swapped = OFFERS["chromium_small"].replace("a=mid:1\r\n", "a=mid:x\r\n").replace("BUNDLE 0 1", "BUNDLE 0 x")
    with pytest.raises(NegotiationError, match="m-section 1 was video with mid 1 and is now video with mid x"):
        check_continues(small, parse_offer(swapped))


def test_a_stopped_section_may_be_taken_by_another() -> None:
    stopped = parse_offer(OFFERS["chromium_small_stopped"])
    reused = parse_offer(OFFERS["chromium_small_ice_restart"].replace("a=mid:0\r\n", "a=mid:new\r\n"))
    check_continues(stopped, reused)


def test_another_certificate_is_another_connection() -> None:
    first = parse_offer(OFFERS["chromium_small"])
    other = OFFERS["chromium_small"].replace(first.fingerprints[0][1], ":".join(["AB"] * 32))
    with pytest.raises(NegotiationError, match="certificate changed"):
        check_continues(first, parse_offer(other))
