# SPDX-License-Identifier: Apache-2.0
"""RTCP packets (RFC 3550, RFC 4585, RFC 5104), for tests and for plugins that look into packets."""

from collections.abc import Sequence
from typing import NamedTuple

class SenderInfoView(NamedTuple):
    """Sender information of a sender report (RFC 3550 section 6.4.1). `ntp`: 32.32 seconds since 1900."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int

class ReportBlockView(NamedTuple):
    """One report block. `jitter` in timestamp units, `delay_since_last_sr` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int

class RtcpView(NamedTuple):
    """One packet of a compound datagram. What its type does not have, or has malformed, is None or empty.

    `subtype` is the five bits behind the version: the number of reports or the kind of feedback.
    `body` is the packet with its header and without padding.
    """

    type: int
    subtype: int
    body: bytes
    sender_info: SenderInfoView | None
    reports: list[ReportBlockView]
    feedback_ssrcs: tuple[int, int] | None
    nack: list[int] | None
    fir: list[int] | None
    bye: list[int] | None

def parse_rtcp(data: bytes | bytearray | memoryview, capacity: int = 1024) -> list[RtcpView] | None:
    """Parse a compound datagram, whoever it is from; None when its framing is malformed.

    `capacity` bounds the lists of numbers (at most 1024).
    """

# The following give None when the packet would be larger than `capacity`.
def build_sender_report(
    info: SenderInfoView, reports: Sequence[ReportBlockView] = (), capacity: int = 1200
) -> bytes | None:
    """A sender report with up to 31 report blocks."""

def build_receiver_report(
    sender_ssrc: int, reports: Sequence[ReportBlockView] = (), capacity: int = 1200
) -> bytes | None:
    """A receiver report with up to 31 report blocks."""

def build_cname(ssrc: int, cname: str, capacity: int = 1200) -> bytes | None:
    """A source description with the canonical name, at most 255 bytes of UTF-8."""

def build_nack(sender_ssrc: int, media_ssrc: int, sequences: Sequence[int], capacity: int = 1200) -> bytes | None:
    """A request to send up to 1024 packets again. None also when there is nothing to ask for."""

def build_pli(sender_ssrc: int, media_ssrc: int, capacity: int = 1200) -> bytes | None:
    """A request for a key frame (RFC 4585 section 6.3.1)."""
