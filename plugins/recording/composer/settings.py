# SPDX-License-Identifier: Apache-2.0
"""How a composition is to look and sound. Kept beside its pieces: all pieces of one film are made alike."""

from typing import Literal

import msgspec

VideoCodec = Literal["libx264", "libvpx-vp9"]
SOUND_RATE = 48_000
SOUND_FRAME = 1024
"""Samples in a frame of AAC."""
SEGMENT_SECONDS = 8
"""The shortest whole number of seconds that is a whole number of sound frames: 375 of them."""


class CompositionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are even. `tiles` is how many pictures are decoded at most, however many people are in the room."""

    width: int = 1280
    height: int = 720
    frame_rate: int = 25
    tiles: int = 6
    video_codec: VideoCodec = "libx264"
    preset: str = "superfast"
    quality: int = 24
    """Constant rate factor; smaller is better and larger."""
    sound_bit_rate: int = 96_000
    voices: int = 8
    """How many are mixed at most at one moment: those who send most."""
    speaker_hold: float = 1.5
    """Seconds somebody has to speak to be shown large."""
    font: str | None = None
    """A file with a TrueType font for names; None: the one that comes with Pillow, Latin letters only."""

    def __post_init__(self) -> None:
        if self.width % 16 or self.height % 4 or not 160 <= self.width <= 3840 or not 90 <= self.height <= 2160:
            raise ValueError("width must be a multiple of 16 and height of 4, between 160x90 and 3840x2160")
        if not 5 <= self.frame_rate <= 60 or not 1 <= self.tiles <= 16 or not 1 <= self.voices <= 64:
            raise ValueError("frame_rate must be 5 to 60, tiles 1 to 16, voices 1 to 64")

    @property
    def segment_ticks(self) -> int:
        """Pictures in a whole piece."""
        return SEGMENT_SECONDS * self.frame_rate
