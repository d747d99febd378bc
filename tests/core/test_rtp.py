# SPDX-License-Identifier: Apache-2.0
"""RTP parsing against the oracle, against aiortc and by the examples of RFC 8285."""

from struct import pack

import pytest
from aiortc.rtp import RtpPacket as AiortcPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core._rtp import check_rtp, parse_rtp
from tests.core.guarded import guarded
from tests.core.hostile import hostile
from tests.oracles import rtp as oracle

ONE_BYTE = 0xBEDE
TOO_SHORT, TOO_LONG, BAD_VERSION, BAD_EXTENSION, BAD_PADDING = -1, -2, -3, -4, -5
# Every identifier has a kind: 1..7 again and again, and every eighth none.
KINDS = {identifier: identifier % 8 for identifier in range(256)}


def rtp(payload: bytes = b"", *, csrcs: int = 0, block: bytes | None = None, profile: int = ONE_BYTE, padding: int = 0,
        version: int = 2, length: int | None = None) -> bytes:  # fmt: skip
    first = version << 6 | bool(padding) << 5 | (block is not None) << 4 | csrcs
    packet = pack("!BBHLL", first, 0x80 | 96, 4660, 305419896, 3735928559) + bytes(range(4 * csrcs))
    if block is not None:
        block += bytes(-len(block) % 4)
        packet += pack("!HH", profile, len(block) // 4 if length is None else length) + block
    return packet + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def one_byte(identifier: int, value: bytes) -> bytes:
    return bytes([identifier << 4 | len(value) - 1]) + value


def two_byte(identifier: int, value: bytes) -> bytes:
    return bytes([identifier, len(value)]) + value


ZEROS = st.sampled_from([b"", b"\0", b"\0\0\0"])
ONE_BYTE_BLOCKS = st.lists(
    st.one_of(ZEROS, st.builds(one_byte, st.integers(0, 15), st.binary(min_size=1, max_size=16))), max_size=6
).map(b"".join)
TWO_BYTE_BLOCKS = st.lists(
    st.one_of(ZEROS, st.builds(two_byte, st.integers(0, 255), st.binary(max_size=40))), max_size=6
).map(b"".join)
PACKETS = st.one_of(
    st.builds(rtp, st.binary(max_size=20), csrcs=st.integers(0, 15), padding=st.integers(0, 255)),
    st.builds(rtp, st.binary(max_size=20), block=ONE_BYTE_BLOCKS, padding=st.integers(0, 20)),
    st.builds(rtp, st.binary(max_size=20), block=TWO_BYTE_BLOCKS, profile=st.integers(0x1000, 0x100F)),
    st.builds(rtp, block=st.binary(max_size=20), profile=st.sampled_from([ONE_BYTE, 0x1000, 0x1010, 0xBEDF])),
)


@settings(max_examples=600)
@given(hostile(PACKETS))
def test_any_bytes_parse_as_the_oracle_parses_them(data: bytes) -> None:
    view = parse_rtp(guarded(data), KINDS)
    assert view == oracle.parse(data, KINDS)
    assert (view is None) == (check_rtp(guarded(data)) < 0)


@given(PACKETS)
def test_aiortc_parses_right_packets_alike(data: bytes) -> None:
    view = parse_rtp(data, {})
    assert view is not None
    try:
        theirs = AiortcPacket.parse(data)
    except ValueError:
        # aiortc refuses extension elements that overrun their block; here the packet is whole without them.
        assert data[0] & 0x10
        return
    assert (theirs.payload_type, theirs.marker) == (view.payload_type, view.marker)
    assert theirs.sequence_number == view.sequence
    assert (theirs.timestamp, theirs.ssrc, len(theirs.csrc)) == (view.timestamp, view.ssrc, view.csrc_count)
    assert theirs.payload == data[view.header_size : view.header_size + view.payload_size]


def test_fields_of_a_packet_with_everything() -> None:
    view = parse_rtp(rtp(b"payload", csrcs=2, block=one_byte(3, b"mid"), padding=5), {3: 1})
    assert view is not None
    assert (view.payload_type, view.marker, view.csrc_count) == (96, True, 2)
    assert (view.sequence, view.timestamp, view.ssrc) == (4660, 305419896, 3735928559)
    assert (view.header_size, view.payload_size, view.padding_size) == (12 + 8 + 4 + 4, 7, 5)
    assert view.extensions == {1: b"mid"}
    assert not view.two_byte


def test_the_one_byte_example_of_rfc_8285() -> None:
    # Section 4.2: an element of 1 byte, one of 2 bytes, two bytes of padding, one of 4 bytes.
    block = one_byte(1, b"a") + one_byte(2, b"bb") + b"\0\0" + one_byte(3, b"cccc")
    view = parse_rtp(rtp(block=block), KINDS)
    assert view is not None
    assert view.extensions == {1: b"a", 2: b"bb", 3: b"cccc"}


def test_the_two_byte_example_of_rfc_8285() -> None:
    # Section 4.3: an element of 0 bytes, one of 1 byte, a byte of padding, one of 4 bytes.
    block = two_byte(1, b"") + two_byte(2, b"b") + b"\0" + two_byte(3, b"cccc")
    view = parse_rtp(rtp(block=block, profile=0x1000), KINDS)
    assert view is not None
    assert view.two_byte
    assert view.extensions == {1: b"", 2: b"b", 3: b"cccc"}


@pytest.mark.parametrize("stop", [b"\xf0\0", b"\x03\0\0\0\0"], ids=["identifier 15", "identifier 0 with a length"])
def test_reserved_identifiers_end_the_one_byte_form(stop: bytes) -> None:
    view = parse_rtp(rtp(block=one_byte(1, b"a") + stop + one_byte(2, b"b")), KINDS)
    assert view is not None
    assert view.extensions == {1: b"a"}


def test_an_element_beyond_its_block_is_not_read() -> None:
    view = parse_rtp(rtp(b"payload", block=one_byte(1, b"a") + b"\x2f\0"), KINDS)
    assert view is not None
    assert view.extensions == {1: b"a"}


def test_of_two_elements_of_a_kind_the_last_counts() -> None:
    view = parse_rtp(rtp(block=one_byte(1, b"a") + one_byte(9, b"b")), {1: 1, 9: 1})
    assert view is not None
    assert view.extensions == {1: b"b"}


def test_extension_blocks_of_other_profiles_are_skipped() -> None:
    view = parse_rtp(rtp(b"payload", block=b"anything", profile=0xABCD), KINDS)
    assert view is not None
    assert (view.header_size, view.payload_size, view.extensions) == (24, 7, {})


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", TOO_SHORT),
        (rtp()[:11], TOO_SHORT),
        (rtp(csrcs=3)[:-1], TOO_SHORT),
        (rtp(block=b"")[:-1], TOO_SHORT),
        (rtp(block=b"", length=1), BAD_EXTENSION),
        (rtp(block=b"", length=0xFFFF), BAD_EXTENSION),
        (rtp(version=1), BAD_VERSION),
        (rtp(version=0), BAD_VERSION),
        (rtp(padding=4)[:-4], BAD_PADDING),
        (rtp(padding=4)[:-1] + b"\0", BAD_PADDING),
        (rtp(padding=4)[:-1] + b"\5", BAD_PADDING),
        (rtp(bytes(65535 - 12)), 0),
        (rtp(bytes(65535 - 11)), TOO_LONG),
    ],
)
def test_refusals_have_a_reason(data: bytes, refusal: int) -> None:
    assert check_rtp(guarded(data)) == refusal


def test_padding_may_be_all_there_is() -> None:
    view = parse_rtp(rtp(padding=255), {})
    assert view is not None
    assert (view.payload_size, view.padding_size) == (0, 255)


def test_identifiers_beyond_a_byte_are_an_error() -> None:
    with pytest.raises(ValueError, match="256"):
        parse_rtp(rtp(), {256: 1})
