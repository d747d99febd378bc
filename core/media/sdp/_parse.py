# SPDX-License-Identifier: Apache-2.0
"""An offer's text into an Offer. Whatever is in the text, the outcome is an Offer or a NegotiationError.

Lines that mean nothing to this server are passed over, as RFC 8866 section 5 asks; lines that mean something and are
malformed are refused by number, because guessing there ends in silence or a black picture that nobody can explain.
"""

import re
from collections.abc import Sequence
from typing import Final, cast

from podium.core.media.sdp._codecs import parse_codecs_untrusted
from podium.core.media.sdp._lines import Block, Line, split_blocks
from podium.core.media.sdp._model import Direction, NegotiationError, Offer, Section

MAX_EXTENSIONS: Final = 64
MAX_RIDS: Final = 16
MAX_SSRCS: Final = 64
MAX_FINGERPRINTS: Final = 8

_DIRECTIONS: Final[tuple[Direction, ...]] = ("sendrecv", "sendonly", "recvonly", "inactive")
_HASH_SIZES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

_MEDIA: Final = re.compile(
    r"([A-Za-z0-9-]{1,32}) ([0-9]{1,5})(?:/[0-9]{1,5})? ([A-Za-z0-9/.-]{1,64})((?: [A-Za-z0-9._-]{1,64}){1,256}) *"
)
_MID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")
_FINGERPRINT: Final = re.compile(r"([A-Za-z0-9-]{1,32}) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})")
_SETUP: Final = re.compile(r"actpass|active|passive|holdconn")
_EXTMAP: Final = re.compile(r"([0-9]{1,5})(?:/[a-z]+)? +(\S{1,256})(?: .*)?")
_RID: Final = re.compile(r"([A-Za-z0-9_-]{1,16}) +(send|recv)(?: .*)?")
_SIMULCAST: Final = re.compile(r" *(?:recv +\S+ +)?send +([A-Za-z0-9_,;~-]{1,512})(?: +recv +\S+)? *")
_SSRC: Final = re.compile(r"([0-9]{1,10})(?: .*)?")
_SSRC_GROUP: Final = re.compile(r"([A-Za-z0-9-]{1,16})((?: +[0-9]{1,10}){1,64}) *")


def parse_offer(sdp: str) -> Offer:
    """Read an offer; any text at all gives an Offer or a NegotiationError."""
    session, *blocks = split_blocks(sdp)
    sections = tuple(_section(index, block, session) for index, block in enumerate(blocks))
    if not sections:
        raise NegotiationError("sdp_invalid", "the offer has no m-section")
    _check_mids(sections)
    bundle = _bundle(session, sections)
    return _with_transport(session, blocks, sections, bundle)


def _with_transport(
    session: Block, blocks: Sequence[Block], sections: tuple[Section, ...], bundle: tuple[str, ...]
) -> Offer:
    live = [section for section in sections if not section.rejected]
    tagged = next((s for s in live if bundle and s.mid == bundle[0]), live[0] if live else None)
    if tagged is None:
        raise NegotiationError("sdp_unsupported", "every m-section of the offer is stopped (port 0)")
    levels = (blocks[tagged.index], session)
    options, setup = _inherited(levels, "ice-options"), _inherited(levels, "setup")
    return Offer(
        ice_ufrag=_required(levels, tagged, "ice-ufrag").match(_UFRAG, "4 to 256 letters, digits, + or /")[0],
        ice_pwd=_ice_password(_required(levels, tagged, "ice-pwd")),
        ice_options=frozenset(options.value.split() if options else ()),
        fingerprints=_fingerprints(levels, tagged),
        setup=setup.match(_SETUP, "actpass, active or passive")[0] if setup else "active",
        bundle=bundle,
        sections=sections,
    )


def _inherited(levels: Sequence[Block], name: str) -> Line | None:
    """From the section, otherwise from the session."""
    return next((line for block in levels if (line := block.first(name))), None)


def _required(levels: Sequence[Block], tagged: Section, name: str) -> Line:
    line = _inherited(levels, name)
    if line is None:
        raise NegotiationError("sdp_invalid", f"neither m-section {tagged.index} nor the session has a={name}")
    return line


def _ice_password(line: Line) -> str:
    if _PASSWORD.fullmatch(line.value) is None:  # never shown: it is a secret
        line.fail("a=ice-pwd must be 22 to 256 letters, digits, + or /")
    return line.value


def _fingerprints(levels: Sequence[Block], tagged: Section) -> tuple[tuple[str, str], ...]:
    first = _required(levels, tagged, "fingerprint")
    lines = next(block.all("fingerprint") for block in levels if block.first("fingerprint"))
    if len(lines) > MAX_FINGERPRINTS:
        first.fail(f"more than {MAX_FINGERPRINTS} fingerprints")
    known = [found for line in lines if (found := _fingerprint(line))]
    if not known:
        first.fail(f"no fingerprint by {', '.join(_HASH_SIZES)}")
    return tuple(known)


def _fingerprint(line: Line) -> tuple[str, str] | None:
    """(hash, value), or None when the hash is not one this server trusts."""
    found = line.match(_FINGERPRINT, "'sha-256 AB:CD:...'")
    name, value = found[1].lower(), found[2].upper()
    if name not in _HASH_SIZES:
        return None
    if value.count(":") + 1 != _HASH_SIZES[name]:
        line.fail(f"a {name} fingerprint has {_HASH_SIZES[name]} bytes")
    return name, value


def _bundle(session: Block, sections: tuple[Section, ...]) -> tuple[str, ...]:
    """The mids of the first BUNDLE group, without those that are stopped or unknown."""
    live = {section.mid for section in sections if not section.rejected}
    for line in session.all("group"):
        semantics, *mids = line.value.split() or [""]
        if semantics == "BUNDLE":
            return tuple(dict.fromkeys(mid for mid in mids if mid in live))
    return ()


def _check_mids(sections: tuple[Section, ...]) -> None:
    seen: set[str] = set()
    for section in sections:
        if section.mid in seen:
            raise NegotiationError("sdp_invalid", f"m-section {section.index} repeats the mid {section.mid}")
        if section.mid:
            seen.add(section.mid)


def _section(index: int, block: Block, session: Block) -> Section:
    media = cast(Line, block.media)
    found = media.match(_MEDIA, "'kind port protocol formats'")
    kind, protocol, formats = found[1], found[3], tuple(found[4].split())
    rejected = int(found[2]) == 0 and block.first("bundle-only") is None
    is_rtp = kind in ("audio", "video") and protocol.endswith("RTP/SAVPF")
    return Section(
        index=index,
        mid=_mid(block, media, rejected=rejected),
        kind=kind,
        protocol=protocol,
        formats=formats,
        direction=_direction(block, session),
        codecs=parse_codecs_untrusted(block, media, formats) if is_rtp else (),
        extensions=_extensions(block),
        rids=_rids(block),
        ssrcs=_ssrcs(block),
        rtcp_mux=block.first("rtcp-mux") is not None,
        rtcp_reduced_size=block.first("rtcp-rsize") is not None,
        extmap_allow_mixed=_inherited((block, session), "extmap-allow-mixed") is not None,
        rejected=rejected,
    )


def _mid(block: Block, media: Line, *, rejected: bool) -> str:
    line = block.first("mid")
    if line is not None:
        return line.match(_MID, "1 to 16 token characters")[0]
    if not rejected:
        media.fail("the m-section has no a=mid")
    return ""


def _direction(block: Block, session: Block) -> Direction:
    for level in (block, session):
        for direction in _DIRECTIONS:
            if level.first(direction) is not None:
                return direction
    return "sendrecv"


def _extensions(block: Block) -> dict[str, int]:
    lines = block.all("extmap")
    if len(lines) > MAX_EXTENSIONS:
        lines[MAX_EXTENSIONS].fail(f"more than {MAX_EXTENSIONS} header extensions")
    extensions: dict[str, int] = {}
    for line in lines:
        found = line.match(_EXTMAP, "'identifier URI'")
        identifier = int(found[1])
        if not 1 <= identifier <= 255:
            continue  # 4096 and up: more extensions than fit are offered (RFC 8285 section 7)
        if identifier in extensions.values():
            line.fail(f"header extension identifier {identifier} is used twice")
        extensions.setdefault(found[2], identifier)
    return extensions


def _rids(block: Block) -> tuple[str, ...]:
    """What the offerer sends: in the order of a=simulcast, the first of alternatives (RFC 8853 section 5.1)."""
    lines = block.all("rid")
    if len(lines) > MAX_RIDS:
        lines[MAX_RIDS].fail(f"more than {MAX_RIDS} a=rid lines")
    matches = [line.match(_RID, "'name send' or 'name recv'") for line in lines]
    sent = dict.fromkeys(found[1] for found in matches if found[2] == "send")
    simulcast = block.first("simulcast")
    if simulcast is None or (found := _SIMULCAST.fullmatch(simulcast.value)) is None:
        return tuple(sent)
    streams = (stream.split(",")[0].removeprefix("~") for stream in found[1].split(";"))
    return tuple(dict.fromkeys(rid for rid in streams if rid in sent))


def _ssrcs(block: Block) -> tuple[tuple[int, int | None], ...]:
    lines = block.all("ssrc")
    ssrcs = dict.fromkeys(_ssrc(line, line.match(_SSRC, "'ssrc attribute'")[1]) for line in lines)
    if len(ssrcs) > MAX_SSRCS:
        lines[-1].fail(f"more than {MAX_SSRCS} ssrcs in one m-section")
    repairs: dict[int, int] = {}
    secondary: set[int] = set()
    for line in block.all("ssrc-group"):
        found = line.match(_SSRC_GROUP, "'semantics ssrc...'")
        group = [_ssrc(line, text) for text in found[2].split()]
        if found[1] in ("FID", "FEC-FR") and len(group) == 2:
            secondary.add(group[1])
            if found[1] == "FID":
                repairs.setdefault(group[0], group[1])
    return tuple((ssrc, repairs.get(ssrc)) for ssrc in ssrcs if ssrc not in secondary)


def _ssrc(line: Line, text: str) -> int:
    if not 0 < int(text) < 1 << 32:
        line.fail("an ssrc is a number from 1 to 4294967295")
    return int(text)
