# SPDX-License-Identifier: Apache-2.0
"""The packets of one source, for tests; see `_store.pyx`."""

class Packets:
    """A store of `capacity` descriptions (a power of two) over `memory_size` bytes (a power of two)."""

    def __init__(self, capacity: int = 512, memory_size: int = 262144) -> None: ...
    def put(self, sequence: int, payload: bytes) -> bool:
        """Whether it was stored: not when a newer packet has its place."""
    def get(self, sequence: int) -> bytes | None:
        """The payload, or None when it never came or is gone."""
