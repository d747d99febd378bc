# SPDX-License-Identifier: Apache-2.0
"""What recording costs a room: whether forwarding is later for it, and whether more cameras cost more.

A lecturer is forwarded to everybody while all the others have their cameras on, in two layers, and three of them speak
in turns. In every other interval the room is recorded: taps on all cameras, the threads of capture, and a composer
that follows the class. Figures of intervals with and without are of the same minutes of the same machine.

    python -m bench.recording [--people 6 25 50] [--seconds 24] [--rounds 3]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.cameras import AUDIO, LAYERS, VIDEO, Cameras, cameras, ssrc_of
from bench.lecture import Figures, Lecture, add_transport, lecture
from bench.machine import description, thread_seconds
from bench.traffic import Load
from podium.core import ParticipantView, TapPacket, TrackKind, TrackSource, TrackView, _fastpath
from podium.plugins.recording.capture import Capture
from podium.plugins.recording.capturing import Capturing, CapturingStatistics

SPEAKERS = 3
TURN = 5.0
SETTLING = 14.0
"""Until the first key frame of every camera has come, and the composer has begun."""
THREADS = ("recording-drain", "recording-writer")
LECTURE = Load(packet_bytes=1150, packets_per_frame=2, frames_per_second=30)
SOURCES: tuple[tuple[TrackSource, TrackKind], ...] = (("camera", "video"), ("microphone", "audio"))


@dataclass
class Recorded:
    """What recording did in one interval."""

    statistics: CapturingStatistics
    overruns: int
    capture_seconds: float
    """Processor time of capture's threads."""
    composer_seconds: float
    composed: float
    """Seconds of film made in that time."""
    behind: float
    steps: set[str]


@dataclass
class Room:
    """All intervals of one size."""

    people: int
    plain: list[Figures] = field(default_factory=list)
    recorded: list[Figures] = field(default_factory=list)
    recording: list[Recorded] = field(default_factory=list)
    late: float = 0.0


class Tap:
    """A worker's tap, as the rooms would give it to a plugin."""

    def __init__(self, tap: _fastpath.Tap, source: _fastpath.Source, whose: str, what: TrackView, layer: int) -> None:
        self.participant_id = whose
        self.source: TrackSource = what.source
        self.kind: TrackKind = what.kind
        self.layer = layer
        self.codecs = {VIDEO: ("VP8", 90_000), AUDIO: ("opus", 48_000)}
        self._tap = tap
        self._source = source
        self._closed = False

    def read(self, limit: int = 1000) -> list[TapPacket]:
        return [] if self._closed else self._tap.read(limit)

    @property
    def ended(self) -> bool:
        return self._closed or self._tap.ended

    @property
    def records(self) -> int:
        return self._tap.records

    @property
    def overruns(self) -> int:
        return self._tap.overruns

    def request_key_frame(self) -> None:
        self._source.request_key_frame()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._tap.close()


class People:
    """Everybody but the lecturer, as the worker knows them; `open_tap` is that of `context.media`."""

    def __init__(self, room: Lecture, sending: Cameras) -> None:
        self.views = [
            ParticipantView(participant_id=f"p{number}", display_name=f"Participant {number}", role="student")
            for number in range(len(sending.sent.keys))
        ]
        self._sources: dict[tuple[str, TrackSource], list[_fastpath.Source]] = {("lecturer", "camera"): [room.source]}
        for number, (address, key) in enumerate(zip(sending.sent.addresses, sending.sent.keys, strict=True)):
            transport = add_transport(room.room)
            transport.set_payload_type(AUDIO, _fastpath.CODEC_OPUS, 48_000)
            transport.set_keys(_fastpath.PROFILE_AEAD_AES_128_GCM, key, os.urandom(28))
            transport.add_remote(address, selected=True)
            layers = range(len(LAYERS))
            self._sources[f"p{number}", "camera"] = [
                transport.add_source(_fastpath.VIDEO, ssrc=ssrc_of(number, layer), nack=True) for layer in layers
            ]
            self._sources[f"p{number}", "microphone"] = [
                transport.add_source(_fastpath.AUDIO, ssrc=ssrc_of(number, len(LAYERS)))
            ]

    def open_tap(
        self,
        session_id: str,  # noqa: ARG002  # there is one room
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None = None,
        layer: int | None = None,
    ) -> Tap:
        layers = self._sources[participant_id, source]
        number = min(len(layers) - 1 if layer is None else layer, len(layers) - 1)
        what = TrackView(source=source, kind=kind or "video")
        return Tap(layers[number].tap(), layers[number], participant_id, what, number)


class Composer:
    """The child process that makes the film."""

    def __init__(self, captured: Path, out: Path) -> None:
        command = [sys.executable, "-m", "podium.plugins.recording.composer", str(captured), str(out), "--follow"]
        self.composed = self.behind = 0.0
        self.steps: set[str] = set()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def seconds(self) -> float:
        """Of processor time."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            self.composed = told.get("composed", self.composed)
            self.behind = told.get("behind", self.behind)
            if told["event"] == "segment":
                self.steps.add(told["step"])


class Recording:
    """The room while it is recorded."""

    def __init__(self, people: People, folder: Path) -> None:
        self.later: list[object] = []
        self.capturing = Capturing(lambda call: self.later.append(call))
        self.capturing.start()
        self.capture: Capture = self.capturing.open(folder / "captured", "rec", "class", people)
        lecturer = ParticipantView(participant_id="lecturer", display_name="Lecturer", role="assistant")
        for view in (*people.views, lecturer):
            self.capture.participant_joined(view)
            for source, kind in SOURCES[: 1 if view is lecturer else 2]:
                self.capture.track_published(view, TrackView(source=source, kind=kind))
        # What the lecturer sends carries times instead of pictures: it is captured, and not looked at.
        self.capture.track_muted("lecturer", "camera", muted=True)
        self._turn = 0
        self._turn_at = 0.0
        self.composer = Composer(folder / "captured", folder / "film")

    def go_on(self, seconds: float) -> None:
        """What the plugin does: tend once a second, and say who speaks."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if now - self._turn_at >= TURN:
                self._turn, self._turn_at = self._turn + 1, now
                self.capture.speaking(f"p{self._turn % SPEAKERS}")
            self.capturing.tend()
            time.sleep(min(1.0, max(0.0, until - now)))

    def measured(self, room: Lecture, seconds: float) -> tuple[Figures, Recorded]:
        spent, composer, composed = _threads_seconds(), self.composer.seconds, self.composer.composed
        figures = room.measure(seconds, self.go_on)
        return figures, Recorded(
            self.capturing.statistics(),
            self.capture.statistics().overruns,
            _threads_seconds() - spent,
            self.composer.seconds - composer,
            self.composer.composed - composed,
            self.composer.behind,
            self.composer.steps,
        )

    def stop(self) -> None:
        self.composer.stop()
        self.capture.close()
        self.capturing.stop()
        for call in self.later:
            assert callable(call)
            call()


def main() -> None:
    arguments = _arguments()
    print(description())
    print(
        f"{LECTURE.megabits:.2f} Mbit/s to everybody; cameras of 640x360 at 30 and 320x180 at 15 pictures a second;"
        f" {arguments.rounds} rounds of {arguments.seconds:g} s with and without recording\n"
    )
    rooms = [measure(people, arguments) for people in arguments.people]
    print(_forwarding(rooms))
    print(_composing(rooms))


def measure(people: int, arguments: argparse.Namespace) -> Room:
    several = arguments.pin and (os.cpu_count() or 1) > 1
    room = Room(people)
    with ExitStack() as stack:
        sending = stack.enter_context(cameras(people, SPEAKERS, cpu=1 if several else None))
        running = stack.enter_context(
            lecture(people, load=LECTURE, server_cpu=0 if several else None, traffic_cpu=1 if several else None)
        )
        others = People(running, sending)
        sending.begin(("127.0.0.1", running.worker.port))
        for _ in range(arguments.rounds):
            time.sleep(1)
            room.plain.append(running.measure(arguments.seconds))
            with recording(others) as recorded:
                recorded.go_on(SETTLING)
                figures, cost = recorded.measured(running, arguments.seconds)
                room.recorded.append(figures)
                room.recording.append(cost)
            room.late = max(room.late, sending.late())
            both = (f"{each.delay(0.5):.2f} {each.delay(0.99):.2f}" for each in (room.plain[-1], figures))
            print(f"{people} people: {', recorded '.join(both)} ms", file=sys.stderr)
    return room


@contextmanager
def recording(people: People) -> Iterator[Recording]:
    with tempfile.TemporaryDirectory() as folder:
        running = Recording(people, Path(folder))
        try:
            yield running
        finally:
            running.stop()


def _threads_seconds() -> float:
    return sum(thread_seconds(thread) for thread in threading.enumerate() if thread.name in THREADS)


def _forwarding(rooms: list[Room]) -> str:
    """Delays of the lecturer's packets, without and with recording: medians of rounds, and of the rounds' ratios."""
    lines = [_row("people", "p50 ms", "recorded", "ratio", "p99 ms", "recorded", "ratio", "lost", "recorded", "worker")]
    for room in rooms:
        cells = [f"{room.people}"]
        for share in (0.5, 0.99):
            plain, recorded = ([each.delay(share) for each in some] for some in (room.plain, room.recorded))
            ratios = [ours / theirs for ours, theirs in zip(recorded, plain, strict=True)]
            cells += [f"{median(plain):.2f}", f"{median(recorded):.2f}", f"{median(ratios):.2f}"]
        cells += [f"{_lost(intervals):.3%}" for intervals in (room.plain, room.recorded)]
        spent = [sum(each.cpu_seconds / each.seconds for each in some) for some in (room.recorded, room.plain)]
        lines.append(_row(*cells, f"{spent[0] / spent[1]:.2f}"))
    return "\n".join(lines) + "\n"


def _lost(intervals: list[Figures]) -> float:
    return 1 - sum(each.delivered for each in intervals) / max(1, sum(each.expected for each in intervals))


def _composing(rooms: list[Room]) -> str:
    """What recording spends, and how it keeps up; the last ratio is to the smallest room."""
    headings = ("people", "composer s/min", "ratio", "capture s/min", "visit ms", "write ms", "overruns")
    lines = [_row(*headings, "behind s", "late ms", "steal", "busy")]
    first = 0.0
    for room in rooms:
        made = [each for each in room.recording if each.composed > 0]
        composer = median([60 * each.composer_seconds / each.composed for each in made] or [float("nan")])
        first = first or composer
        seconds = sum(each.seconds for each in room.recorded)
        cells = (
            f"{composer:.1f}",
            f"{composer / first:.2f}",
            f"{60 * sum(each.capture_seconds for each in room.recording) / seconds:.2f}",
            f"{1e3 * max(each.statistics.slowest_visit for each in room.recording):.0f}",
            f"{1e3 * max(each.statistics.writer.slowest for each in room.recording):.0f}",
            f"{sum(each.overruns for each in room.recording)}",
            f"{max(each.behind for each in room.recording):.1f}",
            f"{1e3 * room.late:.0f}",
            f"{max(each.machine.stolen for each in room.recorded):.1%}",
            f"{max(each.machine.busy for each in room.recorded):.0%}",
        )
        lines.append(_row(f"{room.people}", *cells))
    steps = sorted(set().union(*(each.steps for room in rooms for each in room.recording)))
    return "\n".join(lines) + f"\nsteps of the composer: {', '.join(steps)}\n"


def _row(*cells: str) -> str:
    return "  ".join(f"{cell:>14}" for cell in cells)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--people", type=int, nargs="+", default=[6, 25, 50], metavar="N")
    parser.add_argument("--seconds", type=float, default=24.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="leave it to the kernel who runs where")
    return parser.parse_args()


if __name__ == "__main__":
    main()
