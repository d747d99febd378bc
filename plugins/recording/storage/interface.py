# SPDX-License-Identifier: Apache-2.0
"""What every storage can do, how it fails, and which names objects have."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import msgspec

LONGEST_NAME = 900
"""Bytes; Google takes 1024, and a prefix and names made from this one have to fit too."""
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=@+-]{0,199}")


class Stored(msgspec.Struct, frozen=True):
    """One object, as the storage has it."""

    name: str
    size: int
    crc32c: int


class StorageError(Exception):
    """The storage did not do it. With `retry` the same call may succeed later, without it somebody has to act first."""

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry = retry


class Storage(Protocol):
    """A storage. Methods raise StorageError, also for names that no object can have."""

    def put(self, name: str, file: Path, content_type: str) -> Stored:
        """Store a file. The object appears whole or not at all, and replaces one of that name.

        Costs next to nothing when the object is there with the same content. May keep its progress beside `file`.
        """

    def join(self, parts: Sequence[str], target: str, content_type: str) -> Stored:
        """Make one object of several, in this order, without fetching them. The parts stay."""

    def stat(self, name: str) -> Stored | None:
        """The object, None when there is none."""

    def delete(self, name: str) -> None:
        """No object of that name any more, whether there was one or not."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects whose names begin so, by name."""

    def read(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in pieces of at most a megabyte."""

    def link(self, name: str, lifetime: timedelta, filename: str | None = None) -> str | None:
        """A link to the object for everybody who has it, for so long; None when the storage has no such links."""


def check_name(name: str) -> str:
    """The name, when objects can have it. Raises StorageError `name_invalid`."""
    if len(name) > LONGEST_NAME or not all(_SEGMENT.fullmatch(segment) for segment in name.split("/")):
        what = "segments of letters, digits and ._=@+- joined by /, none longer than 200 and none beginning with a dot"
        raise StorageError("name_invalid", f"the name of an object is made of {what}, not {name!r:.100}")
    return name
