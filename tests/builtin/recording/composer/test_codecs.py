# SPDX-License-Identifier: Apache-2.0
"""Pieces of a film in each codec: the same headers whatever the step, and every picture at its time."""

from fractions import Fraction
from io import BytesIO
from typing import get_args

import av
import numpy as np
import pytest

from podium.plugins.recording.composer.codecs import names
from podium.plugins.recording.composer.degrade import STEPS, Step
from podium.plugins.recording.composer.encoding import BEFORE, BEHIND, Piece, SegmentEncoder
from podium.plugins.recording.composer.settings import CompositionSettings, VideoCodec
from podium.plugins.recording.mp4 import Part, head

TICKS = 40
RATE = 5


def piece(settings: CompositionSettings, number: int, step: Step, ticks: int = TICKS) -> Piece:
    """A bright picture from the tenth tick on."""
    encoder = SegmentEncoder(settings, number, step)
    for tick in range(0, ticks, step.every):
        planes = np.full((96 * 3 // 2, 160), 128, np.uint8)
        planes[:96] = 220 if tick >= 10 else 30
        encoder.picture(av.VideoFrame.from_ndarray(planes, format="yuv420p"), tick)
    encoder.sound(np.zeros((2, BEFORE + ticks * 48_000 // RATE + BEHIND), np.float32))
    return encoder.finish(ticks)


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("libx264", "avc1.64000a, mp4a.40.2"),
        ("libvpx-vp9", "vp09.00.10.08, mp4a.40.2"),
    ],
)
def test_pieces_fit_together_whatever_the_step(codec: VideoCodec, name: str) -> None:
    settings = CompositionSettings(width=160, height=96, frame_rate=RATE, video_codec=codec)
    coarse = next(step for step in STEPS if step.coarse)
    steps = (STEPS[0], coarse, STEPS[-1])
    pieces = [piece(settings, number, step) for number, step in enumerate(steps)]
    pieces.append(piece(settings, len(pieces), STEPS[0], ticks=1))
    assert len({each.header for each in pieces}) == 1
    assert names(pieces[0].header) == name
    parts = [
        Part(len(each.media), Fraction(ticks, RATE)) for each, ticks in zip(pieces, (TICKS,) * 3 + (1,), strict=True)
    ]
    film = head(pieces[0].header, parts) + b"".join(each.media for each in pieces)
    with av.open(BytesIO(film), "r") as container:
        frames = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    expected = [8 * number + tick / RATE for number, step in enumerate(steps) for tick in range(0, TICKS, step.every)]
    assert [time for time, _ in frames] == pytest.approx([*expected, 24.0])
    assert [level > 128 for _, level in frames] == [time % 8 >= 2.0 for time in [*expected, 24.0]]


def test_all_that_can_be_set_are_tested() -> None:
    assert set(get_args(VideoCodec)) == {"libx264", "libvpx-vp9"}


@pytest.mark.parametrize("header", [b"", b"avcC", b"....mp4a....hvcC....", b"mp4a"])
def test_what_is_not_known_has_no_name(header: bytes) -> None:
    assert names(header) is None
