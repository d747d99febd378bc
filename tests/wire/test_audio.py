# SPDX-License-Identifier: Apache-2.0
"""Audio slots carry the loudest, say by CSRC who it is, never oneself, and nothing of who is muted."""

from collections.abc import Iterator

import pytest

from tests.peers.dtls import Identity
from tests.peers.packets import RtpPacket
from tests.peers.rtp_peer import RtpPeer
from tests.wire.continuity import assert_consecutive
from tests.wire.host import Host
from tests.wire.stage import Stage, stage

LOUD, MEDIUM, QUIET, SILENT = 15, 30, 55, 127


@pytest.fixture
def room(host: Host, identity: Identity) -> Iterator[Stage]:
    with stage(host, identity) as opened:
        yield opened


def _speaker(room: Stage, name: str, *, audio_slots: int = 0) -> RtpPeer:
    return room.join(name, camera=False, video_slots=0, audio_slots=audio_slots)


def _heard(listener: RtpPeer, speakers: list[RtpPeer], last: int = 12) -> set[str]:
    """Who is among the last packets of the listener's slots."""
    recent = [packet for slot in listener.audio_slots for packet in listener.slot(slot)[-last:]]
    return {speaker.name for speaker in speakers for packet in recent if packet.payload in speaker.microphone.sent}


def test_the_loudest_three_are_heard(room: Stage) -> None:
    speakers = [_speaker(room, name) for name in ("ann", "ben", "cleo", "dan", "eve")]
    listener = room.viewer("listener", audio_slots=3, video_slots=0)
    levels = dict(zip(speakers, (LOUD, LOUD, MEDIUM, QUIET, QUIET), strict=True))
    assert room.listen(200, levels, until=lambda: _heard(listener, speakers) == {"ann", "ben", "cleo"})
    room.listen(50, levels)
    assert _heard(listener, speakers) == {"ann", "ben", "cleo"}


def test_who_becomes_loud_takes_the_place_of_who_became_quiet(room: Stage) -> None:
    speakers = [_speaker(room, name) for name in ("ann", "ben", "cleo", "dan")]
    ann, ben, cleo, dan = speakers
    listener = room.viewer("listener", audio_slots=3, video_slots=0)
    before = {ann: LOUD, ben: LOUD, cleo: LOUD, dan: SILENT}
    assert room.listen(200, before, until=lambda: _heard(listener, speakers) == {"ann", "ben", "cleo"})
    after = {ann: LOUD, ben: LOUD, cleo: SILENT, dan: LOUD}
    assert room.listen(400, after, until=lambda: _heard(listener, speakers) == {"ann", "ben", "dan"})
    for slot in listener.audio_slots:
        packets = listener.slot(slot)
        assert_consecutive([packet.sequence for packet in packets], 1 << 16, "audio sequence numbers")
        assert all(len(packet.csrc) == 1 for packet in packets)


def test_each_speaker_has_a_contributing_source_of_their_own(room: Stage) -> None:
    speakers = [_speaker(room, name) for name in ("ann", "ben")]
    listener = room.viewer("listener", audio_slots=3, video_slots=0)
    levels = dict.fromkeys(speakers, LOUD)
    assert room.listen(200, levels, until=lambda: _heard(listener, speakers) == {"ann", "ben"})
    sources = {_contributor(listener, speaker) for speaker in speakers}
    assert len(sources) == 2


def _contributor(listener: RtpPeer, speaker: RtpPeer) -> tuple[int, ...]:
    packets: list[RtpPacket] = [packet for slot in listener.audio_slots for packet in listener.slot(slot)]
    return next(packet.csrc for packet in reversed(packets) if packet.payload in speaker.microphone.sent)


def test_nobody_hears_themselves(room: Stage) -> None:
    ann, ben = _speaker(room, "ann", audio_slots=2), _speaker(room, "ben", audio_slots=2)
    levels = {ann: LOUD, ben: MEDIUM}
    assert room.listen(200, levels, until=lambda: _heard(ann, [ben]) == {"ben"} and _heard(ben, [ann]) == {"ann"})
    room.listen(20, levels)
    assert _heard(ann, [ann, ben], last=10_000) == {"ben"}
    assert _heard(ben, [ann, ben], last=10_000) == {"ann"}


def test_the_dominant_speaker_is_told(room: Stage) -> None:
    ann, ben = _speaker(room, "ann"), _speaker(room, "ben")
    listener = room.viewer("listener", audio_slots=3, video_slots=0)
    assert room.listen(300, {ann: LOUD, ben: SILENT}, until=lambda: _told(listener) == ann.participant_id)
    assert room.listen(400, {ann: SILENT, ben: LOUD}, until=lambda: _told(listener) == ben.participant_id)


def _told(listener: RtpPeer) -> str | None:
    spoken = listener.calls.of_type("Speaking")
    return spoken[-1]["participant_id"] if spoken else None


def test_a_muted_microphone_is_not_forwarded_even_if_it_sends(room: Stage) -> None:
    ann = _speaker(room, "ann")
    listener = room.viewer("listener", audio_slots=1, video_slots=0)
    assert room.listen(200, {ann: LOUD}, until=lambda: _heard(listener, [ann]) == {"ann"})
    ann.calls.send("Mute", source="microphone", muted=True)
    listener.calls.wait_for_type("TrackMuted", participant_id=ann.participant_id, muted=True)
    room.listen(3, {ann: LOUD})
    (slot,) = listener.audio_slots
    before = len(listener.slot(slot))
    room.listen(20, {ann: LOUD})
    assert len(listener.slot(slot)) == before
    ann.calls.send("Mute", source="microphone", muted=False)
    assert room.listen(200, {ann: LOUD}, until=lambda: len(listener.slot(slot)) > before)
