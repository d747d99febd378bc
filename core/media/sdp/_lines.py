# SPDX-License-Identifier: Apache-2.0
"""SDP text cut into lines that know their number (RFC 8866 section 5), within limits on everything.

Nothing is interpreted here beyond `x=` and `a=name:value`. The limits are far above what browsers write (Chromium's 15
sections take 59 kB) and keep the work for a hostile offer small.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NoReturn

from podium.core.media.sdp._model import NegotiationError

MAX_SIZE: Final = 256 * 1024
MAX_SECTIONS: Final = 200
MAX_LINES_PER_BLOCK: Final = 1000
_SHOWN: Final = 60

_LINE: Final = re.compile(r"([a-z])=([^\x00-\x08\x0a-\x1f\x7f]*)")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z0-9._-]+)(?::(.*))?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: letter and content, or for an attribute `a=name` and what follows the colon."""

    number: int
    name: str
    value: str

    def fail(self, message: str) -> NoReturn:
        """Refuse the offer because of this line."""
        raise NegotiationError("sdp_invalid", f"line {self.number} of the offer: {message}")

    def match(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        """The value matched as a whole; `expected` tells people what it should have looked like."""
        found = pattern.fullmatch(self.value)
        if found is None:
            self.fail(f"{self.name} must be {expected}, not {shown(self.value)}")
        return found


@dataclass(frozen=True, slots=True)
class Block:
    """The session part or one m-section: its m= line (None for the session) and its attributes by name."""

    media: Line | None
    attributes: dict[str, list[Line]]

    def all(self, name: str) -> list[Line]:
        """Every line of that attribute, in order."""
        return self.attributes.get(name, [])

    def first(self, name: str) -> Line | None:
        """The first line of that attribute."""
        return self.attributes[name][0] if name in self.attributes else None


def shown(value: str) -> str:
    """Foreign text made safe and short for a message."""
    return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def split_blocks(sdp: str) -> list[Block]:
    """The session block, then one block for each m-section."""
    if len(sdp) > MAX_SIZE:
        raise NegotiationError("sdp_invalid", f"the offer has {len(sdp)} characters; at most {MAX_SIZE} are read")
    lines = list(_lines(sdp))
    if not lines or (lines[0].name, lines[0].value) != ("v", "0"):
        raise NegotiationError("sdp_invalid", "the offer does not begin with v=0")
    starts = [index for index, line in enumerate(lines) if line.name == "m"]
    if len(starts) > MAX_SECTIONS:
        lines[starts[MAX_SECTIONS]].fail(f"more than {MAX_SECTIONS} m-sections")
    bounds = [0, *starts, len(lines)]
    return [_block(lines[start:end]) for start, end in pairwise(bounds)]


def _lines(sdp: str) -> Iterable[Line]:
    for number, text in enumerate(sdp.split("\n"), start=1):
        text = text.removesuffix("\r")
        if not text:
            continue
        found = _LINE.fullmatch(text)
        if found is None:
            raise NegotiationError("sdp_invalid", f"line {number} of the offer is not a line of SDP: {shown(text)}")
        yield Line(number, found[1], found[2])


def _block(lines: list[Line]) -> Block:
    if len(lines) > MAX_LINES_PER_BLOCK:
        lines[MAX_LINES_PER_BLOCK].fail(f"more than {MAX_LINES_PER_BLOCK} lines in one section")
    attributes: dict[str, list[Line]] = {}
    for line in lines:
        if line.name == "a" and (found := _ATTRIBUTE.fullmatch(line.value)) is not None:
            attributes.setdefault(found[1], []).append(Line(line.number, f"a={found[1]}", found[2] or ""))
    return Block(lines[0] if lines and lines[0].name == "m" else None, attributes)
