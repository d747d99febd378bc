# SPDX-License-Identifier: Apache-2.0
"""RTCP reading against the oracle and aiortc, and everything written is read back by both."""

from struct import pack

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket
from aiortc.rtp import RtcpPacket as AiortcPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core._rtcp import (
    ReportBlockView,
    RtcpView,
    SenderInfoView,
    build_cname,
    build_nack,
    build_pli,
    build_receiver_report,
    build_sender_report,
    parse_rtcp,
)
from tests.core.guarded import guarded
from tests.core.hostile import hostile
from tests.oracles import rtcp as oracle

U8, U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
INFOS = st.builds(SenderInfoView, U32, U64, U32, U32, U32)
BLOCKS = st.builds(ReportBlockView, U32, U8, st.integers(-(2**23), 2**23 - 1), U32, U32, U32, U32)
REPORTS = st.lists(BLOCKS, max_size=31)


def rtcp(kind: int, count: int, content: bytes, *, padding: bytes = b"") -> bytes:
    content += padding
    return pack("!BBH", 0x80 | bool(padding) << 5 | count, kind, len(content) // 4) + content


def present(packet: bytes | None) -> bytes:
    assert packet is not None
    return packet


def only(data: bytes) -> RtcpView:
    packets = parse_rtcp(guarded(data))
    assert packets is not None
    assert len(packets) == 1
    return packets[0]


WORDS = st.integers(0, 12).flatmap(lambda words: st.binary(min_size=4 * words, max_size=4 * words))
SINGLE = st.one_of(
    st.builds(rtcp, st.sampled_from([192, 200, 201, 202, 203, 204, 205, 206, 207]), st.integers(0, 31), WORDS),
    st.builds(rtcp, st.sampled_from([205, 206]), st.sampled_from([1, 4, 15]), WORDS),
    st.builds(rtcp, st.sampled_from([200, 201]), st.integers(0, 2), WORDS),
    st.builds(RtcpByePacket, st.lists(U32, max_size=31)).map(bytes),
    st.builds(build_sender_report, INFOS, st.lists(BLOCKS, max_size=3)).map(present),
    st.builds(build_receiver_report, U32, st.lists(BLOCKS, max_size=3)).map(present),
)
PADDED = st.builds(
    rtcp, st.sampled_from([200, 201, 203, 205, 206]), st.integers(0, 4), WORDS,
    padding=st.sampled_from([b"\0\0\0\4", b"\0\0\0\3", b"\0\0\0\1", b"\0\0\0\0", b"\0\0\0\xff", b"\0\0\0\0\0\0\0\10"]),
)  # fmt: skip
DATAGRAMS = st.lists(st.one_of(SINGLE, SINGLE, SINGLE, PADDED), min_size=1, max_size=4).map(b"".join)


@settings(max_examples=600)
@given(hostile(DATAGRAMS), st.sampled_from([0, 1, 5, 1024]))
def test_any_bytes_parse_as_the_oracle_parses_them(data: bytes, capacity: int) -> None:
    assert parse_rtcp(guarded(data), capacity) == oracle.parse(data, capacity)


@given(DATAGRAMS)
def test_aiortc_reads_the_same_from_right_packets(data: bytes) -> None:
    packets = parse_rtcp(data)
    try:
        theirs = AiortcPacket.parse(data)
    except ValueError:
        return  # aiortc is stricter where reports have profile extensions, and reads source descriptions as well
    if packets is None:
        return  # aiortc accepts padding within a compound datagram
    known = [packet for packet in packets if packet.type in (200, 201, 202, 203, 205, 206)]
    for mine, their in zip(known, theirs, strict=True):
        if isinstance(their, RtcpSrPacket):
            assert mine.sender_info is not None
            assert mine.sender_info[0] == their.ssrc
            assert mine.sender_info[1:] == tuple(vars(their.sender_info).values())
        if isinstance(their, RtcpSrPacket | RtcpRrPacket):
            assert mine.reports == [tuple(vars(report).values()) for report in their.reports]
        if isinstance(their, RtcpByePacket):
            assert mine.bye == their.sources
        if isinstance(their, RtcpRtpfbPacket | RtcpPsfbPacket):
            assert mine.feedback_ssrcs == (their.ssrc, their.media_ssrc)
        if isinstance(their, RtcpRtpfbPacket) and their.fmt == 1:
            assert (mine.nack or []) == [number % 65536 for number in their.lost]


@given(INFOS, REPORTS)
def test_sender_reports_read_back(info: SenderInfoView, reports: list[ReportBlockView]) -> None:
    data = present(build_sender_report(info, reports))
    packet = only(data)
    assert (packet.sender_info, packet.reports) == (info, reports)
    (theirs,) = AiortcPacket.parse(data)
    assert bytes(theirs) == data


@given(U32, REPORTS)
def test_receiver_reports_read_back(ssrc: int, reports: list[ReportBlockView]) -> None:
    data = present(build_receiver_report(ssrc, reports))
    assert only(data).reports == reports
    (theirs,) = AiortcPacket.parse(data)
    assert isinstance(theirs, RtcpRrPacket)
    assert theirs.ssrc == ssrc
    assert bytes(theirs) == data


@pytest.mark.parametrize(("lost", "written"), [(2**31 - 1, 2**23 - 1), (-(2**31), -(2**23))])
def test_losses_beyond_24_bits_are_written_as_the_nearest_number(lost: int, written: int) -> None:
    data = present(build_receiver_report(1, [ReportBlockView(2, 0, lost, 0, 0, 0, 0)]))
    assert only(data).reports[0].cumulative_lost == written


@given(U32, st.text(max_size=63))
def test_aiortc_reads_canonical_names(ssrc: int, cname: str) -> None:
    data = present(build_cname(ssrc, cname))
    assert only(data).type == 202
    (theirs,) = AiortcPacket.parse(data)
    assert isinstance(theirs, RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in theirs.chunks] == [(ssrc, [(1, cname.encode())])]


def test_a_canonical_name_ends_with_a_zero_byte_and_has_255_bytes_at_most() -> None:
    assert all(present(build_cname(1, "x" * length)).endswith(b"\0") for length in range(256))
    assert build_cname(1, "x" * 256) is None


@given(U32, U32, st.lists(U16, min_size=1, max_size=60))
def test_requests_ask_for_each_number_given(sender: int, media: int, sequences: list[int]) -> None:
    data = present(build_nack(sender, media, sequences))
    packet = only(data)
    assert packet.feedback_ssrcs == (sender, media)
    assert set(packet.nack or []) == set(sequences)
    (theirs,) = AiortcPacket.parse(data)
    assert isinstance(theirs, RtcpRtpfbPacket)
    assert {number % 65536 for number in theirs.lost} == set(sequences)


@given(U16, st.sets(st.integers(0, 300), min_size=1))
def test_ascending_requests_are_as_short_as_can_be(start: int, offsets: set[int]) -> None:
    pairs, covered = 0, -1
    for offset in sorted(offsets):
        if offset > covered:
            pairs, covered = pairs + 1, offset + 16
    data = present(build_nack(1, 2, [(start + offset) % 65536 for offset in sorted(offsets)]))
    assert len(data) == 12 + 4 * pairs
    assert only(data).nack == [(start + offset) % 65536 for offset in sorted(offsets)]


def test_a_request_for_a_run_across_the_wrap() -> None:
    data = present(build_nack(1, 2, [65535, *range(16), 16]))
    assert data[12:] == b"\xff\xff\xff\xff" + b"\0\x10\0\0"


def test_key_frame_requests_read_back() -> None:
    data = present(build_pli(5, 6))
    packet = only(data)
    assert (packet.type, packet.subtype, packet.feedback_ssrcs) == (206, 1, (5, 6))
    assert AiortcPacket.parse(data) == [RtcpPsfbPacket(fmt=1, ssrc=5, media_ssrc=6)]


def test_full_intra_requests_name_their_streams() -> None:
    content = pack("!LL", 1, 0) + pack("!LBBBB", 7, 1, 0, 0, 0) + pack("!LBBBB", 8, 2, 0, 0, 0)
    assert only(rtcp(206, 4, content)).fir == [7, 8]
    assert only(rtcp(206, 4, content[:-4])).fir is None
    assert only(rtcp(206, 4, content[:8])).fir is None


def test_a_goodbye_with_a_reason() -> None:
    assert only(rtcp(203, 2, pack("!LL", 1, 2) + b"\4left\0\0\0")).bye == [1, 2]
    assert only(rtcp(203, 3, pack("!LL", 1, 2))).bye is None


def test_only_the_last_packet_may_be_padded() -> None:
    padded = rtcp(201, 0, pack("!L", 1), padding=b"\0\0\0\4")
    packets = parse_rtcp(present(build_pli(1, 2)) + padded)
    assert packets is not None
    assert packets[-1].body == padded[:8]
    assert parse_rtcp(padded + present(build_pli(1, 2))) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x80\xc9\0", b"\x80\xc9\0\1", b"\x40\xc9\0\0", b"\xa0\xc9\0\0", b"\x80\xc9\xff\xff" + bytes(100)],
)
def test_framing_that_is_refused(data: bytes) -> None:
    assert parse_rtcp(guarded(data)) is None
    assert parse_rtcp(guarded(present(build_pli(1, 2)) + data)) is None or not data


def test_datagrams_cannot_be_larger_than_udp_carries() -> None:
    packet = rtcp(204, 0, bytes(65532 - 4))
    assert parse_rtcp(guarded(packet)) is not None
    assert parse_rtcp(guarded(packet + rtcp(204, 0, b""))) is None


@pytest.mark.parametrize("short", [0, 1, 11])
def test_what_does_not_fit_is_not_written(short: int) -> None:
    info, block = SenderInfoView(1, 2, 3, 4, 5), ReportBlockView(1, 2, 3, 4, 5, 6, 7)
    assert build_pli(1, 2, short) is None
    assert build_nack(1, 2, [3], 12 + short % 4) is None
    assert build_receiver_report(1, [block], 20 + short) is None
    assert build_sender_report(info, [block], 40 + short) is None
    assert build_cname(1, "name", short) is None
    assert build_nack(1, 2, [], 1200) is None


def test_more_than_31_reports_are_an_error() -> None:
    with pytest.raises(ValueError, match="31"):
        build_receiver_report(1, [ReportBlockView(1, 2, 3, 4, 5, 6, 7)] * 32)
