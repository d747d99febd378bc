# SPDX-License-Identifier: Apache-2.0
"""What is said in an offer, what is agreed, and what an answer needs: plain frozen values.

The path is parse_offer (text -> Offer), negotiate (Offer -> Agreement), write_answer (Agreement -> text). Only what the
packet path uses is kept; everything else in an offer is dropped, which in SDP means "not agreed".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from podium.core.errors import PodiumError

Direction: TypeAlias = Literal["sendrecv", "sendonly", "recvonly", "inactive"]


class NegotiationError(PodiumError):
    """An offer cannot be read (`sdp_invalid`) or asks for what this server does not do (`sdp_unsupported`)."""

    def __init__(self, code: Literal["sdp_invalid", "sdp_unsupported"], message: str) -> None:
        super().__init__(code, message, "sdp")


@dataclass(frozen=True, slots=True)
class OfferedCodec:
    """One payload type of an m-section. RTX payload types are folded into the codec they repair (RFC 4588)."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int
    fmtp: Mapping[str, str]
    feedback: frozenset[str]
    """Such as `nack`, `nack pli`, `ccm fir`, `transport-cc`."""
    rtx_payload_type: int | None


@dataclass(frozen=True, slots=True)
class Section:
    """One m-section of an offer, directions as the offerer sees them."""

    index: int
    mid: str
    """Empty only when the section is rejected."""
    kind: str
    """`audio`, `video`, `application` or whatever else was written."""
    protocol: str
    formats: tuple[str, ...]
    direction: Direction
    codecs: tuple[OfferedCodec, ...]
    extensions: Mapping[str, int]
    """Header extension URI -> identifier."""
    rids: tuple[str, ...]
    """Encodings the offerer sends, in the order of a=simulcast: lowest first by our clients' convention."""
    ssrcs: tuple[tuple[int, int | None], ...]
    """Announced (ssrc, rtx ssrc or None)."""
    rtcp_mux: bool
    rtcp_reduced_size: bool
    extmap_allow_mixed: bool
    rejected: bool
    """The offerer itself has stopped this section (port 0 and not bundle-only)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A whole offer; the transport attributes are those of the BUNDLE-tagged section (RFC 8843 section 7.1)."""

    ice_ufrag: str
    ice_pwd: str
    ice_options: frozenset[str]
    fingerprints: tuple[tuple[str, str], ...]
    """(hash name in lower case, value such as `AB:CD:...` in upper case)."""
    setup: str
    bundle: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Which codecs are accepted, the most wanted first. Names: opus; VP8, VP9, H264, AV1 (in any case)."""

    audio_codecs: tuple[str, ...] = ("opus",)
    video_codecs: tuple[str, ...] = ("VP8", "H264", "VP9", "AV1")


@dataclass(frozen=True, slots=True)
class AgreedCodec:
    """A codec both sides speak, with the offer's payload types."""

    codec: int
    """CODEC_* of podium.core._fastpath."""
    payload_type: int
    rtx_payload_type: int | None
    name: str
    clock_rate: int
    channels: int
    fmtp: str
    """Ready for the answer; may be empty."""
    feedback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreedSection:
    """What the answer says about one m-section, directions as this server sees them."""

    index: int
    mid: str
    kind: str
    protocol: str
    formats: tuple[str, ...]
    accepted: bool
    refusal: str | None
    """Why it is not accepted; None when it is."""
    direction: Direction
    codecs: tuple[AgreedCodec, ...]
    extensions: Mapping[int, int]
    """EXTENSION_* of podium.core._fastpath -> identifier."""
    rids: tuple[str, ...]
    ssrcs: tuple[tuple[int, int | None], ...]
    rtcp_reduced_size: bool
    extmap_allow_mixed: bool

    @property
    def receives(self) -> bool:
        """This server gets media here: the browser publishes."""
        return self.accepted and self.direction in ("sendrecv", "recvonly")

    @property
    def sends(self) -> bool:
        """This server sends media here: a slot."""
        return self.accepted and self.direction in ("sendrecv", "sendonly")

    @property
    def nack(self) -> bool:
        """Lost packets may be asked for again, in at least one codec."""
        return any("nack" in codec.feedback for codec in self.codecs)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome of one offer."""

    offer: Offer
    bundle: tuple[str, ...]
    """The accepted mids, the tagged one first."""
    sections: tuple[AgreedSection, ...]
    payload_types: Mapping[int, AgreedCodec]
    """All sections together; within one BUNDLE a payload type means one codec."""
    extensions: Mapping[int, int]
    """All sections together: EXTENSION_* -> identifier."""

    def section(self, mid: str) -> AgreedSection | None:
        """The accepted section of that name."""
        return next((section for section in self.sections if section.accepted and section.mid == mid), None)


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """Our side of the transport, as the answer announces it."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint: str
    """As in Certificate.fingerprint: `sha-256 AA:BB:...`."""
    candidates: tuple[tuple[str, int], ...]
    """Announced (address, port), the preferred first."""
    session_id: int = 1
    session_version: int = 1
    """Grows by one with each answer of a session (RFC 3264 section 8)."""


@dataclass(frozen=True, slots=True)
class SlotParameters:
    """One outgoing stream, as the answer announces it."""

    ssrc: int
    rtx_ssrc: int | None
    cname: str
    stream_id: str
    track_id: str
