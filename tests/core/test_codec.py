# SPDX-License-Identifier: Apache-2.0
"""Payload descriptors against the oracle, against aiortc, and packets as browsers send them."""

from struct import pack

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core._codec import PayloadView, describe_payload, renumber_payload
from tests.core.guarded import guarded
from tests.core.hostile import hostile
from tests.oracles import codec as oracle
from tests.oracles.codec import AV1, H264, OPUS, VP8, VP9

KEY_FRAME = b"\x10\x02\x00\x9d\x01\x2a" + pack("<HH", 640 | 1 << 14, 360)
DELTA_FRAME = b"\x11\x02\x00"


def picture_id_bytes(picture_id: int | None, bits: int) -> bytes:
    if picture_id is None:
        return b""
    return pack("!H", 0x8000 | picture_id) if bits == 15 else bytes([picture_id & 0x7F])


def vp8(frame: bytes, *, first: int = 0x10, picture_id: int | None = None, bits: int = 15, tl0: int | None = None,
        layer: int | None = None, key_index: bool = False) -> bytes:  # fmt: skip
    flags = (picture_id is not None) << 7 | (tl0 is not None) << 6 | (layer is not None) << 5 | key_index << 4
    extension = bytes([flags]) + picture_id_bytes(picture_id, bits)
    if tl0 is not None:
        extension += bytes([tl0])
    if layer is not None or key_index:
        extension += bytes([(layer or 0) << 6])
    return bytes([first | 0x80]) + extension + frame if flags else bytes([first]) + frame


def vp9(frame: bytes, *, flags: int = 0x08, picture_id: int | None = None, bits: int = 15,
        layers: tuple[int, int, int] | None = None, references: bytes = b"",
        structure: bytes = b"") -> bytes:  # fmt: skip
    flags |= (picture_id is not None) << 7 | (layers is not None) << 5 | bool(structure) << 1
    descriptor = bytes([flags]) + picture_id_bytes(picture_id, bits)
    if layers is not None:
        temporal, spatial, tl0 = layers
        descriptor += bytes([temporal << 5 | spatial << 1])
        if not flags & 0x10:
            descriptor += bytes([tl0])
    return descriptor + references + structure + frame


def vp9_structure(sizes: list[tuple[int, int]], groups: list[bytes] | None = None) -> bytes:
    head = (len(sizes) - 1) << 5 | 0x10 | (groups is not None) << 3
    structure = bytes([head]) + b"".join(pack("!HH", *size) for size in sizes)
    if groups is not None:
        structure += bytes([len(groups)]) + b"".join(bytes([len(group) << 2]) + group for group in groups)
    return structure


def stap_a(*units: bytes) -> bytes:
    return b"\x78" + b"".join(pack("!H", len(unit)) + unit for unit in units)


BYTES = st.binary(max_size=16)
NUMBERS = st.one_of(st.none(), st.integers(0, 0x7FFF))
TL0 = st.one_of(st.none(), st.integers(0, 255))
VP8_PACKETS = st.builds(
    vp8, st.one_of(BYTES, st.just(KEY_FRAME), BYTES.map(KEY_FRAME.__add__)), first=st.integers(0, 0x7F),
    picture_id=NUMBERS, bits=st.sampled_from([7, 15]), tl0=TL0, key_index=st.booleans(),
    layer=st.one_of(st.none(), st.integers(0, 3)),
)  # fmt: skip
VP9_PACKETS = st.builds(
    vp9, BYTES, flags=st.integers(0, 0x7F).map((~0x22).__and__), picture_id=NUMBERS, bits=st.sampled_from([7, 15]),
    layers=st.one_of(st.none(), st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 255))),
    references=st.sampled_from([b"", b"\2", b"\3\2", b"\3\5\4", b"\1\1\1\1"]),
    structure=st.one_of(st.just(b""), st.builds(
        vp9_structure, st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=1, max_size=8),
        st.one_of(st.none(), st.lists(st.binary(max_size=3), max_size=8)),
    )),
)  # fmt: skip
UNITS = st.tuples(st.integers(0, 255), BYTES).map(lambda unit: bytes([unit[0]]) + unit[1])
H264_PACKETS = st.one_of(
    UNITS,
    st.lists(UNITS, min_size=1, max_size=4).map(lambda units: stap_a(*units)),
    st.tuples(st.integers(0, 255), BYTES).map(lambda unit: b"\x7c" + bytes([unit[0]]) + unit[1]),
)
PAYLOADS = {OPUS: BYTES, VP8: VP8_PACKETS, VP9: VP9_PACKETS, H264: H264_PACKETS, AV1: BYTES, 0: BYTES, 6: BYTES}


def described(codec: int, payload: bytes) -> PayloadView:
    view = describe_payload(codec, guarded(payload))
    assert view is not None
    return view


@pytest.mark.parametrize("codec", PAYLOADS)
@settings(max_examples=300)
@given(data=st.data())
def test_any_bytes_are_described_as_the_oracle_describes_them(codec: int, data: st.DataObject) -> None:
    payload = data.draw(hostile(PAYLOADS[codec]))
    assert describe_payload(codec, guarded(payload)) == oracle.describe(codec, payload)


@pytest.mark.parametrize("codec", [VP8, VP9])
@given(data=st.data(), picture_id=st.integers(0, 0x7FFF), tl0=st.integers(0, 255))
def test_new_picture_numbers_change_nothing_else(codec: int, data: st.DataObject, picture_id: int, tl0: int) -> None:
    payload = data.draw(hostile(PAYLOADS[codec]))
    before = describe_payload(codec, payload)
    changed = renumber_payload(codec, payload, picture_id, tl0)
    if before is None:
        assert changed is None
        return
    assert changed is not None
    assert len(changed) == len(payload)
    assert describe_payload(codec, changed) == before._replace(
        picture_id=picture_id % (1 << before.picture_id_bits),
        tl0_picture_index=None if before.tl0_picture_index is None else tl0,
    )
    back = renumber_payload(codec, changed, before.picture_id, before.tl0_picture_index or 0)
    assert back == payload


@given(VP8_PACKETS)
def test_aiortc_reads_the_same_vp8_descriptor(payload: bytes) -> None:
    view = describe_payload(VP8, payload)
    if view is None:
        return
    theirs, _ = VpxPayloadDescriptor.parse(payload)
    assert view.frame_start == (theirs.partition_start == 1 and theirs.partition_id % 8 == 0)
    assert (theirs.picture_id or 0, theirs.tl0picidx) == (view.picture_id, view.tl0_picture_index)
    assert view.temporal_layer == (theirs.tid or (0, 0))[0]


def test_a_vp8_key_frame_tells_its_size() -> None:
    view = described(VP8, vp8(KEY_FRAME, picture_id=300, tl0=7, layer=0))
    assert view.key_frame
    assert view.frame_start
    assert (view.width, view.height) == (640, 360)
    assert (view.picture_id_bits, view.picture_id, view.tl0_picture_index) == (15, 300, 7)


def test_a_vp8_key_frame_starts_in_its_first_packet_only() -> None:
    assert not described(VP8, vp8(KEY_FRAME, first=0x00)).key_frame
    assert not described(VP8, vp8(KEY_FRAME, first=0x11)).key_frame
    assert not described(VP8, vp8(DELTA_FRAME)).key_frame
    assert described(VP8, vp8(DELTA_FRAME)).frame_start


def test_a_vp8_size_without_its_start_code_is_not_believed() -> None:
    view = described(VP8, vp8(KEY_FRAME.replace(b"\x9d", b"\x9e")))
    assert (view.key_frame, view.width, view.height) == (True, 0, 0)


def test_a_vp8_temporal_layer_needs_its_flag() -> None:
    assert described(VP8, vp8(DELTA_FRAME, layer=2)).temporal_layer == 2
    assert described(VP8, b"\x90\x10\xff" + DELTA_FRAME).temporal_layer == 0


@pytest.mark.parametrize("bits", [7, 15])
def test_picture_ids_keep_their_width(bits: int) -> None:
    changed = renumber_payload(VP8, vp8(DELTA_FRAME, picture_id=5, bits=bits), 0x1234, 0)
    assert changed == vp8(DELTA_FRAME, picture_id=0x1234 if bits == 15 else 0x34, bits=bits)


def test_a_vp9_key_picture_starts_in_its_lowest_layer() -> None:
    structure = vp9_structure([(320, 180), (640, 360)], [b"\1", b"\1\2"])
    view = described(VP9, vp9(b"frame", picture_id=9, bits=7, layers=(0, 0, 4), structure=structure))
    assert view.key_frame
    assert (view.width, view.height, view.tl0_picture_index, view.picture_id_bits) == (640, 360, 4, 7)
    assert not described(VP9, vp9(b"frame", layers=(0, 1, 4))).key_frame
    assert not described(VP9, vp9(b"frame", flags=0x48)).key_frame
    assert not described(VP9, vp9(b"frame", flags=0x00)).key_frame


def test_the_flexible_vp9_mode_has_references_and_no_tl0() -> None:
    view = described(VP9, vp9(b"frame", flags=0x58, picture_id=1, layers=(2, 0, 0), references=b"\3\2"))
    assert (view.temporal_layer, view.tl0_picture_index) == (2, None)
    assert describe_payload(VP9, vp9(b"frame", flags=0x58, references=b"\1\1\1\1")) is None


@pytest.mark.parametrize(
    ("payload", "key_frame", "frame_start"),
    [
        (b"\x67\x42\xe0\x1f", True, True),
        (b"\x65\x88\x84", True, True),
        (b"\x65\x40\x84", False, False),
        (b"\x41\x9a", False, True),
        (b"\x68\xce", False, True),
        (stap_a(b"\x09\xf0", b"\x67\x42", b"\x68\xce"), True, True),
        (stap_a(b"\x06\x05"), False, True),
        (b"\x7c\x85\x88", True, True),
        (b"\x7c\x05\x88", False, False),
        (b"\x7c\x81\x9a", False, True),
        (b"\x7c\x45\x88", False, False),
    ],
    ids=["SPS", "IDR", "later slice of an IDR picture", "slice", "PPS", "STAP-A with SPS", "STAP-A with SEI",
         "FU-A start of IDR", "FU-A within IDR", "FU-A start of slice", "FU-A end"],
)  # fmt: skip
def test_h264_frames_and_key_frames_start_where_they_start(payload: bytes, key_frame: bool, frame_start: bool) -> None:
    view = described(H264, payload)
    assert (view.key_frame, view.frame_start) == (key_frame, frame_start)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x60", b"\x7e\1", b"\x7f\1", b"\x79\1\2", b"\x7d\x85\1", b"\x7c", b"\x78", b"\x78\0", b"\x78\0\0",
     b"\x78\0\2\x67", stap_a(b"\x67") + b"\0"],
)  # fmt: skip
def test_h264_payloads_that_packetization_mode_1_does_not_allow(payload: bytes) -> None:
    assert describe_payload(H264, guarded(payload)) is None


def test_an_av1_sequence_starts_with_its_n_bit() -> None:
    assert described(AV1, b"\x18\x0a").key_frame
    assert not described(AV1, b"\x10\x0a").key_frame
    assert not described(AV1, b"\x98\x0a").key_frame
    assert described(AV1, b"\x10\x0a").frame_start
    assert not described(AV1, b"\x90\x0a").frame_start


@pytest.mark.parametrize("codec", [VP8, VP9, H264, AV1])
def test_video_needs_a_payload_and_audio_does_not(codec: int) -> None:
    assert describe_payload(codec, b"") is None
    assert describe_payload(OPUS, b"") == (False, False, 0, 0, None, 0, 0, 0)
