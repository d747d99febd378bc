# SPDX-License-Identifier: Apache-2.0
"""The payload types of one m-section: rtpmap, fmtp, rtcp-fb and the RTX formats folded into what they repair."""

import re
from typing import Final

from podium.core.media.sdp._lines import Block, Line, shown
from podium.core.media.sdp._model import OfferedCodec

MAX_PARAMETERS: Final = 32
_RTPMAP: Final = re.compile(r"([0-9]{1,3}) +([A-Za-z0-9._-]{1,32})/([0-9]{1,6})(?:/([0-9]{1,2}))? *")
_FMTP: Final = re.compile(r"([0-9]{1,3}) +(.+)")
_FEEDBACK: Final = re.compile(r"([0-9]{1,3}|\*) +([A-Za-z0-9._-][A-Za-z0-9 ._-]{0,63})")
_PAYLOAD_TYPE: Final = re.compile(r"[0-9]{1,3}")


def parse_codecs_untrusted(block: Block, media: Line, formats: tuple[str, ...]) -> tuple[OfferedCodec, ...]:
    """The mapped payload types in the order of the m= line. Static payload types without rtpmap are passed over."""
    payload_types = _payload_types(media, formats)
    mapped = _mappings(block)
    parameters = _parameters(block)
    feedback = _feedback(block)
    repairs: dict[int, int] = {}
    for payload_type in payload_types:
        apt = parameters.get(payload_type, {}).get("apt", "")
        if payload_type in mapped and mapped[payload_type][0].lower() == "rtx" and _PAYLOAD_TYPE.fullmatch(apt):
            repairs.setdefault(int(apt), payload_type)
    return tuple(
        OfferedCodec(
            payload_type,
            *mapped[payload_type],
            fmtp=parameters.get(payload_type, {}),
            feedback=frozenset(feedback.get(str(payload_type), ())) | frozenset(feedback.get("*", ())),
            rtx_payload_type=repairs.get(payload_type),
        )
        for payload_type in payload_types
        if payload_type in mapped and mapped[payload_type][0].lower() != "rtx"
    )


def _payload_types(media: Line, formats: tuple[str, ...]) -> list[int]:
    payload_types = [int(text) if _PAYLOAD_TYPE.fullmatch(text) else -1 for text in formats]
    if not all(0 <= payload_type <= 127 for payload_type in payload_types):
        media.fail(f"payload types must be numbers from 0 to 127, not {shown(' '.join(formats))}")
    if len(set(payload_types)) != len(payload_types):
        media.fail("a payload type is listed twice")
    return payload_types


def _mappings(block: Block) -> dict[int, tuple[str, int, int]]:
    """Payload type -> (name, clock rate, channels)."""
    mapped: dict[int, tuple[str, int, int]] = {}
    for line in block.all("rtpmap"):
        found = line.match(_RTPMAP, "'payload-type name/clock-rate'")
        if int(found[1]) in mapped:
            line.fail(f"payload type {int(found[1])} is mapped twice")
        mapped[int(found[1])] = (found[2], int(found[3]), int(found[4] or 1))
    return mapped


def _parameters(block: Block) -> dict[int, dict[str, str]]:
    parameters: dict[int, dict[str, str]] = {}
    for line in block.all("fmtp"):
        found = line.match(_FMTP, "'payload-type parameters'")
        items = found[2].split(";", MAX_PARAMETERS)
        if len(items) > MAX_PARAMETERS:
            line.fail(f"more than {MAX_PARAMETERS} parameters")
        pairs = (item.partition("=") for item in items)
        parameters[int(found[1])] = {key.strip().lower(): value.strip() for key, _, value in pairs if key.strip()}
    return parameters


def _feedback(block: Block) -> dict[str, set[str]]:
    feedback: dict[str, set[str]] = {}
    for line in block.all("rtcp-fb"):
        found = line.match(_FEEDBACK, "'payload-type feedback'")
        key = found[1] if found[1] == "*" else str(int(found[1]))
        feedback.setdefault(key, set()).add(" ".join(found[2].lower().split()))
    return feedback
