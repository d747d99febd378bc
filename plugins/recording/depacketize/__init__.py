# SPDX-License-Identifier: Apache-2.0
"""From packets in order to encoded frames that a decoder can be given.

`assembly` finds where frames begin and end and what cannot be decoded after a loss; a module for each codec knows its
payload format. Payloads come from participants: whatever is in them, a frame comes out or is missing.
"""

from collections.abc import Callable
from types import MappingProxyType

from podium.plugins.recording.depacketize.assembly import Assembly, Depacketizer, FrameBuilder, Unit
from podium.plugins.recording.depacketize.av1 import Av1Builder
from podium.plugins.recording.depacketize.h264 import H264Builder
from podium.plugins.recording.depacketize.opus import OpusPackets
from podium.plugins.recording.depacketize.vp8 import Vp8Builder
from podium.plugins.recording.depacketize.vp9 import Vp9Builder

__all__ = ["Assembly", "Depacketizer", "FrameBuilder", "Unit", "depacketizer_of"]

_VIDEO: MappingProxyType[str, Callable[[], FrameBuilder]] = MappingProxyType(
    {"vp8": Vp8Builder, "h264": H264Builder, "vp9": Vp9Builder, "av1": Av1Builder}
)


def depacketizer_of(codec: str) -> Depacketizer | None:
    """Of a codec by its name in SDP, in any case; None when it is unknown."""
    if codec.lower() == "opus":
        return OpusPackets()
    builder = _VIDEO.get(codec.lower())
    return None if builder is None else Assembly(builder())
