# SPDX-License-Identifier: Apache-2.0
"""Types of the packet path as seen from the trio thread.

Every call returns at once; a worker applies it within a batch.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from podium.core._sockets import supports_segmentation as supports_segmentation
from podium.core._statistics import STATISTICS_DTYPE as STATISTICS_DTYPE

# Kinds of sources and slots.
AUDIO: Final = 0
VIDEO: Final = 1

# Codecs.
CODEC_OPUS: Final = 1
CODEC_VP8: Final = 2
CODEC_VP9: Final = 3
CODEC_H264: Final = 4
CODEC_AV1: Final = 5

# Header extensions.
EXTENSION_MID: Final = 1
EXTENSION_RID: Final = 2
EXTENSION_REPAIRED_RID: Final = 3
EXTENSION_AUDIO_LEVEL: Final = 4
EXTENSION_TRANSPORT_SEQUENCE: Final = 5
EXTENSION_ABSOLUTE_SEND_TIME: Final = 6
EXTENSION_DEPENDENCY_DESCRIPTOR: Final = 7

# Kinds of events.
EVENT_STUN: Final = 1
EVENT_DTLS: Final = 2
EVENT_SOURCE_STARTED: Final = 3
EVENT_SOURCE_STOPPED: Final = 4
EVENT_SLOT_SWITCHED: Final = 5
EVENT_FRAME_SIZE: Final = 6
EVENT_SPEAKER: Final = 7

# Kinds of tap records.
TAP_RTP: Final = 1
TAP_SENDER_REPORT: Final = 2

# SRTP profiles, numbered as in DTLS (RFC 5764, RFC 7714).
PROFILE_AES128_CM_SHA1_80: Final = 0x0001
PROFILE_AEAD_AES_128_GCM: Final = 0x0007

class Event(NamedTuple):
    """Something the worker saw.

    | kind | subject | value | address, data |
    |---|---|---|---|
    | STUN | 0 | 0 | where from, the datagram (its USERNAME begins with a known local ufrag) |
    | DTLS | transport id | 0 | where from, the datagram (from a remote address of that transport) |
    | SOURCE_STARTED | source id | ssrc | packets flow, for the first time or again after a stop |
    | SOURCE_STOPPED | source id | 0 | no packet for two seconds |
    | SLOT_SWITCHED | slot id | source id now seen or heard in it, 0 for nothing | |
    | FRAME_SIZE | source id | width << 16 | height of its last key frame | |
    | SPEAKER | room id | source id of the loudest, 0 for nobody | |
    """

    kind: int
    subject: int
    value: int
    address: tuple[str, int] | None
    data: bytes

class Worker:
    """One thread, one UDP port, the transports on it.

    `run` belongs into a thread of its own; everything else is called from the trio thread.
    """

    def __init__(self, address: str = "::", port: int = 0, *, audio_slots: int = 3) -> None:
        """Bind. Raises OSError when the address cannot be bound. `::` serves IPv4 as well."""
    @property
    def port(self) -> int: ...
    @property
    def event_fd(self) -> int:
        """Readable when `drain` has something to give."""
    def run(self) -> None:
        """Forward until `stop`; holds the GIL only on entry and exit."""
    def stop(self) -> None:
        """Let `run` return soon."""
    def close(self) -> None:
        """Free the port, after `run` has returned. Raises RuntimeError before."""
    def drain(self) -> list[Event]: ...
    def send(self, address: tuple[str, int], datagram: bytes) -> None:
        """Send one datagram from the worker's port (STUN and DTLS replies); lost when the socket is full."""
    def add_room(self) -> Room: ...
    def statistics(self) -> npt.NDArray[np.void]:
        """One row per source and slot; see STATISTICS_DTYPE."""
    def counters(self) -> dict[str, int]:
        """Datagrams and packets received, forwarded and dropped, by reason."""

class Room:
    id: int
    def add_transport(self, *, cname: str = "podium") -> Transport:
        """`cname`: canonical name in our RTCP (RFC 3550 section 6.5.1), at most 32 characters."""
    def close(self) -> None: ...

class Transport:
    """One ICE + DTLS + SRTP association. Configure extensions and payload types before sources and slots."""

    id: int
    def add_ufrag(self, ufrag: str) -> None:
        """Pass up STUN requests for this local username fragment. Several are valid during an ICE restart."""
    def remove_ufrag(self, ufrag: str) -> None: ...
    def add_remote(self, address: tuple[str, int], *, selected: bool) -> None:
        """Accept DTLS, RTP and RTCP from this address; `selected`: send there from now on. At most 8, the oldest go."""
    def set_keys(self, profile: int, receive_key: bytes, send_key: bytes) -> None:
        """SRTP master key + salt of each direction (RFC 5764 section 4.2). Media flows from now on."""
    def set_groups(self, groups: int) -> None:
        """The groups (64 bits) whose restricted sources it may receive; at first none."""
    def set_extension(self, kind: int, identifier: int) -> None: ...
    def set_payload_type(self, payload_type: int, codec: int, clock_rate: int) -> None: ...
    def set_rtx_payload_type(self, payload_type: int, original: int) -> None: ...
    def add_source(
        self,
        kind: int,
        *,
        mid: str = "",
        rid: str = "",
        ssrc: int = 0,
        rtx_ssrc: int = 0,
        nack: bool = False,
        pli: bool = True,
        blocked: bool = False,
    ) -> Source:
        """Expect a stream, known by SSRC where signalled, otherwise by its MID and RID extensions."""
    def add_slot(
        self, kind: int, *, mid: str, ssrc: int, rtx_ssrc: int = 0, payload_types: Mapping[int, tuple[int, int | None]]
    ) -> Slot:
        """An outgoing stream. `payload_types`: codec -> (payload type, RTX payload type or None)."""
    @property
    def last_received(self) -> float:
        """Seconds since the last authenticated packet; infinity before the first."""
    def close(self) -> None: ...

class Source:
    id: int
    closed: bool
    csrc: int
    """Written into audio packets forwarded from this source."""
    def set_blocked(self, blocked: bool) -> None:
        """Nothing of a blocked source is forwarded, from the next batch on."""
    def set_audience(self, groups: int | None) -> None:
        """Let only transports that have one of these 64 groups (bits) receive it; None: everybody. Applied at once.

        Audio is then chosen for each receiver among the voices it may hear.
        """
    def request_key_frame(self) -> None: ...
    def tap(self, capacity: int = 1048576) -> Tap:
        """Copy everything of this source into a ring of `capacity` bytes, a power of two. At most 4 at a time."""
    def close(self) -> None: ...

class TapPacket(NamedTuple):
    """One record of a tap: `kind` is TAP_RTP (a whole plain packet without padding) or TAP_SENDER_REPORT (RTCP).

    `arrival` is in seconds of the monotonic clock.
    """

    kind: int
    arrival: float
    data: bytes

class Tap:
    """What a source sends, in a bounded ring. The trio thread closes it; one thread of the owner's reads."""

    id: int
    def read(self, limit: int = 1000) -> list[TapPacket]:
        """What waits, oldest first, at most `limit`; never waits."""
    def wait(self, timeout: float) -> bool:
        """Sleep, without the GIL, until there is something to read or `timeout` seconds are over; False at the end."""
    @property
    def ended(self) -> bool:
        """The source or the tap was closed, and everything was read."""
    @property
    def records(self) -> int:
        """Records ever written."""
    @property
    def overruns(self) -> int:
        """Records lost because the reader did not keep up."""
    def close(self) -> None:
        """Stop. The reader's thread must have ended or stop reading on its own when `ended`."""

class Slot:
    id: int
    def show(self, source: Source | None) -> None:
        """Video: switch to this source at its next (or cached) key frame; the worker itself fills audio slots."""
    def set_paused(self, paused: bool) -> None: ...
    def close(self) -> None: ...
