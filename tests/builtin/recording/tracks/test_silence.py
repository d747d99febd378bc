# SPDX-License-Identifier: Apache-2.0
"""Silence of any length, for every decoder."""

import av
import pytest

from podium.plugins.recording.depacketize.opus import duration_untrusted
from podium.plugins.recording.tracks.silence import SHORTEST, silence


@pytest.mark.parametrize("samples", [-5, 0, 119, 120, 960, 12_345, 48_000 * 60 + 77])
def test_it_is_as_long_as_wanted_and_silent(samples: int) -> None:
    packets = silence(samples)
    assert 0 <= max(0, samples) - sum(length for length, _ in packets) < SHORTEST
    assert all(duration_untrusted(packet) == length for length, packet in packets)
    for name in ("libopus", "opus"):
        context = av.CodecContext.create(name, "r")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate, context.layout = 48_000, "stereo"
        for length, packet in packets[-20:]:
            (frame,) = context.decode(av.Packet(packet))
            assert frame.samples <= length
            assert not frame.to_ndarray().any()
