# SPDX-License-Identifier: Apache-2.0
"""Reading offers: real ones, broken ones, and any text at all."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core.media.sdp import NegotiationError, Offer, parse_offer

OFFERS = {
    path.stem: path.read_text(encoding="utf-8").replace("\n", "\r\n")
    for path in sorted((Path(__file__).parent / "offers").glob("*.sdp"))
}
FINGERPRINT = ":".join(["AB"] * 32)

MINIMAL = f"""\
v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
"""


def with_lines(*lines: str) -> str:
    return MINIMAL + "".join(f"{line}\n" for line in lines)


def without(start: str) -> str:
    return "".join(line for line in MINIMAL.splitlines(keepends=True) if not line.startswith(start))


def refusal(sdp: str) -> str:
    with pytest.raises(NegotiationError) as caught:
        parse_offer(sdp)
    assert caught.value.field == "sdp"
    assert len(caught.value.message) < 300
    return caught.value.message


def test_a_whole_class_of_chromium() -> None:
    offer = parse_offer(OFFERS["chromium_join"])
    assert offer.bundle == tuple(str(number) for number in range(15))
    assert offer.setup == "actpass"
    assert offer.ice_options == {"trickle"}
    assert [name for name, _ in offer.fingerprints] == ["sha-256"]
    assert [section.kind for section in offer.sections] == ["audio", *["video"] * 2, *["audio"] * 3, *["video"] * 9]
    assert [section.direction for section in offer.sections] == ["sendonly"] * 3 + ["recvonly"] * 12
    microphone, camera, screen = offer.sections[:3]
    opus = microphone.codecs[0]
    assert (opus.name, opus.payload_type, opus.clock_rate, opus.channels) == ("opus", 111, 48000, 2)
    assert opus.fmtp == {"minptime": "10", "useinbandfec": "1"}
    assert camera.rids == ("l", "m", "h")
    assert camera.ssrcs == ()
    vp8 = camera.codecs[0]
    assert (vp8.name, vp8.payload_type, vp8.rtx_payload_type) == ("VP8", 96, 97)
    assert vp8.feedback == {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}
    assert camera.extensions["urn:ietf:params:rtp-hdrext:sdes:mid"] == 4
    assert all(codec.name != "rtx" for codec in camera.codecs)
    ((ssrc, rtx_ssrc),) = screen.ssrcs
    assert rtx_ssrc not in (None, ssrc)
    assert screen.rids == ()
    assert camera.rtcp_mux
    assert camera.rtcp_reduced_size
    assert camera.extmap_allow_mixed


def test_firefox_says_some_things_for_the_whole_session() -> None:
    offer = parse_offer(OFFERS["firefox_like"])
    assert len(offer.fingerprints) == 1
    camera = offer.sections[1]
    assert camera.rids == ("l", "m", "h")
    assert camera.ssrcs == ((3100000100, 3100000101), (3100000102, 3100000103), (3100000104, 3100000105))
    assert camera.extensions["urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"] == 8


def test_aiortc_gives_three_fingerprints_and_both_directions() -> None:
    offer = parse_offer(OFFERS["aiortc"])
    assert [name for name, _ in offer.fingerprints] == ["sha-256", "sha-384", "sha-512"]
    assert [section.direction for section in offer.sections] == ["sendrecv", "sendrecv"]
    assert offer.sections[1].codecs[0].rtx_payload_type == 98


def test_a_stopped_section_lends_no_transport_and_no_bundle() -> None:
    offer = parse_offer(OFFERS["chromium_small_stopped"])
    assert offer.sections[0].rejected
    assert offer.sections[0].mid not in offer.bundle
    assert len(offer.ice_ufrag) >= 4


def test_bundle_only_sections_have_port_0_and_are_not_stopped() -> None:
    offer = parse_offer(with_lines("m=audio 0 UDP/TLS/RTP/SAVPF 111", "a=mid:1", "a=bundle-only"))
    assert [section.rejected for section in offer.sections] == [False, False]


def test_numbers_that_are_names_stay_text() -> None:
    sdp = MINIMAL.replace("a=mid:0", "a=mid:007").replace("abcd\n", "1e10\n").replace("BUNDLE 0", "BUNDLE 007")
    offer = parse_offer(sdp)
    assert (offer.sections[0].mid, offer.ice_ufrag, offer.bundle) == ("007", "1e10", ("007",))


def test_simulcast_gives_the_order_and_the_first_alternative() -> None:
    rids = [f"a=rid:{rid} send" for rid in ("h", "m", "l", "x")]
    offer = parse_offer(with_lines(*rids, "a=rid:back recv", "a=simulcast:recv back send l,x;~m;h;unknown"))
    assert offer.sections[0].rids == ("l", "m", "h")
    assert parse_offer(with_lines(*rids)).sections[0].rids == ("h", "m", "l", "x")


def test_feedback_for_all_payload_types() -> None:
    offer = parse_offer(with_lines("a=rtcp-fb:* NACK  pli", "a=rtcp-fb:96 ccm fir"))
    assert offer.sections[0].codecs[0].feedback == {"nack pli", "ccm fir"}


def test_extensions_beyond_the_space_are_passed_over() -> None:
    offer = parse_offer(with_lines("a=extmap:4096 urn:many", "a=extmap:3/sendonly urn:one with=attributes"))
    assert offer.sections[0].extensions == {"urn:one": 3}


@pytest.mark.parametrize(
    ("sdp", "words"),
    [
        ("", "does not begin with v=0"),
        ("hello", "line 1 of the offer is not a line of SDP"),
        ("v=1\n", "does not begin with v=0"),
        ("v=0\n", "no m-section"),
        ("v=0\na=x\x00y\n", "line 2"),
        (without("a=ice-ufrag"), "neither m-section 0 nor the session has a=ice-ufrag"),
        (without("a=ice-pwd"), "a=ice-pwd"),
        (without("a=fingerprint"), "a=fingerprint"),
        (without("a=mid"), "line 6 of the offer: the m-section has no a=mid"),
        (MINIMAL.replace("abcd\n", "abc\n"), "line 8 of the offer: a=ice-ufrag must be 4 to 256"),
        (MINIMAL.replace("sha-256", "sha-1"), "no fingerprint by sha-256"),
        (MINIMAL.replace(":AB:AB\n", ":AB\n"), "a sha-256 fingerprint has 32 bytes"),
        (MINIMAL.replace("actpass", "whatever"), "a=setup must be actpass"),
        (MINIMAL.replace("a=mid:0", "a=mid:" + "x" * 17), "a=mid must be 1 to 16"),
        (MINIMAL.replace("video 9 ", "video nine "), "m must be 'kind port protocol formats'"),
        (MINIMAL.replace("96 97", "96 128"), "0 to 127"),
        (MINIMAL.replace("96 97", "96 96"), "listed twice"),
        (MINIMAL.replace("m=video 9 ", "m=video 0 "), "every m-section of the offer is stopped"),
        (with_lines("a=rtpmap:96 H264/90000"), "line 17 of the offer: payload type 96 is mapped twice"),
        (with_lines("a=rtpmap:96"), "a=rtpmap must be"),
        (with_lines("a=fmtp:junk"), "a=fmtp must be"),
        (with_lines("a=fmtp:96 " + ";".join(f"k{n}=v" for n in range(40))), "more than 32 parameters"),
        (with_lines("a=rtcp-fb:nack"), "a=rtcp-fb must be"),
        (with_lines("a=extmap:1 urn:a", "a=extmap:1 urn:b"), "line 18 of the offer: header extension identifier 1"),
        (with_lines(*(f"a=extmap:{n} urn:{n}" for n in range(1, 70))), "more than 64 header extensions"),
        (with_lines("a=rid:l sideways"), "a=rid must be"),
        (with_lines(*(f"a=rid:r{n} send" for n in range(20))), "more than 16 a=rid"),
        (with_lines("a=ssrc:0 cname:x"), "an ssrc is a number"),
        (with_lines("a=ssrc:4294967296 cname:x"), "an ssrc is a number"),
        (with_lines(*(f"a=ssrc:{n} cname:x" for n in range(1, 70))), "more than 64 ssrcs"),
        (with_lines("a=ssrc-group:FID x"), "a=ssrc-group must be"),
        (with_lines(*["a=x"] * 1000), "more than 1000 lines"),
        (with_lines("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0"), "m-section 1 repeats the mid 0"),
        (with_lines(*["m=audio 0 UDP/TLS/RTP/SAVPF 111"] * 200), "more than 200 m-sections"),
        ("v=0\n" + "a=x\n" * 80_000, "at most 262144"),
    ],
)
def test_a_broken_offer_is_refused_with_the_reason(sdp: str, words: str) -> None:
    assert words in refusal(sdp)


def test_a_wrong_password_is_not_repeated_in_the_message() -> None:
    assert "hunter2" not in refusal(MINIMAL.replace("0123456789012345678901", "hunter2"))


def test_foreign_text_in_messages_is_short_and_harmless() -> None:
    message = refusal(MINIMAL.replace("actpass", "\u202e" + "x" * 5000))
    assert message.isascii()


def read_or_refuse(text: str) -> Offer | None:
    """Anything but an Offer or a NegotiationError fails the test."""
    try:
        return parse_offer(text)
    except NegotiationError:
        return None


@given(st.text(max_size=500))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)
    read_or_refuse(MINIMAL + text)


LINES = sorted({line for sdp in OFFERS.values() for line in sdp.splitlines()})


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(set(OFFERS) - {"chromium_join"})),
    st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True),
            st.sampled_from(["drop", "repeat", "cut", "swap", "other", "insert"]),
            st.text(max_size=8),
            st.sampled_from(LINES),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_damaged_offers_are_read_or_refused(name: str, damages: list[tuple[float, str, str, str]]) -> None:
    lines = OFFERS[name].splitlines()
    for where, damage, text, other in damages:
        index = int(len(lines) * where)
        if damage == "drop":
            lines[index : index + 1] = []
        elif damage == "repeat":
            lines.insert(index, lines[index])
        elif damage == "cut":
            lines[index] = lines[index][: len(lines[index]) // 2] + text
        elif damage == "swap":
            lines[index], lines[0] = lines[0], lines[index]
        else:
            lines[index] = other if damage == "other" else lines[index] + text
    read_or_refuse("\r\n".join(lines))


@pytest.mark.parametrize(
    "line",
    [
        "a=simulcast:send " + "l;" * 100_000,
        "a=simulcast:" + " " * 200_000,
        "a=rtcp-fb:96 " + " " * 200_000 + "!",
        "a=fmtp:96 " + ";" * 200_000,
        "a=fmtp:96 " + " " * 200_000,
        "a=ssrc-group:FID" + " 1" * 100_000,
        "a=extmap:1 " + "x" * 200_000,
        "a=fingerprint:sha-256 " + "AB:" * 60_000,
        "a=group:BUNDLE" + " 0" * 100_000,
        "m=video 9 UDP/TLS/RTP/SAVPF" + " 96" * 60_000,
        "a=rid:l send " + "x" * 200_000,
        "x" * 200_000,
    ],
    ids=lambda line: line[:20],
)
def test_long_lines_do_not_hang(line: str) -> None:
    read_or_refuse(with_lines(line))
