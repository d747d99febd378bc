# SPDX-License-Identifier: Apache-2.0
"""The peers' own parsers against aiortc's, which were written by others."""

from struct import pack

from aiortc.rtp import RtcpPacket as AiortcRtcp
from aiortc.rtp import RtcpRtpfbPacket
from aiortc.rtp import RtpPacket as AiortcPacket

from tests.peers import packets
from tests.peers.packets import RtpPacket
from tests.peers.vp8 import Vp8Payload, frame_header


def test_an_rtp_packet_reads_back_as_it_was_written() -> None:
    packet = RtpPacket(96, 65535, 2**32 - 1, 7, b"payload", True, (1, 2), {1: b"0", 5: b"\1\2"}, padding=5)
    assert RtpPacket.parse(bytes(packet)) == packet


def test_long_extensions_use_the_two_byte_form() -> None:
    packet = RtpPacket(96, 1, 2, 3, b"x", extensions={1: b"a" * 20, 2: b""})
    assert RtpPacket.parse(bytes(packet)).extensions == {1: b"a" * 20, 2: b""}


def test_aiortc_reads_the_same_packet() -> None:
    theirs = AiortcPacket.parse(bytes(RtpPacket(96, 5, 6, 7, b"payload", True, (1, 2), padding=4)))
    assert (theirs.sequence_number, theirs.timestamp, theirs.ssrc, theirs.csrc) == (5, 6, 7, [1, 2])
    assert (theirs.payload, theirs.marker, theirs.payload_type, theirs.padding_size) == (b"payload", 1, 96, 4)


def test_rtx_wraps_and_unwraps() -> None:
    packet = RtpPacket(96, 500, 6, 7, b"payload", True, extensions={1: b"0"})
    wrapped = packet.wrap_rtx(97, 8, 1)
    assert (wrapped.payload, wrapped.ssrc, wrapped.sequence) == (b"\x01\xf4payload", 8, 1)
    assert wrapped.unwrap_rtx(96, 7) == packet


def test_aiortc_reads_our_rtcp() -> None:
    block = packets.ReportBlock(1, 2, -3, 4, 5, 6, 7)
    data = packets.sender_report(1, 2, 3, 4, 5) + packets.receiver_report(9, block) + packets.nack(1, 2, 10, 40)
    sender, receiver, nack = AiortcRtcp.parse(data)
    assert isinstance(nack, RtcpRtpfbPacket)
    assert (bytes(sender) + bytes(receiver), nack.lost) == (data[:-20], [10, 40])


def test_our_rtcp_reads_back() -> None:
    block = packets.ReportBlock(1, 2, -3, 4, 5, 6, 7)
    data = packets.sender_report(1, 2, 3, 4, 5) + packets.receiver_report(9, block) + packets.picture_loss(1, 2)
    data += packets.full_intra_request(1, 2, 3) + packets.bye(4, 5) + packets.nack(1, 2, 10, 40)
    assert packets.parse_rtcp(data) == [
        packets.SenderReport(1, 2, 3, 4, 5),
        packets.ReceiverReport(9, (block,)),
        packets.PictureLoss(1, 2),
        packets.FullIntraRequest(1, 2, 3),
        packets.Bye((4, 5)),
        packets.Nack(1, 2, (10, 40)),
    ]


def test_nack_bits_of_aiortc_are_understood() -> None:
    theirs = RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2)
    theirs.lost = [0, 3, 100, 65534]
    assert packets.parse_rtcp(bytes(theirs)) == [packets.Nack(1, 2, (0, 3, 100, 65534))]


def test_transport_feedback_with_all_kinds_of_chunks() -> None:
    run, bits, pairs = 0x2000 | 2, 0x8000 | 1 << 13, 0xC000 | 2 << 12 | 1 << 10
    chunks = pack("!HHH", run, bits, pairs)
    deltas = bytes([4, 8, 12]) + pack("!h", -4) + bytes([16])
    body = pack("!IIHHI", 1, 2, 65535, 2 + 14 + 2, 0x000100_07) + chunks + deltas
    data = packets._rtcp(15, packets.RTCP_TRANSPORT_FEEDBACK, body + bytes(-len(body) % 4))
    (feedback,) = packets.parse_rtcp(data)
    assert isinstance(feedback, packets.TransportFeedback)
    assert (feedback.base, feedback.count, feedback.reference_time, feedback.feedback_count) == (65535, 18, 256, 7)
    assert [index for index, received in enumerate(feedback.received) if received] == [0, 1, 2, 16, 17]
    assert feedback.deltas == (1000, 2000, 3000, -1000, 4000)


def test_a_vp8_payload_reads_back() -> None:
    body = frame_header(key=True, width=640, height=360) + b"rest"
    payload = Vp8Payload(body, True, 0x7FFF, 255, 1, True, 7)
    assert Vp8Payload.parse(bytes(payload)) == payload
    assert payload.key_frame
    assert payload.size == (640, 360)
    assert not Vp8Payload.parse(bytes(Vp8Payload(frame_header(key=False) + bytes(20)))).key_frame
