# SPDX-License-Identifier: Apache-2.0
"""What other implementations put into packets comes out again, whole or not at all."""

from collections.abc import Iterable
from functools import cache

import av
import pytest
from aiortc.codecs.opus import OpusEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.plugins.recording.depacketize import Unit, depacketizer_of
from podium.plugins.recording.depacketize.chain import Layer, ReferenceChain
from podium.plugins.recording.depacketize.opus import duration_untrusted
from podium.plugins.recording.depacketize.vp9 import descriptor_untrusted
from podium.plugins.recording.ordering import Ordering
from podium.plugins.recording.packets import RtpPacket
from tests.builtin.recording.packetizers import ENCODERS, SIZE, encoded, rtp_packets
from tests.peers.vp8 import Vp8Payload

CODECS = sorted(ENCODERS)
DECODERS = {"VP8": "libvpx", "VP9": "libvpx-vp9", "H264": "h264", "AV1": "libdav1d"}


@cache
def stream(codec: str) -> tuple[tuple[bytes, ...], tuple[bool, ...], tuple[RtpPacket, ...]]:
    """Frames, which of them are key frames, and the packets."""
    packets = encoded(codec)
    frames = tuple(bytes(packet) for packet in packets)
    return frames, tuple(packet.is_keyframe for packet in packets), tuple(rtp_packets(codec, frames))


def depacketized(codec: str, packets: Iterable[RtpPacket]) -> list[Unit]:
    depacketizer, ordering = depacketizer_of(codec), Ordering()
    assert depacketizer is not None
    units = list[Unit]()
    for packet in packets:
        for arrived in ordering.push(packet, 0):
            units += depacketizer.push(arrived)
    for arrived in ordering.flush():
        units += depacketizer.push(arrived)
    return units


def bare(codec: str, frame: bytes) -> bytes:
    """Without what packets leave out: sizes of start codes, temporal delimiters."""
    if codec == "H264":
        return frame.replace(b"\0\0\0\1", b"\0\0\1")
    return frame.removeprefix(b"\x12\0") if codec == "AV1" else frame


@pytest.mark.parametrize("codec", CODECS)
def test_what_was_encoded_comes_out(codec: str) -> None:
    frames, keys, packets = stream(codec)
    assert len(packets) > len(frames)
    units = depacketized(codec, packets)
    assert [bare(codec, unit.data) for unit in units] == [bare(codec, frame) for frame in frames]
    assert tuple(unit.key for unit in units) == keys
    assert [unit.missing for unit in units] == [0] * len(frames)
    assert [unit.restart for unit in units] == [True] + [False] * (len(frames) - 1)
    assert units[1].timestamp == 0


@pytest.mark.parametrize("codec", CODECS)
def test_a_decoder_takes_it(codec: str) -> None:
    frames, _, packets = stream(codec)
    context = av.CodecContext.create(DECODERS[codec], "r")
    assert isinstance(context, av.VideoCodecContext)
    pictures = [picture for unit in depacketized(codec, packets) for picture in context.decode(av.Packet(unit.data))]
    pictures += context.decode(None)
    assert [(picture.width, picture.height) for picture in pictures] == [SIZE] * len(frames)


@pytest.mark.parametrize("codec", CODECS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_losses_leave_whole_frames_that_can_be_decoded(codec: str, data: st.DataObject) -> None:
    frames, keys, packets = stream(codec)
    lost = data.draw(st.sets(st.integers(1, len(packets) - 1), min_size=1, max_size=4))
    units = depacketized(codec, [packet for number, packet in enumerate(packets) if number not in lost])
    given_numbers = [(unit.timestamp - packets[0].timestamp) % 2**32 // 6000 for unit in units]
    assert [bare(codec, unit.data) for unit in units] == [bare(codec, frames[number]) for number in given_numbers]
    damaged = {(packets[each].timestamp - packets[0].timestamp) % 2**32 // 6000 for each in lost}
    expected, broken = [], False
    for number in range(len(frames)):
        broken = number in damaged or (broken and not keys[number])
        if not broken:
            expected.append(number)
    assert given_numbers == expected
    assert [number for number, unit in zip(given_numbers, units, strict=True) if unit.missing] == [
        number for before, number in zip([-1, *expected], expected, strict=False) if number != before + 1
    ]


@pytest.mark.parametrize("codec", CODECS)
def test_retransmissions_and_duplicates_cost_nothing(codec: str) -> None:
    frames, _, packets = stream(codec)
    shuffled = [
        packets[0],
        *(packet for pair in zip(packets[2::2], packets[1::2], strict=False) for packet in pair * 2),
    ]
    shuffled += [packet for packet in packets if packet not in shuffled]
    assert len(depacketized(codec, shuffled)) == len(frames)


@pytest.mark.parametrize("codec", CODECS)
def test_padding_between_frames_is_nothing(codec: str) -> None:
    _, _, packets = stream(codec)
    padded = list[RtpPacket]()
    for packet in packets:
        padded.append(packet._replace(sequence=(packets[0].sequence + len(padded)) & 0xFFFF))
        if packet.marker:
            sequence = (packets[0].sequence + len(padded)) & 0xFFFF
            padded.append(packet._replace(marker=False, payload=b"", sequence=sequence))
    assert [unit.data for unit in depacketized(codec, padded)] == [unit.data for unit in depacketized(codec, packets)]


@pytest.mark.parametrize("codec", [*CODECS, "opus"])
@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans(), st.integers(0, 3), st.integers(0, 40))))
def test_whatever_payloads_contain_nothing_raises(codec: str, parts: list[tuple[bytes, bool, int, int]]) -> None:
    packets = [RtpPacket(96, marker, number, stamp, 1, payload) for payload, marker, stamp, number in parts]
    for unit in depacketized(codec, packets):
        assert unit.data
        assert unit.missing >= 0


@pytest.mark.parametrize("codec", CODECS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_damaged_payloads_do_not_raise(codec: str, data: st.DataObject) -> None:
    packets = list(stream(codec)[2])
    for number in data.draw(st.sets(st.integers(0, len(packets) - 1), max_size=5)):
        payload = bytearray(packets[number].payload)
        payload[data.draw(st.integers(0, min(12, len(payload) - 1)))] ^= data.draw(st.integers(1, 255))
        packets[number] = packets[number]._replace(payload=bytes(payload)[: data.draw(st.integers(0, 2000))])
    assert len(depacketized(codec, packets)) <= len(packets)


def test_the_packets_of_h264_are_of_all_three_kinds() -> None:
    kinds = {packet.payload[0] & 0x1F for packet in stream("H264")[2]}
    assert {24, 28} < kinds


def test_h264_fragments_without_a_beginning_or_an_end_are_no_frame() -> None:
    fragments = {
        "sets": b"\x67abcde",
        "first": b"\x7c\x85\x88ab",
        "middle": b"\x7c\x05cd",
        "last": b"\x7c\x45ef",
        "whole": b"\x65\x88ab",
    }

    def made_of(*names: str) -> list[bytes]:
        packets = [
            RtpPacket(96, number == len(names), number, 0, 1, fragments[name])
            for number, name in enumerate(["sets", *names])
        ]
        return [unit.data.removeprefix(b"\0\0\0\1\x67abcde") for unit in depacketized("H264", packets)]

    assert made_of("first", "middle", "last") == [b"\0\0\0\1\x65\x88abcdef"]
    assert made_of("whole", "whole") == [b"\0\0\0\1\x65\x88ab" * 2]
    for names in (["first", "middle"], ["middle", "last"], ["first", "first", "last"], ["first", "whole", "last"]):
        assert made_of(*names) == []


def test_a_frame_without_an_end_is_given_up() -> None:
    packets = [RtpPacket(96, number == 9000, number, 0, 1, b"\x10\x00" + bytes(1000)) for number in range(9001)]
    packets.append(RtpPacket(96, True, 9001, 3000, 1, b"\x10\x00key"))
    (unit,) = depacketized("VP8", packets)
    assert (unit.timestamp, unit.missing) == (3000, 1)


def test_an_unknown_codec_has_no_depacketizer() -> None:
    assert depacketizer_of("H265") is None


# Opus


def test_opus_packets_are_frames() -> None:
    encoder = OpusEncoder()
    packets = list[RtpPacket]()
    for number in range(10):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate, frame.pts = 48_000, number * 960
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        payloads, timestamp = encoder.encode(frame)
        packets += [RtpPacket(111, False, len(packets), timestamp, 1, payload) for payload in payloads]
    units = depacketized("opus", packets[:4] + packets[6:])
    assert [unit.data for unit in units] == [packet.payload for packet in packets[:4] + packets[6:]]
    assert [unit.missing for unit in units] == [0, 0, 0, 0, 2] + [0] * (len(units) - 5)
    assert {duration_untrusted(unit.data) for unit in units} == {960}


@pytest.mark.parametrize(
    ("payload", "samples"),
    [(b"", 0), (b"\x18", 2880), (b"\xe0", 120), (b"\xf9", 1920), (b"\xfb\x06", 5760), (b"\xfb\x07", 0), (b"\xfb", 0)],
)
def test_how_long_an_opus_packet_lasts(payload: bytes, samples: int) -> None:
    assert duration_untrusted(payload) == samples


# Layers


def vp8_packet(number: int, layer: int, base: int, *, key: bool = False, sync: bool = False) -> RtpPacket:
    body = bytes([0 if key else 1]) + bytes(20)
    payload = Vp8Payload(
        body, picture_id=number, tl0picidx=base & 0xFF, temporal_layer=layer, layer_sync=sync, key_index=number & 31
    )
    return RtpPacket(96, True, number, number * 3000, 1, bytes(payload))


def three_layers(groups: int) -> list[RtpPacket]:
    """0 2 1 2, 0 2 1 2 ... as browsers send; every fourth group begins its layers anew."""
    packets = []
    for group in range(groups):
        sync = group % 4 == 0
        base = group + 250
        packets += [
            vp8_packet(4 * group, 0, base, key=group == 0),
            vp8_packet(4 * group + 1, 2, base, sync=sync),
            vp8_packet(4 * group + 2, 1, base, sync=sync),
            vp8_packet(4 * group + 3, 2, base),
        ]
    return packets


@pytest.mark.parametrize(
    ("lost", "left_out"),
    [
        (1, {1, 3, 5, 7, 9, 11, 13, 15}),
        (14, {13 + 1, 15}),
        (19, {19} | {21, 22, 23, 25, 26, 27, 29, 30, 31}),
        (8, set(range(8, 40))),
    ],
)
def test_with_temporal_layers_a_loss_harms_what_depends_on_it(lost: int, left_out: set[int]) -> None:
    packets = three_layers(10)
    units = depacketized("VP8", packets[:lost] + packets[lost + 1 :])
    assert [unit.timestamp // 3000 for unit in units] == [number for number in range(40) if number not in left_out]


def test_without_an_index_of_the_base_any_loss_breaks_the_chain() -> None:
    chain = ReferenceChain()
    assert not chain.accepts(False, None)
    assert chain.accepts(True, None)
    assert chain.accepts(False, None)
    assert chain.accepts(False, Layer(0, 17, sync=False))
    chain.lost()
    assert not chain.accepts(False, None)
    assert not chain.accepts(False, Layer(0, 18, sync=False))
    assert chain.accepts(True, None)


def test_spatial_layers_of_vp9_become_a_superframe() -> None:
    first, second = stream("VP9")[0][:2]
    packets = [
        RtpPacket(98, False, 0, 9, 1, bytes([0x28, 0x00, 0x00]) + first[:50]),
        RtpPacket(98, False, 1, 9, 1, bytes([0x24, 0x00, 0x00]) + first[50:]),
        RtpPacket(98, True, 2, 9, 1, bytes([0x2C, 0x03, 0x00]) + second),
    ]
    (unit,) = depacketized("VP9", packets)
    assert unit.key
    context = av.CodecContext.create("vp9", "r")
    assert isinstance(context, av.VideoCodecContext)
    assert len(context.decode(av.Packet(unit.data)) + context.decode(None)) == 2


@pytest.mark.parametrize(
    ("payload", "size"),
    [
        (b"\x08x", 1),
        (b"\x88\x05x", 2),
        (b"\x88\x85\x05x", 3),
        (b"\x58\x03\x05\x02x", 4),  # flexible: three references
        (b"\x38\x20x", 2),  # flexible with layers has no index
        (b"\x0a\x08\x02\x00\x04\x09x", 6),  # structure with two pictures, one having a reference
        (b"\x0a\x08\x05\x00", None),
        (b"\x0a\xff", None),
        (b"\x88", None),
        (b"\x28\x00", None),
    ],
)
def test_descriptors_of_vp9(payload: bytes, size: int | None) -> None:
    descriptor = descriptor_untrusted(payload)
    assert (descriptor and descriptor.size) == size


def test_an_h264_key_frame_without_parameter_sets_gets_the_last_ones() -> None:
    frames, _, _ = stream("H264")
    sets = [unit for unit in frames[0].split(b"\0\0\1") if unit and unit[0] & 31 in (7, 8)]
    slices = [b"\x65\x88" + bytes(20)]
    payloads = [*(unit.rstrip(b"\0") for unit in sets), *slices]
    packets = [RtpPacket(96, number == 2, number, 0, 1, payload) for number, payload in enumerate(payloads)]
    packets.append(RtpPacket(96, True, 3, 3000, 1, slices[0]))
    first, second = depacketized("H264", packets)
    assert second.data == first.data
