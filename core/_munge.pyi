# SPDX-License-Identifier: Apache-2.0
"""How one slot renumbers what it forwards, for tests and tools; see `_munge.pyx`."""

class SlotNumbers:
    """The numbers that one slot gives out. Sequence numbers going in are extended (they never wrap)."""

    def __init__(self, first_out: int = 1) -> None:
        """`first_out`: the 16-bit number of the first packet."""
    def switch(
        self, source_id: int, first_in: int, in_timestamp: int, out_timestamp: int, picture: int = 0, tl0: int = 0
    ) -> None:
        """From packet `first_in` of this source on, continue; that packet gets `out_timestamp`."""
    def skip(self, sequence: int) -> None:
        """Leave out this packet, the newest so far of the source shown."""
    def forward(
        self, source_id: int, sequence: int, timestamp: int, picture: int = 0, tl0: int = 0
    ) -> tuple[int, int, int, int] | None:
        """(sequence, timestamp, picture id, TL0PICIDX) as sent; None for a packet that must not be sent."""
    def find(self, out_sequence: int) -> tuple[int, int] | None:
        """(source id, sequence) behind a number that was sent; None when it is not remembered."""
