# SPDX-License-Identifier: Apache-2.0
"""SDP of the synthetic peer: it writes one offer in the form Chromium does and reads what it needs of the answer."""

from dataclasses import dataclass, field

MID = 1
RID = 2
REPAIRED_RID = 3
AUDIO_LEVEL = 4
TRANSPORT_SEQUENCE = 5

URIS = {
    MID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    RID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    REPAIRED_RID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    AUDIO_LEVEL: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    TRANSPORT_SEQUENCE: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}

OPUS = 111
VP8 = 96
RTX = 97


@dataclass(frozen=True)
class Section:
    """One m-section to offer. A sender says SSRCs or rids (lowest layer first), a receiver neither."""

    mid: str
    kind: str
    direction: str
    source: str | None = None
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    rids: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalTransport:
    ufrag: str
    password: str
    fingerprint: str
    address: tuple[str, int]
    setup: str = "actpass"


@dataclass
class AnswerSection:
    """What the answer says about one section."""

    mid: str = ""
    kind: str = ""
    accepted: bool = True
    direction: str = "sendrecv"
    payload_types: dict[str, int] = field(default_factory=dict)
    rtx: dict[int, int] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    rids: tuple[str, ...] = ()


@dataclass
class Answer:
    """What a peer needs of an answer to connect."""

    ufrag: str = ""
    password: str = ""
    fingerprint: str = ""
    setup: str = ""
    lite: bool = False
    candidates: list[tuple[str, int]] = field(default_factory=list)
    sections: dict[str, AnswerSection] = field(default_factory=dict)


def write_offer(transport: LocalTransport, sections: list[Section]) -> str:
    mids = " ".join(section.mid for section in sections)
    lines = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    lines += ["a=extmap-allow-mixed", "a=msid-semantic: WMS"]
    for section in sections:
        lines += _section_lines(transport, section)
    return "\r\n".join(lines) + "\r\n"


def _section_lines(transport: LocalTransport, section: Section) -> list[str]:
    audio = section.kind == "audio"
    formats = f"{OPUS}" if audio else f"{VP8} {RTX}"
    host, port = transport.address
    lines = [
        f"m={section.kind} {port} UDP/TLS/RTP/SAVPF {formats}",
        f"c=IN IP4 {host}",
        f"a=rtcp:{port} IN IP4 {host}",
        f"a=candidate:1 1 udp 2122260223 {host} {port} typ host generation 0",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:{transport.fingerprint}",
        f"a=setup:{transport.setup}",
        f"a=mid:{section.mid}",
    ]
    kinds = (MID, TRANSPORT_SEQUENCE, AUDIO_LEVEL) if audio else (MID, TRANSPORT_SEQUENCE, RID, REPAIRED_RID)
    lines += [f"a=extmap:{identifier} {URIS[identifier]}" for identifier in kinds]
    lines += [f"a={section.direction}", "a=rtcp-mux", "a=rtcp-rsize"]
    lines += _codec_lines(audio)
    lines += _stream_lines(section)
    return lines


def _codec_lines(audio: bool) -> list[str]:
    if audio:
        return [
            f"a=rtpmap:{OPUS} opus/48000/2",
            f"a=rtcp-fb:{OPUS} transport-cc",
            f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        ]
    feedback = ("transport-cc", "ccm fir", "nack", "nack pli")
    return [
        f"a=rtpmap:{VP8} VP8/90000",
        *(f"a=rtcp-fb:{VP8} {each}" for each in feedback),
        f"a=rtpmap:{RTX} rtx/90000",
        f"a=fmtp:{RTX} apt={VP8}",
    ]


def _stream_lines(section: Section) -> list[str]:
    if section.rids:
        return [*(f"a=rid:{rid} send" for rid in section.rids), f"a=simulcast:send {';'.join(section.rids)}"]
    if section.ssrc is None:
        return []
    lines = [f"a=msid:- track-{section.mid}"]
    if section.rtx_ssrc is not None:
        lines += [f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}", f"a=ssrc:{section.rtx_ssrc} cname:synthetic"]
    return [*lines, f"a=ssrc:{section.ssrc} cname:synthetic"]


def read_answer(sdp: str) -> Answer:
    """Only what the synthetic peer uses; the transport is that of the first section (BUNDLE)."""
    answer = Answer()
    section: AnswerSection | None = None
    for line in sdp.splitlines():
        if line.startswith("m="):
            kind, port = line[2:].split()[:2]
            section = AnswerSection(kind=kind, accepted=port != "0")
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            _read_transport(answer, name, value)
            if section is not None:
                _read_attribute(section, name, value)
                if name == "mid":
                    answer.sections[value] = section
    return answer


def _read_transport(answer: Answer, name: str, value: str) -> None:
    if name == "ice-lite":
        answer.lite = True
    elif name == "ice-ufrag":
        answer.ufrag = answer.ufrag or value
    elif name == "ice-pwd":
        answer.password = answer.password or value
    elif name == "fingerprint" and value.lower().startswith("sha-256 "):
        answer.fingerprint = answer.fingerprint or value.split()[1]
    elif name == "setup":
        answer.setup = answer.setup or value
    elif name == "candidate":
        fields = value.split()
        candidate = (fields[4], int(fields[5]))
        if fields[2].lower() == "udp" and candidate not in answer.candidates:
            answer.candidates.append(candidate)


def _read_attribute(section: AnswerSection, name: str, value: str) -> None:
    if name == "mid":
        section.mid = value
    elif name in ("sendrecv", "sendonly", "recvonly", "inactive"):
        section.direction = name
    elif name == "rtpmap":
        payload_type, codec = value.split()
        if not codec.startswith("rtx/"):
            section.payload_types[codec.partition("/")[0]] = int(payload_type)
    elif name == "fmtp" and " apt=" in value:
        payload_type, _, original = value.partition(" apt=")
        section.rtx[int(original)] = int(payload_type)
    elif name == "extmap":
        identifier, uri = value.split()[:2]
        section.extensions[uri] = int(identifier.partition("/")[0])
    elif name == "rid":
        section.rids += (value.split()[0],)
    elif name == "ssrc-group" and value.startswith("FID "):
        section.ssrc, section.rtx_ssrc = (int(ssrc) for ssrc in value.split()[1:3])
    elif name == "ssrc" and section.ssrc is None:
        section.ssrc = int(value.split()[0])
