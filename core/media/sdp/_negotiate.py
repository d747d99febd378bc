# SPDX-License-Identifier: Apache-2.0
"""What of an offer is accepted (RFC 3264 section 6, RFC 8829 section 5.3.1), decided section by section.

A section this server has no use for is rejected in place, which costs its owner nothing else. The offer as a whole is
refused only where no answer could work: nothing acceptable in it, no BUNDLE, no rtcp-mux, a peer that wants to be the
DTLS server, or numbers that mean different things in different sections of one transport.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from podium.core.media.sdp._model import (
    AgreedCodec,
    AgreedSection,
    Agreement,
    AnswerSettings,
    Direction,
    NegotiationError,
    Offer,
    Section,
)
from podium.core.media.sdp._selection import (
    check_codec_names,
    select_codec_extensions,
    select_codecs,
    select_extensions,
)

MAX_ENCODINGS: Final = 3

_REVERSED: Final[Mapping[Direction, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


def negotiate(offer: Offer, settings: AnswerSettings) -> Agreement:
    """Decide what of the offer is accepted. Raises NegotiationError when no answer can be given."""
    check_codec_names(settings.audio_codecs, "audio")
    check_codec_names(settings.video_codecs, "video")
    if offer.setup not in ("actpass", "active"):
        raise NegotiationError(
            "sdp_unsupported", f"the offer has a=setup:{offer.setup}; this server is passive: offer actpass or active"
        )
    sections = tuple(_agree(section, settings) for section in offer.sections)
    accepted = [section for section in sections if section.accepted]
    if not accepted:
        reasons = ", ".join(f"{section.index}: {section.refusal}" for section in sections[:5])
        raise NegotiationError("sdp_unsupported", f"no m-section of the offer can be accepted ({reasons})")
    _check_transport(offer, accepted)
    mids = {section.mid for section in accepted}
    return Agreement(
        offer=offer,
        bundle=tuple(mid for mid in offer.bundle if mid in mids),
        sections=sections,
        payload_types=_merge_payload_types(accepted),
        extensions=_merge_extensions(accepted),
    )


def check_continues(previous: Offer, offer: Offer) -> None:
    """Raise NegotiationError unless a later offer keeps the earlier sections (order, mid, kind) and the certificate."""
    if len(offer.sections) < len(previous.sections):
        raise NegotiationError(
            "sdp_invalid",
            f"a later offer keeps every m-section: there were {len(previous.sections)}, now {len(offer.sections)}",
        )
    for before, after in zip(previous.sections, offer.sections, strict=False):
        reused = before.rejected or after.rejected  # a stopped section may be taken by another (RFC 8829 section 5.2.2)
        if not reused and (before.mid, before.kind) != (after.mid, after.kind):
            raise NegotiationError(
                "sdp_invalid",
                f"m-section {before.index} was {before.kind} with mid {before.mid} and is now {after.kind} "
                f"with mid {after.mid}: later offers append sections and keep the order",
            )
    if set(previous.fingerprints).isdisjoint(offer.fingerprints):
        raise NegotiationError("sdp_unsupported", "the certificate changed in a later offer: make a new connection")


def restarts_ice(previous: Offer, offer: Offer) -> bool:
    """Whether the offer asks for an ICE restart (RFC 8839 section 4.4.1.1.1)."""
    return (previous.ice_ufrag, previous.ice_pwd) != (offer.ice_ufrag, offer.ice_pwd)


def _agree(section: Section, settings: AnswerSettings) -> AgreedSection:
    direction = _REVERSED[section.direction]
    receives = direction in ("sendrecv", "recvonly")
    names = settings.audio_codecs if section.kind == "audio" else settings.video_codecs
    refusal = _refusal(section)
    extensions: dict[int, int] = {}
    codecs: tuple[AgreedCodec, ...] = ()
    if refusal is None:
        extensions = select_extensions(section, receives=receives)
        codecs = select_codecs(section, names, extensions)
        extensions |= select_codec_extensions(section, codecs)
        refusal = None if codecs else f"none of its codecs is among {', '.join(names)}"
    return AgreedSection(
        index=section.index,
        mid=section.mid,
        kind=section.kind,
        protocol=section.protocol,
        formats=section.formats,
        accepted=refusal is None,
        refusal=refusal,
        direction=direction if refusal is None else "inactive",
        codecs=codecs,
        extensions=extensions if refusal is None else {},
        rids=section.rids[:MAX_ENCODINGS] if receives and refusal is None else (),
        ssrcs=section.ssrcs if receives and refusal is None else (),
        rtcp_reduced_size=section.rtcp_reduced_size,
        extmap_allow_mixed=section.extmap_allow_mixed,
    )


def _refusal(section: Section) -> str | None:
    if section.rejected:
        return "stopped by the offerer"
    if section.kind not in ("audio", "video"):
        return f"{section.kind} is not supported"
    if not section.protocol.endswith("RTP/SAVPF"):
        return f"{section.protocol} is not supported"
    return None


def _check_transport(offer: Offer, accepted: Iterable[AgreedSection]) -> None:
    for section in accepted:
        name = f"m-section {section.index} (mid {section.mid})"
        if section.mid not in offer.bundle:
            raise NegotiationError("sdp_unsupported", f"{name} is not in the first a=group:BUNDLE of the offer")
        if not offer.sections[section.index].rtcp_mux:
            raise NegotiationError("sdp_unsupported", f"{name} lacks a=rtcp-mux")


def _merge_payload_types(accepted: Iterable[AgreedSection]) -> dict[int, AgreedCodec]:
    """Payload type -> its codec, RTX payload types included; the same in all sections (RFC 8843 section 9.1)."""
    merged: dict[int, AgreedCodec] = {}
    meanings: dict[int, tuple[int, str]] = {}
    for section in accepted:
        for codec in section.codecs:
            for payload_type, role in ((codec.payload_type, "media"), (codec.rtx_payload_type, "rtx")):
                if payload_type is None:
                    continue
                if meanings.setdefault(payload_type, (codec.codec, role)) != (codec.codec, role):
                    raise NegotiationError(
                        "sdp_unsupported", f"payload type {payload_type} has two meanings in one BUNDLE group"
                    )
            merged.setdefault(codec.payload_type, codec)
    return merged


def _merge_extensions(accepted: Iterable[AgreedSection]) -> dict[int, int]:
    """EXTENSION_* -> identifier; the same in all sections, as one transport reads them all (RFC 8843 section 10)."""
    merged: dict[int, int] = {}
    for section in accepted:
        for kind, identifier in section.extensions.items():
            if merged.setdefault(kind, identifier) != identifier:
                raise NegotiationError(
                    "sdp_unsupported",
                    f"m-section {section.index} (mid {section.mid}) numbers a header extension {identifier}, "
                    f"earlier sections {merged[kind]}: within one BUNDLE group the numbers must agree",
                )
    if len(set(merged.values())) != len(merged):
        raise NegotiationError("sdp_unsupported", "one header extension number has two meanings in one BUNDLE group")
    return merged
