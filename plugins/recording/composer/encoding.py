# SPDX-License-Identifier: Apache-2.0
"""One piece of the film: pictures and sound go in, a fragment of MP4 comes out that stands by itself.

Each piece has encoders of its own, so that any can be made again without the others. AAC frames overlap: each is
decoded with the one before it. So the sound encoder begins two frames before the piece and ends one behind it, and only
the frames of the piece are kept; put behind one another, pieces have neither gap nor click, and no priming to be told.
"""

from fractions import Fraction
from io import BytesIO
from typing import Final, NamedTuple, final

import av
import numpy as np
from av.video.reformatter import ColorRange

from podium.plugins.recording.composer.codecs import options
from podium.plugins.recording.composer.degrade import Step
from podium.plugins.recording.composer.mixing import Samples
from podium.plugins.recording.composer.settings import SOUND_FRAME, SOUND_RATE, CompositionSettings
from podium.plugins.recording.mp4 import split_fragment

BEFORE: Final = 2 * SOUND_FRAME
"""Samples of sound that are wanted from before the piece."""
BEHIND: Final = 2 * SOUND_FRAME
"""Samples that are wanted from behind it."""
_BT601: Final = 6


class Piece(NamedTuple):
    """The header is the same for all pieces of a film."""

    header: bytes
    media: bytes


@final
class SegmentEncoder:
    """Of the piece with this number, counted from 0."""

    def __init__(self, settings: CompositionSettings, number: int, step: Step) -> None:
        self._settings = settings
        self._number = number
        self._step = step
        self._out = BytesIO()
        self._container = av.open(
            self._out,
            "w",
            format="mp4",
            options={
                "movflags": "empty_moov+default_base_moof+skip_trailer",
                "frag_duration": "1000000000",
                "use_editlist": "0",
                "fflags": "bitexact",
            },
        )
        self._video = self._add_video()
        self._sound = self._container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        self._sound.bit_rate = settings.sound_bit_rate
        self._tick_base = Fraction(1, settings.frame_rate)
        self._fed = -BEFORE
        self._pending: Samples = np.zeros((2, 0), np.float32)
        self._ticks: list[int] = []
        self._packets: list[av.Packet[av.VideoStream]] = []
        self._sound_packets: list[av.Packet[av.AudioStream]] = []

    def picture(self, frame: av.VideoFrame, tick: int) -> None:
        """What is shown from this tick of the piece on."""
        frame.pts, frame.time_base = tick, self._tick_base
        self._ticks.append(tick)
        self._packets += self._video.encode(frame)

    def sound(self, samples: Samples) -> None:
        """From BEFORE samples before the piece on, in any blocks."""
        self._pending = np.concatenate((self._pending, samples), axis=1)
        while self._pending.shape[1] >= SOUND_FRAME:
            self._encode_sound(self._pending[:, :SOUND_FRAME])
            self._pending = self._pending[:, SOUND_FRAME:]

    def finish(self, ticks: int) -> Piece:
        """The piece lasts so many ticks."""
        self._packets += self._video.encode(None)
        self._sound_packets += self._sound.encode(None)
        frames = -(-ticks * SOUND_RATE // (self._settings.frame_rate * SOUND_FRAME))
        for packet, tick, following in zip(self._packets, self._ticks, [*self._ticks[1:], ticks], strict=True):
            packet.duration = following - tick
        for packet in self._packets:
            self._container.mux(packet)
        for sound in self._sound_packets:
            assert sound.pts is not None
            sound.pts -= BEFORE
            sound.dts = sound.pts
            if 0 <= sound.pts < frames * SOUND_FRAME:
                self._container.mux(sound)
        self._container.close()
        start = Fraction(self._number * self._settings.segment_ticks, self._settings.frame_rate)
        return Piece(*split_fragment(self._out.getvalue(), self._number + 1, start))

    def close(self) -> None:
        """When it is not to be finished."""
        self._container.close()

    def _add_video(self) -> av.VideoStream:
        settings = self._settings
        stream = self._container.add_stream(settings.video_codec, rate=settings.frame_rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = settings.width, settings.height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.gop_size = settings.segment_ticks
        context.max_b_frames = 0
        context.color_range, context.colorspace = ColorRange.MPEG, _BT601
        context.color_primaries = context.color_trc = _BT601
        if settings.video_codec == "libvpx-vp9":
            context.bit_rate = 0  # the quality is what is wanted, whatever it takes
        context.options = options(settings, self._step)
        return stream

    def _encode_sound(self, samples: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate = SOUND_RATE
        frame.time_base = Fraction(1, SOUND_RATE)
        frame.pts = self._fed + BEFORE
        self._fed += SOUND_FRAME
        self._sound_packets += self._sound.encode(frame)
