# SPDX-License-Identifier: Apache-2.0
"""What the media side needs to know before it starts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Settings of all workers and rooms of one process.

    Each worker takes the next free port out of `first_port` to `last_port`; `first_port=0` lets the kernel choose.
    `announced_addresses` go into answers as ICE candidates, in this order; empty means the addresses of this machine's
    interfaces, and `announce_loopback` adds those that only this machine reaches.
    """

    workers: int = 1
    bind_address: str = "::"
    first_port: int = 50000
    last_port: int = 50100
    announced_addresses: tuple[str, ...] = ()
    announce_loopback: bool = False
    audio_slots: int = 3
    max_participants: int = 50
    video_codecs: tuple[str, ...] = ("VP8", "H264", "VP9", "AV1")

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports to try, in order, one 0 for each worker where the kernel chooses."""
        return tuple(range(self.first_port, self.last_port + 1)) if self.first_port else (0,) * self.workers
