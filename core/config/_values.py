# SPDX-License-Identifier: Apache-2.0
"""Value types of settings that plain strings and numbers cannot express.

Each checks itself when made and raises ValueError otherwise, so a value that exists is a valid one. They are strings
in podium.toml and in the environment.
"""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Self

_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_HIGHEST_PORT = 65535


class IpAddress(str):
    """An IPv4 or IPv6 address, as text because that is how sockets and SDP take it."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        ipaddress.ip_address(text)
        return super().__new__(cls, text)


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports from `first` to `last`, both included; 0 to 0 lets the kernel choose."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= _HIGHEST_PORT:
            raise ValueError(f"{self.first}-{self.last} is no range of ports up to {_HIGHEST_PORT}")
        if self.first == 0 and self.last != 0:
            raise ValueError("port 0, which lets the kernel choose, cannot begin a range")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `50000-50100`, `50000` or `0`."""
        match = _PORTS.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no range of ports")
        first, last = match.groups()
        return cls(int(first), int(last or first))

    @property
    def is_ephemeral(self) -> bool:
        """Whether the kernel chooses the ports."""
        return self.first == 0

    @property
    def ports(self) -> range:
        """The ports to try, in order."""
        return range(self.first, self.last + 1)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def toml_value(value: object) -> str:
    """One value as TOML writes it; JSON's strings, numbers, truth values and lists are TOML's too."""
    return json.dumps(value, ensure_ascii=False, default=str)
