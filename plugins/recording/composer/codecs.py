# SPDX-License-Identifier: Apache-2.0
"""The encoders of pictures that a film can have, and what each has to be told.

Each makes the same headers in all pieces of a film, whatever the step, gives a picture for each that it gets, in order,
and keeps up with a class on one core. Two that are not among them: x265 makes a fifth as many pictures, and browsers on
Linux do not show HEVC. SVT-AV1 gives its threads the highest real-time priority there is where it may, in front of the
threads that forward packets.
"""

from collections.abc import Callable
from types import MappingProxyType

from podium.plugins.recording.composer.degrade import Step
from podium.plugins.recording.composer.settings import CompositionSettings, VideoCodec

_X264 = "bframes=0:scenecut=0:cabac=1:8x8dct=1:weightp=0:ref=1:rc-lookahead=0:mbtree=0:force-cfr=0"
"""What decides the stream's headers is the same for all presets."""
_WORST = 63

Options = dict[str, str]


def options(settings: CompositionSettings, step: Step) -> Options:
    """For the encoder of one piece."""
    return _OPTIONS[settings.video_codec](settings, step)


def _h264(settings: CompositionSettings, step: Step) -> Options:
    preset = "ultrafast" if step.coarse else settings.preset
    return {"preset": preset, "crf": str(settings.quality), "x264-params": _X264}


def _vp9(settings: CompositionSettings, _step: Step) -> Options:
    quality = str(min(_WORST, settings.quality + 9))
    return {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0", "crf": quality}


_OPTIONS: MappingProxyType[VideoCodec, Callable[[CompositionSettings, Step], Options]] = MappingProxyType(
    {"libx264": _h264, "libvpx-vp9": _vp9}
)


def names(header: bytes) -> str | None:
    """What RFC 6381 calls the codecs of pieces with this header, AAC among them; None for others than these."""
    if b"mp4a" not in header:
        return None
    for box, name in _NAMES.items():
        place = header.find(box)
        if place >= 0:
            return f"{name(header[place + 4 : place + 12])}, mp4a.40.2"
    return None


def _name_h264(box: bytes) -> str:
    return f"avc1.{box[1:4].hex()}"


def _name_vp9(box: bytes) -> str:
    """VP codecs in ISO base media files: profile, level and bits, behind the version of the box."""
    return f"vp09.{box[4]:02d}.{box[5]:02d}.{box[6] >> 4:02d}"


_NAMES: MappingProxyType[bytes, Callable[[bytes], str]] = MappingProxyType({b"avcC": _name_h264, b"vpcC": _name_vp9})
