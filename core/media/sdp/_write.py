# SPDX-License-Identifier: Apache-2.0
"""An Agreement as the text of an answer (RFC 8829 section 5.3): ICE-lite, DTLS passive, one BUNDLE, rtcp-mux.

Every value of the offer that comes back here was matched against a narrow pattern when it was read: nothing can break
out of its line. Transport attributes stand in every accepted section, candidates in the BUNDLE-tagged one.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from podium.core._fastpath import EXTENSION_DEPENDENCY_DESCRIPTOR
from podium.core.media.sdp._model import (
    AgreedCodec,
    AgreedSection,
    Agreement,
    Direction,
    SlotParameters,
    TransportParameters,
)
from podium.core.media.sdp._selection import EXTENSION_URIS

_NARROWED: Final[Mapping[Direction, Direction]] = {"sendrecv": "recvonly", "sendonly": "inactive"}
_DISCARD_PORT: Final = 9


def write_answer(agreement: Agreement, transport: TransportParameters, slots: Mapping[str, SlotParameters]) -> str:
    """The answer's text. `slots` maps mids; a sending section without a slot is narrowed to not sending."""
    lines = list(_session(agreement, transport))
    for section in agreement.sections:
        if section.accepted:
            lines += _accepted(section, transport, slots.get(section.mid))
        else:
            lines += _rejected(section)
    return "".join(f"{line}\r\n" for line in lines)


def _session(agreement: Agreement, transport: TransportParameters) -> Iterator[str]:
    yield "v=0"
    yield f"o=- {transport.session_id} {transport.session_version} IN IP4 0.0.0.0"
    yield "s=-"
    yield "t=0 0"
    if agreement.bundle:
        yield f"a=group:BUNDLE {' '.join(agreement.bundle)}"
    yield "a=msid-semantic: WMS *"
    yield "a=ice-lite"


def _rejected(section: AgreedSection) -> Iterator[str]:
    yield f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}"
    yield "c=IN IP4 0.0.0.0"
    yield "a=inactive"
    if section.mid:
        yield f"a=mid:{section.mid}"


def _accepted(section: AgreedSection, transport: TransportParameters, slot: SlotParameters | None) -> Iterator[str]:
    direction = section.direction if slot else _NARROWED.get(section.direction, section.direction)
    address, port = transport.candidates[0] if transport.candidates else ("0.0.0.0", _DISCARD_PORT)
    yield f"m={section.kind} {port} {section.protocol} {' '.join(str(pt) for pt in _payload_types(section))}"
    yield f"c=IN {'IP6' if ':' in address else 'IP4'} {address}"
    yield f"a=mid:{section.mid}"
    yield f"a={direction}"
    yield from _transport(transport)
    yield "a=rtcp-mux"
    if section.rtcp_reduced_size:
        yield "a=rtcp-rsize"
    yield from _extensions(section)
    for codec in section.codecs:
        yield from _codec(codec)
    yield from _encodings(section)
    if slot is not None and section.sends:
        yield from _slot(section, slot)


def _transport(transport: TransportParameters) -> Iterator[str]:
    """The same in every section: browsers read it in the first of a bundle (RFC 8843), aiortc in the last."""
    yield f"a=ice-ufrag:{transport.ice_ufrag}"
    yield f"a=ice-pwd:{transport.ice_pwd}"
    yield f"a=fingerprint:{transport.fingerprint}"
    yield "a=setup:passive"
    for index, (address, port) in enumerate(transport.candidates):
        priority = (126 << 24) + ((65535 - index) << 8) + 255  # host, component 1 (RFC 8445 section 5.1.2.1)
        yield f"a=candidate:{index + 1} 1 udp {priority} {address} {port} typ host"
    yield "a=end-of-candidates"


def _extensions(section: AgreedSection) -> Iterator[str]:
    if section.extmap_allow_mixed and EXTENSION_DEPENDENCY_DESCRIPTOR in section.extensions:
        yield "a=extmap-allow-mixed"  # a key frame's descriptor outgrows the one-byte form
    for kind, identifier in section.extensions.items():
        yield f"a=extmap:{identifier} {EXTENSION_URIS[kind]}"


def _payload_types(section: AgreedSection) -> Iterator[int]:
    for codec in section.codecs:
        yield codec.payload_type
        if codec.rtx_payload_type is not None:
            yield codec.rtx_payload_type


def _codec(codec: AgreedCodec) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
    for feedback in codec.feedback:
        yield f"a=rtcp-fb:{codec.payload_type} {feedback}"
    if codec.fmtp:
        yield f"a=fmtp:{codec.payload_type} {codec.fmtp}"
    if codec.rtx_payload_type is not None:
        yield f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate}"
        yield f"a=fmtp:{codec.rtx_payload_type} apt={codec.payload_type}"


def _encodings(section: AgreedSection) -> Iterator[str]:
    for rid in section.rids:
        yield f"a=rid:{rid} recv"
    if section.rids:
        yield f"a=simulcast:recv {';'.join(section.rids)}"


def _slot(section: AgreedSection, slot: SlotParameters) -> Iterator[str]:
    yield f"a=msid:{slot.stream_id} {slot.track_id}"
    repairs = slot.rtx_ssrc is not None and any(codec.rtx_payload_type is not None for codec in section.codecs)
    ssrcs = [slot.ssrc, slot.rtx_ssrc] if repairs else [slot.ssrc]
    if repairs:
        yield f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}"
    for ssrc in ssrcs:
        yield f"a=ssrc:{ssrc} cname:{slot.cname}"
