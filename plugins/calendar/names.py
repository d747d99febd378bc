# SPDX-License-Identifier: Apache-2.0
"""Text of people in headers and calendars, where most places are one line long.

A line break in a name would begin a header of the sender's choosing, and directional characters let a name pose as an
address. Neither is refused: they are taken out, and the rest, in whatever script, stays.
"""

import re
import unicodedata

LONGEST = 200
"""Characters that are shown."""

_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"_]{1,253}")


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    shown = "".join(" " if _breaks(character) else character for character in text if character not in _BIDIRECTIONAL)
    return " ".join(shown.split())[:LONGEST].strip()


def lines(text: str) -> str:
    """The text with its line breaks, and without other control characters."""
    return "\n".join(
        "".join(" " if _breaks(character) else character for character in line) for line in text.splitlines()
    ).strip()


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character.isspace()


def is_address(email: str) -> bool:
    """Whether mail can be addressed to it: one `@`, nothing that ends the address or a header."""
    return email.isprintable() and _ADDRESS.fullmatch(email) is not None


def normal(email: str) -> str:
    """The spelling to compare by: as written in calendars, without regard to case."""
    local, at, domain = email.strip().casefold().rpartition("@")
    return f"{local}{at}{_ascii(domain)}"


def with_ascii_domain(email: str) -> str:
    """The address as mail servers and calendars want it; as it is where the domain is none."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{_ascii(domain)}"


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain
