# SPDX-License-Identifier: Apache-2.0
"""All voices as one sound: Opus decoded, each packet placed where its time says, gaps silent, peaks rounded off.

How many voices are decoded at one moment is bounded: those whose packets were largest lately, which are the ones that
speak. Positions are counted in samples of the film.
"""

from collections.abc import Callable, Iterable
from typing import Final, final

import av
import numpy as np
import numpy.typing as npt

from podium.plugins.recording.composer.decoding import Upcoming
from podium.plugins.recording.composer.settings import SOUND_RATE
from podium.plugins.recording.reading import CapturedTrack, Frame

Samples = npt.NDArray[np.float32]

TOLERANCE = 480
"""Samples: a packet that is off by less follows the one before it without a seam."""
_RAMP: Final[Samples] = np.linspace(0, 1, 120, dtype=np.float32)
_LONGEST = SOUND_RATE * 120 // 1000
_CONCEALED = SOUND_RATE * 60 // 1000
_KNEE = np.float32(0.7)


def limited(sound: Samples) -> Samples:
    """What is quiet as it is; what is louder than the knee approaches 1 and never gets there."""
    loud = np.abs(sound)
    if float(loud.max(initial=0.0)) <= _KNEE:
        return sound
    rounded = _KNEE + (1 - _KNEE) * np.tanh((loud - _KNEE) / (1 - _KNEE))
    limited: Samples = np.where(loud > _KNEE, np.copysign(rounded, sound), sound).astype(np.float32)
    return limited


@final
class Voice:
    """One audio track: decodes packets and says where they go."""

    def __init__(self, participant_id: str) -> None:
        self.participant_id = participant_id
        self.activity = 0.0
        """Bytes sent lately."""
        self.failed = 0
        self._context: av.AudioCodecContext | None = None
        self._next: int | None = None
        self._last: Samples | None = None

    def skip(self) -> None:
        """Something was not decoded: what comes then does not continue it."""
        self._next = self._last = None

    def place(self, frame: Frame) -> list[tuple[int, Samples]]:
        """Where to add what."""
        sound = self._decode(frame)
        if sound is None:
            return []
        position = round(frame.time * SOUND_RATE)
        placed = []
        if self._next is None:
            sound = _faded_in(sound)
        elif abs(position - self._next) <= TOLERANCE:
            position = self._next
        elif position < self._next:
            sound, position = sound[:, self._next - position :], self._next
        else:
            if self._last is not None and position - self._next <= _CONCEALED:
                placed.append((self._next, self._concealing(position - self._next)))
            sound = _faded_in(sound)
        if sound.shape[1] == 0:
            return placed
        self._next, self._last = position + sound.shape[1], sound
        return [*placed, (position, sound)]

    def _decode(self, frame: Frame) -> Samples | None:
        if frame.codec != "opus" or not frame.data:
            return None
        try:
            if self._context is None:
                context = av.CodecContext.create("opus", "r")
                assert isinstance(context, av.AudioCodecContext)
                self._context = context
            parts = [decoded.to_ndarray() for decoded in self._context.decode(av.Packet(frame.data))]
        except (av.error.FFmpegError, ValueError):
            self.failed += 1
            self._context = None
            return None
        parts = [part for part in parts if part.dtype == np.float32 and part.shape[0] in (1, 2)]
        if not parts:
            return None
        sound: Samples = np.concatenate(parts, axis=1)[:, :_LONGEST].astype(np.float32, copy=False)
        return np.repeat(sound, 2, axis=0) if sound.shape[0] == 1 else sound

    def _concealing(self, length: int) -> Samples:
        """The last packet once more, fading: a short gap is no click then."""
        assert self._last is not None
        sound = self._last[:, -length:]
        return sound * np.linspace(1, 0, sound.shape[1], dtype=np.float32)


def _faded_in(sound: Samples) -> Samples:
    length = min(len(_RAMP), sound.shape[1])
    sound = sound.copy()
    sound[:, :length] *= _RAMP[:length]
    return sound


@final
class Mixer:
    """The sound of the film from a sample on, in blocks."""

    def __init__(
        self,
        start: int,
        voices: int,
        to_film: Callable[[float], float],
        to_class: Callable[[float], float],
    ) -> None:
        self.position = start
        self.levels: dict[str, float] = {}
        """How loud each was in the last block, as root mean square."""
        self._voices = voices
        self._to_film = to_film
        self._since = to_class(max(0.0, start / SOUND_RATE - 0.2))
        self._tracks: dict[str, tuple[Upcoming, Voice]] = {}
        self._chosen: set[str] = set()
        self._bus: Samples = np.zeros((2, 0), np.float32)

    @property
    def failed(self) -> int:
        return sum(voice.failed for _, voice in self._tracks.values())

    def add(self, track: CapturedTrack) -> None:
        """Once each; those that begin later, too."""
        if track.id not in self._tracks:
            upcoming = Upcoming(track.frames(self._since), self._to_film)
            self._tracks[track.id] = (upcoming, Voice(track.participant_id))

    def mix(self, count: int) -> Samples:
        """The next so many samples, two channels."""
        length = count + 2 * _LONGEST
        bus = np.zeros((2, length), np.float32)
        carried = min(self._bus.shape[1], length)
        bus[:, :carried] = self._bus[:, :carried]
        end = (self.position + count) / SOUND_RATE
        arrived = {each: list(upcoming.until(end)) for each, (upcoming, _) in self._tracks.items()}
        chosen = self._choose(arrived)
        energy: dict[str, float] = {}
        for each in sorted(arrived):
            voice = self._tracks[each][1]
            if each not in chosen:
                voice.skip()
                continue
            for frame in arrived[each]:
                for position, sound in voice.place(frame):
                    _add(bus, position - self.position, sound)
                    square = float(np.square(sound[0]).sum())
                    energy[voice.participant_id] = energy.get(voice.participant_id, 0.0) + square
        self.levels = {each: (square / count) ** 0.5 for each, square in energy.items()}
        self.position += count
        self._bus = bus[:, count:]
        return limited(bus[:, :count])

    def close(self) -> None:
        for upcoming, _ in self._tracks.values():
            upcoming.close()

    def _choose(self, arrived: dict[str, list[Frame]]) -> set[str]:
        """Those that send most, with an advantage for who is heard already."""
        for each, frames in arrived.items():
            voice = self._tracks[each][1]
            voice.activity = 0.7 * voice.activity + _size(frames)
        sending = [each for each, frames in arrived.items() if frames]
        by_activity = sorted(
            sending,
            key=lambda each: (-self._tracks[each][1].activity * (1.5 if each in self._chosen else 1.0), each),
        )
        self._chosen = set(by_activity[: self._voices])
        return self._chosen


def _size(frames: Iterable[Frame]) -> int:
    return sum(len(frame.data) for frame in frames)


def _add(bus: Samples, position: int, sound: Samples) -> None:
    """Cut off what is before the beginning, or too far behind the end, which only broken clocks give."""
    if position < 0:
        sound, position = sound[:, -position:], 0
    length = min(sound.shape[1], bus.shape[1] - position)
    if length > 0:
        bus[:, position : position + length] += sound[:, :length]
