# SPDX-License-Identifier: Apache-2.0
"""A reader of big-endian fields that raises MalformedError instead of reading beyond the end."""


class MalformedError(Exception):
    """The bytes are not what their format demands."""


def demand(condition: bool) -> None:
    if not condition:
        raise MalformedError


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        demand(0 <= size <= self.left)
        self.position += size
        return self.data[self.position - size : self.position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def bits(self, size: int, *widths: int) -> list[int]:
        """`size` bytes as fields of these widths, which must fill them."""
        assert sum(widths) == 8 * size
        digits = f"{self.number(size):0{8 * size}b}"
        fields = []
        for width in widths:
            fields.append(int(digits[:width], 2))
            digits = digits[width:]
        return fields
