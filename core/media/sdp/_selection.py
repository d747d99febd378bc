# SPDX-License-Identifier: Apache-2.0
"""Which of the offered codecs and header extensions this server speaks, and how they are answered.

A codec counts only in the variant the packet path reads: VP9 and AV1 of profile 0, H264 constrained baseline with
packetization mode 1 (RFC 6184 section 8.1), stereo-capable Opus as RFC 7587 writes it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from podium.core._fastpath import (
    CODEC_AV1,
    CODEC_H264,
    CODEC_OPUS,
    CODEC_VP8,
    CODEC_VP9,
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_DEPENDENCY_DESCRIPTOR,
    EXTENSION_MID,
    EXTENSION_REPAIRED_RID,
    EXTENSION_RID,
    EXTENSION_TRANSPORT_SEQUENCE,
)
from podium.core.media.sdp._model import AgreedCodec, OfferedCodec, Section

EXTENSION_URIS: Final[Mapping[int, str]] = {
    EXTENSION_MID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    EXTENSION_RID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    EXTENSION_REPAIRED_RID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    EXTENSION_AUDIO_LEVEL: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    EXTENSION_TRANSPORT_SEQUENCE: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    EXTENSION_DEPENDENCY_DESCRIPTOR: (
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
    ),
}
_MAX_IDENTIFIER: Final = 14  # the one-byte form (RFC 8285 section 4.2)
_FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "transport-cc")
_VALUE: Final = re.compile(r"[A-Za-z0-9.+/-]{1,32}")


@dataclass(frozen=True, slots=True)
class _Variant:
    """A codec as the packet path reads it."""

    codec: int
    kind: str
    clock_rate: int
    channels: int
    fits: Callable[[Mapping[str, str]], bool]
    answered: tuple[str, ...]
    """The fmtp parameters that go back as they were offered."""


def _always(_: Mapping[str, str]) -> bool:
    return True


def _is_vp9_profile_0(fmtp: Mapping[str, str]) -> bool:
    return fmtp.get("profile-id", "0") == "0"


def _is_av1_main(fmtp: Mapping[str, str]) -> bool:
    return fmtp.get("profile", "0") == "0"


def _is_h264_constrained_baseline(fmtp: Mapping[str, str]) -> bool:
    found = re.fullmatch(r"42([0-9a-f]{2})[0-9a-f]{2}", fmtp.get("profile-level-id", "").lower())
    constrained = found is not None and int(found[1], 16) & 0x40 != 0  # constraint_set1_flag
    return constrained and fmtp.get("packetization-mode") == "1"


_VARIANTS: Final[Mapping[str, _Variant]] = {
    "opus": _Variant(CODEC_OPUS, "audio", 48000, 2, _always, ("minptime", "useinbandfec")),
    "vp8": _Variant(CODEC_VP8, "video", 90000, 1, _always, ()),
    "vp9": _Variant(CODEC_VP9, "video", 90000, 1, _is_vp9_profile_0, ("profile-id",)),
    "h264": _Variant(
        CODEC_H264,
        "video",
        90000,
        1,
        _is_h264_constrained_baseline,
        ("level-asymmetry-allowed", "packetization-mode", "profile-level-id"),
    ),
    "av1": _Variant(CODEC_AV1, "video", 90000, 1, _is_av1_main, ("level-idx", "profile", "tier")),
}


def check_codec_names(names: Sequence[str], kind: str) -> None:
    """Raise ValueError for a name in the settings that this server does not speak."""
    known = [name for name, variant in _VARIANTS.items() if variant.kind == kind]
    for name in names:
        if name.lower() not in known:
            raise ValueError(f"{name} is not a known {kind} codec: use some of {', '.join(known)}")


def select_codecs(section: Section, names: Sequence[str], extensions: Mapping[int, int]) -> tuple[AgreedCodec, ...]:
    """The first fitting payload type of each wanted codec, the most wanted first."""
    agreed = []
    for name in dict.fromkeys(name.lower() for name in names):
        variant = _VARIANTS[name]
        offered = next((codec for codec in section.codecs if _fits(codec, name, variant)), None)
        if offered is not None:
            agreed.append(_agree(offered, variant, extensions))
    return tuple(agreed)


def _fits(codec: OfferedCodec, name: str, variant: _Variant) -> bool:
    shape = (codec.name.lower(), codec.clock_rate, codec.channels)
    return shape == (name, variant.clock_rate, variant.channels) and variant.fits(codec.fmtp)


def _agree(offered: OfferedCodec, variant: _Variant, extensions: Mapping[int, int]) -> AgreedCodec:
    values = ((key, offered.fmtp.get(key, "")) for key in variant.answered)
    measured = EXTENSION_TRANSPORT_SEQUENCE in extensions  # without the extension there is nothing to report on
    return AgreedCodec(
        codec=variant.codec,
        payload_type=offered.payload_type,
        rtx_payload_type=offered.rtx_payload_type if "nack" in offered.feedback else None,
        name=offered.name,
        clock_rate=offered.clock_rate,
        channels=offered.channels,
        fmtp=";".join(f"{key}={value}" for key, value in values if _VALUE.fullmatch(value)),
        feedback=tuple(f for f in _FEEDBACK if f in offered.feedback and (measured or f != "transport-cc")),
    )


def select_extensions(section: Section, *, receives: bool) -> dict[int, int]:
    """EXTENSION_* -> the offered identifier, for what is of use in this section whatever its codecs."""
    wanted = [EXTENSION_MID]
    if section.kind == "audio":
        wanted.append(EXTENSION_AUDIO_LEVEL)
    if receives:
        wanted.append(EXTENSION_TRANSPORT_SEQUENCE)
    if receives and section.rids:
        wanted += [EXTENSION_RID, EXTENSION_REPAIRED_RID]
    return _identifiers(section, wanted)


def select_codec_extensions(section: Section, codecs: Sequence[AgreedCodec]) -> dict[int, int]:
    """EXTENSION_* -> the offered identifier, for what some codecs need."""
    has_av1 = any(codec.codec == CODEC_AV1 for codec in codecs)
    return _identifiers(section, [EXTENSION_DEPENDENCY_DESCRIPTOR] if has_av1 else [])


def _identifiers(section: Section, wanted: Sequence[int]) -> dict[int, int]:
    found = {kind: section.extensions.get(EXTENSION_URIS[kind], 0) for kind in wanted}
    return {kind: identifier for kind, identifier in found.items() if 1 <= identifier <= _MAX_IDENTIFIER}
