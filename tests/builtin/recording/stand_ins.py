# SPDX-License-Identifier: Apache-2.0
"""A room without a server: taps that a test fills, people and tracks, and captures written in the test's own thread."""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from struct import pack

from podium.core import (
    TAP_RTP,
    TAP_SENDER_REPORT,
    ParticipantView,
    RoomError,
    TapPacket,
    TrackKind,
    TrackSource,
    TrackView,
)
from podium.plugins.recording.capturing import Capturing
from podium.plugins.recording.packets import RtpPacket
from podium.plugins.recording.writing import Disk, Failure

ANN = ParticipantView(participant_id="ann", display_name="Ann", role="instructor")
BOB = ParticipantView(participant_id="bob", display_name="Bob", role="student")
CAMERA = TrackView(source="camera", kind="video")
MICROPHONE = TrackView(source="microphone", kind="audio")
SCREEN = TrackView(source="screen", kind="video")
CODECS = {96: ("VP8", 90_000), 97: ("H264", 90_000), 98: ("VP9", 90_000), 99: ("AV1", 90_000), 111: ("opus", 48_000)}


class FakeTap:
    """Gives what it is given."""

    def __init__(self, participant_id: str, source: TrackSource, kind: TrackKind, layer: int) -> None:
        self.participant_id = participant_id
        self.source: TrackSource = source
        self.kind: TrackKind = kind
        self.layer = layer
        self.codecs = CODECS
        self.waiting = deque[TapPacket]()
        self.records = 0
        self.overruns = 0
        self.track_ended = False
        self.closed = False
        self.key_frames_wanted = 0

    def read(self, limit: int = 1000) -> list[TapPacket]:
        return [] if self.closed else [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]

    @property
    def ended(self) -> bool:
        return self.closed or (self.track_ended and not self.waiting)

    def request_key_frame(self) -> None:
        self.key_frames_wanted += 1

    def close(self) -> None:
        self.closed = True

    def put(self, at: float, data: bytes, kind: int = TAP_RTP) -> None:
        self.waiting.append(TapPacket(kind, at, data))
        self.records += 1

    def put_rtp(self, at: float, packet: RtpPacket) -> None:
        self.put(at, rtp(packet))

    def put_report(self, at: float, ssrc: int, sender_time: float, timestamp: int) -> None:
        self.put(at, report(ssrc, sender_time, timestamp), TAP_SENDER_REPORT)


class FakeMedia:
    """`context.media` of a room with these layers of cameras."""

    def __init__(self, layers: int = 3) -> None:
        self.layers = layers
        self.taps: list[FakeTap] = []
        self.refused: str | None = None

    def open_tap(
        self,
        session_id: str,
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None = None,
        layer: int | None = None,
    ) -> FakeTap:
        layers = self.layers if source == "camera" else 1
        if self.refused:
            raise RoomError(self.refused, "no")
        if layer is not None and layer >= layers:
            raise RoomError("layer_unknown", "there is no such layer")
        self.taps.append(FakeTap(participant_id, source, kind or "video", layers - 1 if layer is None else layer))
        return self.taps[-1]


def rtp(packet: RtpPacket) -> bytes:
    second = packet.marker << 7 | packet.payload_type
    return pack("!BBHII", 0x80, second, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def report(ssrc: int, sender_time: float, timestamp: int) -> bytes:
    """RTCP that says what a sender's clock and its timestamps were at one moment."""
    ntp = round((sender_time + 2_208_988_800) * 2**32)
    return pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, 0, 0)


class Studio:
    """Capturing without threads, in time that a test moves."""

    def __init__(
        self,
        folder: Path,
        disk: Disk | None = None,
        queue_limit: int = 1 << 20,
        now: float = 1000.0,
        wall: float = 1_700_000_000.0,
    ) -> None:
        self.now = now
        self.folder = folder / "recording"
        self.media = FakeMedia()
        self.failures: list[Failure] = []
        self.later: list[Callable[[], object]] = []
        self.capturing = Capturing(
            self.later.append,
            queue_limit=queue_limit,
            disk=disk,
            clock=lambda: self.now,
            wall=lambda: round((wall + self.now - now) * 1e9),
        )
        self.capture = self.capturing.open(self.folder, "rec", "math", self.media, self.failures.append)

    def visit(self, seconds: float = 0.0, *, write: bool = True) -> None:
        """What the threads would do now, after this time has passed."""
        self.now += seconds
        self.capturing.visit()
        if write:
            self.capturing.writer.round()
        self.trio()

    def trio(self) -> None:
        while self.later:
            self.later.pop(0)()

    def tend(self, seconds: float) -> None:
        """So many seconds, with what comes once a second."""
        for _ in range(round(seconds)):
            self.visit(1.0)
            self.capturing.tend()

    def publish(self, *tracks: TrackView, by: ParticipantView = ANN) -> list[FakeTap]:
        before = len(self.media.taps)
        for track in tracks:
            self.capture.track_published(by, track)
        return self.media.taps[before:]

    def finish(self) -> None:
        self.capture.close()
        self.visit()
        self.visit()


def opus(tap: FakeTap, numbers: Iterable[int], start: float, delay: float = 0.02) -> None:
    """Twenty milliseconds each."""
    for number in numbers:
        packet = RtpPacket(111, False, number & 0xFFFF, number * 960 & 0xFFFFFFFF, 5, bytes([0x78, number & 0xFF]))
        tap.put_rtp(start + number * 0.02 + delay, packet)
